# SPDX-License-Identifier: Apache-2.0
# Why a step was done anew: varve explain.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

echo one >"$CONTEXT/file"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
ARG FLAVOR=sweet
RUN echo $FLAVOR >/flavor
COPY file /file
RUN cat /file
END
build "$CONTEXT"

echo "the keys and their parts"
varve explain last@stage-0:2 >"$TEST_TMP/out"
grep -q "command  .*echo \$FLAVOR" "$TEST_TMP/out" || fail "no command: $(cat "$TEST_TMP/out")"
grep -q "env FLAVOR  *sweet" "$TEST_TMP/out" || fail "no variable: $(cat "$TEST_TMP/out")"
! grep -q "differ" "$TEST_TMP/out" || fail "compared with nothing: $(cat "$TEST_TMP/out")"

echo "another variable"
build --build-arg FLAVOR=sour "$CONTEXT"
varve explain last@stage-0:2 >"$TEST_TMP/out"
expect "what differs" "  env FLAVOR
    - sweet
    + sour" "$(sed '1,/differ/d' "$TEST_TMP/out")"
varve explain last@stage-0:3 | sed '1,/differ/d' | head -n 1 | grep -q "step before" ||
	fail "the next one: $(varve explain last@stage-0:3)"

echo "another file"
echo two >"$CONTEXT/file"
build --build-arg FLAVOR=sour "$CONTEXT"
varve explain last@stage-0:3 | sed '1,/differ/d' >"$TEST_TMP/out"
expect "names of what differs" "  files" "$(grep '^  [a-z]' "$TEST_TMP/out")"
varve explain --format json last@stage-0:3 | grep -q '"changes":\[{"name":"files","before":"[0-9a-f]*","after":"[0-9a-f]*"}\],"files":\[{"path":"/file","change":"content"}\]}' ||
	fail "as JSON: $(varve explain --format json last@stage-0:3)"

echo "the files behind a digest are named, with what of them counts"
mkdir -p "$CONTEXT/src/deep"
echo a >"$CONTEXT/src/a"
echo b >"$CONTEXT/src/deep/b"
echo c >"$CONTEXT/src/c"
printf 'FROM base\nRUN echo 1 >/else\nCOPY src /dest\n' >"$CONTEXT/copy"
build -f "$CONTEXT/copy" "$CONTEXT"
echo changed >"$CONTEXT/src/deep/b"
chmod 600 "$CONTEXT/src/a"
rm "$CONTEXT/src/c"
echo d >"$CONTEXT/src/d"
printf 'FROM base\nRUN echo 2 >/else\nCOPY src /dest\n' >"$CONTEXT/copy"
build -f "$CONTEXT/copy" "$CONTEXT"
varve explain last@stage-0:3 | sed '1,/differ/d' >"$TEST_TMP/out"
expect "files" "    /dest/a: mode 644 to 600
    /dest/c: gone
    /dest/d: added
    /dest/deep/b: content" "$(grep '^    /' "$TEST_TMP/out")"

echo "of what no step has made"
expect "status" 125 "$(code varve explain base 2>"$TEST_TMP/error")"
grep -q "no step has made it" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
