FROM alpine
RUN <<-EOF
	a
		b
 c
		EOF
COPY <<-EOF /x
	a
		b
 c
	EOF
