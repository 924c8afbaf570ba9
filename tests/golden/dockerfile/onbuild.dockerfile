FROM alpine
ONBUILD   run  --mount=type=cache,target=/x   make \
  all
ONBUILD RUN <<EOF
x
EOF
ONBUILD COPY ["a", "b c"]
onbuild env a b c
ONBUILD CMD [ "x" ]
