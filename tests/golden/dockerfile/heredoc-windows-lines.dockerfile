FROM alpine
RUN <<EOF
a
EOF
RUN b \
  c
