FROM alpine
\
\
  RUN --network=host a
