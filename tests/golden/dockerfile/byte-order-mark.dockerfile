# syntax=docker/dockerfile:1.7 and more
FROM scratch
