FROM alpine
COPY <<EOF it's
EOF
