FROM alpine
RUN --security=fake true
