
	FROM alpine	
  RUN a b  
ENV a=b c=d
