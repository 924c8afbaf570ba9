# SPDX-License-Identifier: Apache-2.0
# A build that needs a step which another one is doing follows it.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=cache,id=gate,target=/g \
	echo first words; echo louder >&2; until test -e /g/open; do sleep 0.05; done; echo last words
END
printf 'FROM base\nRUN --mount=type=cache,id=gate,target=/g touch /g/open\n' >"$CONTEXT/open"
printf 'FROM base\nRUN --mount=type=cache,id=gate,target=/g rm -f /g/open\n' >"$CONTEXT/close"
one=$TEST_TMP/one
two=$TEST_TMP/two
# said FILE PATTERN
said() {
	grep -q -- "$2" "$1" 2>/dev/null
}
# both: two builds of it, the second behind the first words of the first
both() {
	: >"$one"
	: >"$two"
	"$VARVE" build --no-cache-filter none "$CONTEXT" >"$one" 2>&1 &
	first=$!
	wait_for 20 said "$one" '^#[0-9]* [0-9.]* first words$'
	"$VARVE" build "$CONTEXT" >"$two" 2>&1 &
	second=$!
	wait_for 20 said "$two" '^#[0-9]* [0-9.]* first words$'
}

echo "it says whom it waits for, and shows what that one prints, at once"
both
said "$two" '^#[0-9]* attached to build [0-9a-z]\{12\}, which is doing this step$' ||
	fail "$(cat "$two")"
id=$(sed -n 's/.*attached to build \([0-9a-z]*\),.*/\1/p' "$two" | head -n 1)
wait_for 20 said "$two" '^#[0-9]* [0-9.]* louder$'
! said "$two" '^#[0-9]* [0-9.]* last words$' || fail "too early: $(cat "$two")"
build -f "$CONTEXT/open" "$CONTEXT"
wait $first || fail "the first: $(cat "$one")"
wait $second || fail "the second: $(cat "$two")"
expect "last words of the second" 1 "$(grep -c '^#[0-9]* [0-9.]* last words$' "$two")"
cp "$one" "$LOG"
expect "the step of the first" DONE "$(step 'RUN --mount')"
cp "$two" "$LOG"
expect "the step of the second" CACHED "$(step 'RUN --mount')"
varve history --format json | grep -q "\"id\":\"$id\"" || fail "no build $id"
expect "files of keys left" "" "$(ls "$VARVE_STORE/run/keys")"

echo "when that one dies it does the step itself"
echo '# 2' >>"$CONTEXT/Dockerfile"
sed -i 's/last words/the last words/' "$CONTEXT/Dockerfile"
build -f "$CONTEXT/close" "$CONTEXT"
both
kill -KILL $first
wait $first 2>/dev/null || true
twice() {
	[ "$(grep -c '^#[0-9]* [0-9.]* first words$' "$two")" = 2 ]
}
wait_for 20 twice
build -f "$CONTEXT/open" --no-cache "$CONTEXT"
wait $second || fail "the second: $(cat "$two")"
cp "$two" "$LOG"
expect "the step" DONE "$(step 'RUN --mount')"

echo "when the step fails there it is tried here"
sed -i 's/echo the last words/exit 3/' "$CONTEXT/Dockerfile"
build -f "$CONTEXT/close" --no-cache "$CONTEXT"
both
build -f "$CONTEXT/open" --no-cache "$CONTEXT"
status=0
wait $first || status=$?
expect "status of the first" 1 $status
status=0
wait $second || status=$?
expect "status of the second" 1 $status
expect "how often the second showed it" 2 "$(grep -c '^#[0-9]* [0-9.]* first words$' "$two" || true)"

echo "equal steps of one build are done and shown once"
printf 'FROM base AS a\nRUN echo the same; sleep 0.5\nFROM base AS b\nRUN echo the same; sleep 0.5\n' \
	>"$CONTEXT/equal"
build --target a,b -f "$CONTEXT/equal" "$CONTEXT"
expect "how often it is shown" 1 "$(grep -c '^#[0-9]* [0-9.]* the same$' "$LOG")"

echo "with --replay, steps that are found say what they said"
build "--target=a,b" -f "$CONTEXT/equal" "$CONTEXT"
! said "$LOG" '^#[0-9]* [0-9.]* the same$' || fail "replayed without being asked to"
build --replay --target a -f "$CONTEXT/equal" "$CONTEXT"
expect "how often it is shown" 1 "$(grep -c '^#[0-9]* [0-9.]* the same$' "$LOG")"
expect "the step" CACHED "$(step 'RUN echo the same')"
rm -r "$VARVE_STORE/journal"
build --replay --target a -f "$CONTEXT/equal" "$CONTEXT"
wait_for 10 alone
