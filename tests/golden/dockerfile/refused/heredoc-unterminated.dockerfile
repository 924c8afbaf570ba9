FROM alpine
RUN <<A <<B
A
x
