FROM alpine
ONBUILD from scratch
