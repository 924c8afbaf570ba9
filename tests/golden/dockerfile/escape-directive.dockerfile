# escape = `
# syntax=docker/dockerfile:1
# check=skip=JSONArgsRecommended;error=true
# unknown=ends the block
# escape=\
FROM windows
RUN dir C:\ `
  && dir
COPY C:\a\ b\
ENV a=b` c d="e` f"
