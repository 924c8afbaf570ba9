# SPDX-License-Identifier: Apache-2.0
# What is run again, and what is not.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS source
COPY src /src
FROM base AS left
ARG WORD=one
RUN echo left >/left
RUN echo "$WORD" >/word
FROM source AS right
RUN cat /src/a /src/sub/b >/both
FROM base
COPY --from=left /left /word /out/
COPY --from=right /both /out/
RUN cat /out/*
END
mkdir -p "$CONTEXT/src/sub"
echo a >"$CONTEXT/src/a"
echo b >"$CONTEXT/src/sub/b"

echo "a build runs every step once"
build -t app "$CONTEXT"
expect "steps that ran" 7 "$(count DONE)"

echo "the same again runs none"
build -t app "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"
expect "steps that were found" 8 "$(count CACHED)"

echo "times of files do not count"
touch -d '2001-02-03' "$CONTEXT/src/a" "$CONTEXT/src"
build "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"

echo "a changed line runs what depends on it"
echo changed >"$CONTEXT/src/a"
build "$CONTEXT"
expect "COPY src" DONE "$(step 'COPY src /src')"
expect "RUN cat" DONE "$(step 'RUN cat /src/a')"
expect "COPY of another stage" CACHED "$(step 'COPY --from=left')"
expect "COPY of this stage" DONE "$(step 'COPY --from=right')"
expect "steps that ran" 4 "$(count DONE)"

echo "a file back as it was is known"
echo a >"$CONTEXT/src/a"
build "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"

echo "a change that comes to nothing stops where it does"
cat >>"$CONTEXT/src/sub/b" <<'END'
END
chmod 600 "$CONTEXT/src/a"
build "$CONTEXT"
expect "COPY src" DONE "$(step 'COPY src /src')"
expect "RUN cat" DONE "$(step 'RUN cat /src/a')"
expect "COPY of the same file" CACHED "$(step 'COPY --from=right')"
chmod 644 "$CONTEXT/src/a"

echo "a stage that is done anew with the same result keeps all that builds on it"
cat >"$CONTEXT/again" <<'END'
FROM base AS again
RUN mkdir /d && echo same >/d/file
FROM again
RUN cat /d/file >/copy
FROM base
COPY --from=again /d /d
RUN cat /d/file
COPY --from=1 /copy /
END
build -f "$CONTEXT/again" "$CONTEXT"
build -f "$CONTEXT/again" --no-cache-filter again "$CONTEXT"
expect "the stage" DONE "$(step 'RUN mkdir /d')"
expect "steps that ran" 1 "$(count DONE)"

echo "an ARG counts from its first use"
build --build-arg WORD=two "$CONTEXT"
expect "RUN after ARG" DONE "$(step 'RUN echo left')"
expect "RUN that uses it" DONE "$(step 'RUN echo "two"')"
expect "the other stage" CACHED "$(step 'RUN cat /src/a')"

echo "--no-cache runs everything, --no-cache-filter a stage"
build --no-cache "$CONTEXT"
expect "steps that ran" 7 "$(count DONE)"
build --no-cache-filter right "$CONTEXT"
expect "RUN of the stage" DONE "$(step 'RUN cat /src/a')"
expect "RUN of another" CACHED "$(step 'RUN echo left')"

echo "two builds at once run each step once"
cat >"$CONTEXT/twice" <<'END'
FROM base
RUN --mount=type=cache,target=/c sleep 1; echo x >>/c/count; cat /c/count
RUN echo 2
END
varve build -f "$CONTEXT/twice" "$CONTEXT" >"$TEST_TMP/first" 2>&1 &
first=$!
build -f "$CONTEXT/twice" "$CONTEXT"
wait $first || fail "the first build: $(cat "$TEST_TMP/first")"
cat "$TEST_TMP/first" >>"$LOG"
ran=$(grep -c '^#[0-9]* DONE' "$LOG")
cached=$(grep -c '^#[0-9]* CACHED' "$LOG")
expect "steps that were found, of both" 4 "$cached"
echo "$ran went, $cached were found"
