FROM alpine
RUN <<End-of-Script
a $b
End-of-Script
RUN <<"EOF"
a $b
EOF
RUN <<E'O'F
EOF
RUN 3<<EOF
EOF
RUN << EOF cat
x
EOF
RUN <<'a b'
x
a b
