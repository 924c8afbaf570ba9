from alpine AS A
RuN echo  a   b 
  WORKDIR /x y
