FROM alpine
VOLUME ["", "/a"]
