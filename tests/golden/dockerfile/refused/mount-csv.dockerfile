FROM alpine
RUN --mount=type=bind,a\"b true
