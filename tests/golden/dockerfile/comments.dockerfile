# first words
#
# kept for the stage
  # indented

FROM alpine AS base
# base is not documented here
RUN a \
# between lines
  # indented between lines
  b
# at the end
