FROM alpine
HEALTHCHECK connect tcp 7000
