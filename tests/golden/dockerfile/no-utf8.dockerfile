FROM alpine
ENV café="ÿþ x" y=â˜ƒ
RUN echo é
