FROM alpine
COPY <<a <<b x /dir/
one
a
two
b
RUN <<A cat <<B > x
a
A
b
B
ADD --chmod=755 <<'x.sh' /
#!/bin/sh
x.sh
