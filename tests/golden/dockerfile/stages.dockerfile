ARG base=alpine
FROM $base AS Build.One
RUN a
from build.one as two
COPY --from=0 a b
FROM scratch
