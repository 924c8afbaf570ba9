# SPDX-License-Identifier: Apache-2.0
# Seeing to caches: varve cache ls, mount, diff, rollback, rm.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

for n in 1 2 3; do
	printf 'FROM base\nRUN --mount=type=cache,id=a@b,target=/c echo %s >/c/file%s; echo %s >/c/last\n' \
		$n $n $n >"$CONTEXT/Dockerfile"
	build "$CONTEXT"
done

echo "ls lists versions, newest first"
expect "versions" "3 2 1" "$(varve cache ls | awk '$1 == "a@b" { print $2 }' | tr '\n' ' ' | sed 's/ $//')"
varve cache ls --format json a@b | head -n 1 | grep -q '"id":"a@b","version":3,.*"newest":true' ||
	fail "as JSON: $(varve cache ls --format json)"
expect "of another one" 1 "$(varve cache ls other | wc -l | tr -d ' ')"

echo "each can be mounted"
varve cache mount a@b@1 "$AT"
expect "the first" "1 file1 last" "$(cat "$AT/last") $(ls "$AT" | tr '\n' ' ' | sed 's/ $//')"
varve umount "$AT"
varve cache mount a@b "$AT"
expect "the newest" 3 "$(cat "$AT/last")"
varve umount "$AT"

echo "diff compares"
expect "with the one before" "A /file3
M /last" "$(varve cache diff a@b | sort)"
expect "any two" "D /file2
D /file3
M /last" "$(varve cache diff a@b@3 a@b@1 | sort)"
expect "the first" "A /file1
A /last" "$(varve cache diff a@b@1 | sort)"

echo "rollback makes an old version the newest"
expect "what it says" "version 4 is what version 2 was" "$(varve cache rollback a@b)"
printf 'FROM base\nRUN --mount=type=cache,id=a@b,target=/c cat /c/last >/seen; echo %s >/c/last\n' 5 \
	>"$CONTEXT/Dockerfile"
build "$CONTEXT"
expect "what a step sees" 2 "$(varve cat last:/seen)"
varve cache rollback a@b@1 >/dev/null
varve cache mount a@b "$AT"
expect "the newest" 1 "$(cat "$AT/last")"
varve umount "$AT"

echo "what is in use stays"
printf 'FROM base\nRUN --mount=type=cache,id=a@b,target=/c echo in use; until test -e /c/go; do sleep 0.05; done\n' \
	>"$CONTEXT/busy"
varve build -f "$CONTEXT/busy" "$CONTEXT" >"$TEST_TMP/busy" 2>&1 &
pid=$!
wait_for 10 grep -q "^#[0-9]* [0-9.]* in use" "$TEST_TMP/busy"
expect "status of rm" 125 "$(code varve cache rm a@b 2>"$TEST_TMP/error")"
grep -q "in use by build" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "status of rollback" 125 "$(code varve cache rollback a@b 2>/dev/null)"
printf 'FROM base\nRUN --mount=type=cache,id=a@b,target=/c : >/c/go\n' >"$CONTEXT/go"
build -f "$CONTEXT/go" "$CONTEXT"
wait $pid || fail "$(cat "$TEST_TMP/busy")"

echo "rm removes a version, or all"
number=$(varve cache ls --format json a@b | tail -n 1 | sed 's/.*"version":\([0-9]*\).*/\1/')
varve cache rm "a@b@$number"
expect "status of it" 125 "$(code varve cache diff "a@b@$number" 2>/dev/null)"
varve cache rm a@b
expect "lines" 1 "$(varve cache ls | wc -l | tr -d ' ')"
expect "status of what is gone" 125 "$(code varve cache rm a@b 2>"$TEST_TMP/error")"
grep -q "no cache 'a@b'" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
build "$CONTEXT"
