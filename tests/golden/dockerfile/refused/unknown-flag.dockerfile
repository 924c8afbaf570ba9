FROM alpine
RUN --network=none \
  --mont=type=tmpfs,target=/x \
  true
