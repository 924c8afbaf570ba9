FROM alpine
# check=skip=JSONArgsRecommended
# something else
CMD a
