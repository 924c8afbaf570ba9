FROM alpine
workdr /x
