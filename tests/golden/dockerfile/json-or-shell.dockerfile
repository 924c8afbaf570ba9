FROM alpine
RUN ["a", "b\u00e9\ud83d\ude00\n"]
RUN ['a']
RUN [ -f x ] && y
RUN ["a", ]
RUN ["a"] b
CMD []
ENTRYPOINT  [ "a" ,	"b c" ]  
COPY ["a b", "c"]
COPY ["a b", "c"
VOLUME ["/a", " /b "]
SHELL ["/bin/bash", "-c"]
