FROM alpine
RUN --device=a=1,name=b true
