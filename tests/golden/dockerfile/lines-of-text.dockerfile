FROM alpine
USER  a b : c 
WORKDIR  /a b
STOPSIGNAL --x SIGTERM
MAINTAINER A. Person <a@example.com>
VOLUME /a   /b
