# SPDX-License-Identifier: Apache-2.0
# What steps have printed, kept beside their states.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
RUN echo out; echo err >&2; sleep 0.2; printf 'no newline'
RUN i=0; while [ $i -lt 20000 ]; do echo "line $i of many"; i=$((i + 1)); done
WORKDIR /work
RUN true
FROM build
RUN echo last >/last; echo said last
END
build -t app "$CONTEXT"

echo "the output of a step is there as it was printed"
expect "of step 2" "err no newline out" \
	"$(varve log last@build:2 | sed 's/out$/out\n/' | sort | tr '\n' ' ' | sed 's/^ *//; s/ $//')"
expect "its standard error" err "$(varve log --stream stderr last@build:2)"
varve log last@build:3 >"$TEST_TMP/long"
expect "lines of step 3" 20000 "$(wc -l <"$TEST_TMP/long" | tr -d ' ')"
expect "its last line" "line 19999 of many" "$(tail -n 1 "$TEST_TMP/long")"
expect "of a step that said nothing" "" "$(varve log last@build:5)"
expect "of a step that is no RUN" "" "$(varve log last@build:4)"
expect "of a stage" "said last" "$(varve log last)"
expect "of an image" "said last" "$(varve log app)"
expect_match "with times" "*0.*said last" "$(varve log -t app)"
varve log --format json app | grep -qF '"stream":"stdout","data":"said last\n"}' ||
	fail "as JSON: $(varve log --format json app)"

echo "it takes less room than it has"
size=$(du -sk "$VARVE_STORE/journal" | cut -f1)
[ "$size" -lt 300 ] || fail "the journals take $size kB"

echo "a step that is CACHED has the log of when it ran; nothing is said twice"
build "$CONTEXT"
expect "how it went" CACHED "$(step 'echo said last')"
! grep -q '^#[0-9]* [0-9.]* said last' "$LOG" || fail "it was replayed"
expect "the log" "said last" "$(varve log last)"

echo "one that is done anew has its own"
build --no-cache-filter stage-1 "$CONTEXT"
expect "the log" "said last" "$(varve log last)"

echo "a step that fails leaves its log; one that never ran has none"
printf 'FROM app\nRUN echo before the end; echo oh >&2; exit 7\n' >"$CONTEXT/failing"
expect "status" 1 "$(code build -f "$CONTEXT/failing" "$CONTEXT" 2>/dev/null)"
varve log last-failed | grep -qx "before the end" || fail "the log: $(varve log last-failed)"
printf 'FROM app\nRUN ["/no/such/program"]\n' >"$CONTEXT/failing"
expect "status" 1 "$(code build -f "$CONTEXT/failing" "$CONTEXT" 2>/dev/null)"
expect "status" 125 "$(code varve log last-failed 2>"$TEST_TMP/error")"
grep -q "before anything ran" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "of what no step has made" 125 "$(code varve log base 2>/dev/null)"

echo "lines are found in the logs of all builds, each log once"
build "$CONTEXT"
varve log --grep 'line 1999[89] of' >"$TEST_TMP/found"
expect "lines" 2 "$(wc -l <"$TEST_TMP/found" | tr -d ' ')"
expect_match "the first" "*@build:3:line 19998 of many" "$(head -n 1 "$TEST_TMP/found")"
varve log "$(head -n 1 "$TEST_TMP/found" | sed 's/:line.*//')" | grep -qx 'line 19998 of many' ||
	fail "its address is no state"
expect "what no line ends" 1 "$(varve log --grep '^no newline$' | wc -l | tr -d ' ')"
expect "in letters of any size" 1 "$(varve log -i --grep 'NO NEWLINE' | wc -l | tr -d ' ')"
expect "no match" 1 "$(code varve log --grep 'NO NEWLINE')"
expect "of standard error" 1 "$(varve log --stream stderr --grep . | grep -c "@build:2:err$")"
expect "of one build" 1 "$(varve log --grep 'said last' last | wc -l | tr -d ' ')"
expect_match "with times" "*@stage-1:2:0.[0-9]*:said last" "$(varve log -t --grep '^said' last)"
varve log --format json --grep said last | grep -qE \
	'^\{"state":"[^"]*@stage-1:2","ms":[0-9]+,"stream":"stdout","line":"said last"\}$' ||
	fail "as JSON: $(varve log --format json --grep said last)"
# around PATTERN OPTIONS…: what is found in the third step, without the address
around() {
	around_pattern=$1
	shift
	varve log "$@" --grep "$around_pattern" last@build:3 | sed 's/.*@build:3//; s/line \([0-9]*\) of many/\1/' | xargs
}
expect "lines behind" ":7 -8 -9" "$(around 'line 7 of' -A 2)"
expect "lines before" "-5 -6 :7" "$(around 'line 7 of' -B 2)"
expect "on both sides" "-6 :7 -8" "$(around 'line 7 of' -C 1)"
expect "one side of its own" "-6 :7" "$(around 'line 7 of' -C 1 -A 0)"
expect "what touches" "-6 :7 -8 :9 -10" "$(around 'line [79] of' -C 1)"
expect "what does not" "-6 :7 -8 -- -19998 :19999" "$(around 'line (7|19999) of' -C 1)"
expect "none around" ":7 :9" "$(around 'line [79] of')"
expect "of several logs" 1 "$(varve log -C 1 --grep '^(said last|line 7 of many)$' last last@build:3 | grep -cx -e --)"
varve log -B 1 --format json --grep 'line 7 of' last@build:3 | head -n 1 | grep -q ',"context":true}$' ||
	fail "as JSON: $(varve log -B 1 --format json --grep 'line 7 of' last@build:3)"
expect "no number" 125 "$(code varve log -C x --grep y 2>"$TEST_TMP/error")"
grep -q "context 'x': it is a number" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "without --grep" 125 "$(code varve log -A 1 last 2>/dev/null)"
expect "no pattern" 125 "$(code varve log --grep '(' 2>"$TEST_TMP/error")"
grep -qF "'('" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "no such build" 125 "$(code varve log --grep x nosuch 2>/dev/null)"
expect "no state" 125 "$(code varve log 2>/dev/null)"
expect "two states" 125 "$(code varve log last app 2>/dev/null)"
# A line as long as what is kept in memory for one, and one behind it.
printf 'FROM base\nRUN head -c 3000000 /dev/zero | tr "\\0" x; echo; printf "a\\0b\\r\\n"\n' \
	>"$CONTEXT/long"
build -f "$CONTEXT/long" "$CONTEXT"
expect "behind a long line" 1 "$(varve log --grep 'b$' last | wc -l | tr -d ' ')"
expect "pieces of it" 3 "$(varve log --grep x last | wc -l | tr -d ' ')"
build "$CONTEXT"

echo "what is damaged is said so"
for file in "$VARVE_STORE"/journal/*; do
	dd if=/dev/zero of="$file" bs=1 seek=30 count=8 conv=notrunc 2>/dev/null
done
expect "status" 125 "$(code varve log app 2>"$TEST_TMP/error")"
grep -q damaged "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "status" 1 "$(code varve log --grep said last 2>"$TEST_TMP/error")"
grep -q 'warning: .*@stage-1:2: .*damaged' "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"

echo "a log that cannot be kept stops no build"
rm -rf "$VARVE_STORE/journal"
: >"$VARVE_STORE/journal"
build --no-cache "$CONTEXT"
grep -q "was not kept" "$LOG" || fail "nothing was said: $(cat "$LOG")"
varve fsck >/dev/null
