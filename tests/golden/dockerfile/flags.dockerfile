FROM --platform=linux/arm64 alpine AS x
COPY "--from=a b" --chown=1:2 --chmod=u=rwX,go=rX --link --parents=false --exclude=*.o --exclude=b/** a b c/
COPY --link=true \
  --from=x\ y -- --a b
RUN --mount=type=bind,\"source=a,b\",target=/c --network=none --security=insecure --device=vendor.com/x=all --device=name=y,required make --jobs
ADD --keep-git-dir=true --checksum=sha256:00 --unpack=false --link --chmod=644 --chown=a --exclude=x https://example.com/x.git /y
