# version is global
ARG version=1
ARG a b= c="d e" f=${version:-x}
FROM alpine:$version
# a names one thing
# b names another
ARG a b
ARG --ignored c
