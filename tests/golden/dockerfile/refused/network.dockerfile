FROM alpine
RUN --network=fake true
