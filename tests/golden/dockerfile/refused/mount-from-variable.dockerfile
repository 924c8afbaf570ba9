ARG a
FROM alpine
RUN --mount=target=/x --mount=type=cache,from=$a,target=/y true
