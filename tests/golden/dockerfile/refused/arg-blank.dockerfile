ARG =b
FROM alpine
