# SPDX-License-Identifier: Apache-2.0
# Files of a base that cannot be read: the step sees an error, and the user reads of which file and
# object, and what to do.
. "$CASE_LIB"
. "$BUILD_LIB"
mkdir "$ROOT/data"
head -c 200000 /dev/urandom >"$ROOT/data/large"
make_base

# refuse TEXT: the build fails, and says this in the output of the step
refuse() {
	status=0
	varve build "$CONTEXT" >"$LOG" 2>&1 || status=$?
	expect "status" 1 $status
	grep -q '^#[0-9]* [0-9.]* .*Input/output error' "$LOG" ||
		fail "the step saw no error: $(cat "$LOG")"
	grep -qE -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}

echo "a large file that was cut short"
large=$(sha256sum "$ROOT/data/large" | cut -d ' ' -f 1)
blob=$VARVE_STORE/objects/$(echo "$large" | sed 's/^../&\//')
cp "$blob" "$TEST_TMP/sound"
rm -f "$blob"
head -c 1000 "$TEST_TMP/sound" >"$blob"
cat >"$CONTEXT/Dockerfile" <<'EOF'
FROM base
RUN cat /data/large >/dev/null; cat /data/large >/copy || exit 3
EOF
refuse "^#[0-9]+ [0-9.]+ varve: \"/data/large\": object $large has lost bytes; 'varve fsck --repair'"
expect "times that it says so" 1 "$(grep -c "^#.* varve: .*object $large" "$LOG")"

echo "one that is gone"
rm -f "$blob"
refuse "^#[0-9]+ [0-9.]+ varve: \"/data/large\": object $large is not in the store"

echo "who looks at it in a shell reads the same"
status=0
varve shell base -- cat /data/large >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
grep -q 'Input/output error' "$LOG" || fail "$(cat "$LOG")"
grep -q "^varve: warning: \"/data/large\": object $large is not in the store" "$LOG" ||
	fail "not told: $(cat "$LOG")"
varve shell base -- true >"$LOG" 2>&1
! grep -q "$large" "$LOG" || fail "told where nothing failed: $(cat "$LOG")"

echo "one that the disk cannot read, and a program that does not care"
mkdir "$blob"
cat >"$CONTEXT/Dockerfile" <<'EOF'
FROM base
RUN cat /data/large >/dev/null || true; cat /data/large; false
EOF
refuse "^#[0-9]+ [0-9.]+ varve: \"/data/large\": .* is no file"
status=0
printf 'FROM base\nRUN cat /data/large >/copy || true\n' >"$CONTEXT/Dockerfile"
varve build "$CONTEXT" >"$LOG" 2>&1 || status=$?
[ $status -ne 0 ] || fail "what was made without the file was kept"
grep -q 'what was made is not kept, as files could not be read: "/data/large": ' "$LOG" ||
	fail "it says: $(cat "$LOG")"
rmdir "$blob"
cp "$TEST_TMP/sound" "$blob"
cat >"$CONTEXT/Dockerfile" <<'EOF'
FROM base
RUN cat /data/large >/dev/null
EOF
build "$CONTEXT"

echo "a failing step of a sound store has nothing to say of it"
printf 'FROM base\nRUN cat /missing || cat /dev/fd/9; exit 4\n' >"$CONTEXT/Dockerfile"
status=0
varve build "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
expect "words of the filesystem" "" "$(grep '^#.* varve: ' "$LOG" || true)"
