FROM alpine
RUN <<End-of-Script
  cat <<"EOF"
# no comment
  RUN \
EOF
End-of-Script
RUN b
