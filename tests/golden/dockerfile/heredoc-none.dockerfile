FROM alpine
RUN cat <<<EOF
RUN cat<<EOF
RUN "<<EOF"
RUN ["<<EOF"]
COPY ["<<EOF", "/x"]
RUN echo it's <<EOF
RUN echo $((1<<2)) < x
CMD <<EOF
