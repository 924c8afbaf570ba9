# 1
# 2
# 3
FROM alpine
COPY a \
  b \
  <<EOF
x
EOF
# 10
# 11
# 12
