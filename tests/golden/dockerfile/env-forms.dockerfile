FROM alpine
ENV a b  c 
ENV a=b c="d e" f=g\ h i='j "k' l=
ENV a	=b
LABEL "a b"="c d" e=f\
  g=h \
  i=j
ENV a "b" c=d
