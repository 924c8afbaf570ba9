#!/usr/bin/env docker
# syntax=docker/dockerfile:1
# escape=`
FROM alpine
RUN b \
  c
