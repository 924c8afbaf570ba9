# SPDX-License-Identifier: Apache-2.0
# More than one target, all stages, and going on behind a failure.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
RUN echo built >/built
FROM build AS test-a
RUN cat /built && echo a >/a
FROM build AS lint
RUN echo lint >/lint
FROM build AS test-b
RUN cat /built && echo b >/b
FROM build AS app
RUN echo app >/app
END
# fails STATUS OPTIONS…: what it shows goes to $LOG
fails() {
	wanted=$1
	shift
	status=0
	varve build "$@" >"$LOG" 2>&1 || status=$?
	[ $status = "$wanted" ] || cat "$LOG" >&2
	expect "status of: $*" "$wanted" $status
}
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
# table: the last lines, without what blanks there are
table() {
	sed -n '/^STAGE /,/^ERROR/p' "$LOG" | sed '1d; /^ERROR/d; s/  */ /g; s/ $//'
}

echo "a pattern chooses several stages, and no other is built"
build --target 'test-*' "$CONTEXT"
expect "the table" "test-a done
test-b done" "$(table)"
expect "RUN of lint" "" "$(step 'RUN echo lint')"
expect "steps that ran" 3 "$(count DONE)"
at last@test-a cat "$AT/a" >/dev/null
at last@test-b cat "$AT/b" >/dev/null
expect "what the build was for" "test-a test-b" \
	"$(varve history --format json | head -n 1 | sed 's/.*"target":"\([^"]*\)".*/\1/')"

echo "they may be named one by one, and be a single one"
build --target lint --target app,lint "$CONTEXT"
expect "the table" "lint done
app done" "$(table)"
build --target 'l?nt' -t lint "$CONTEXT"
at lint cat "$AT/lint" >/dev/null

echo "what is for one target is refused for several, and says so before anything is done"
for option in '-t x' "-o type=oci,dest=$TEST_TMP/x.tar" "-o $TEST_TMP/x" "--iidfile $TEST_TMP/id" \
	"--metadata-file $TEST_TMP/meta"; do
	# shellcheck disable=SC2086
	fails 1 --no-cache --target 'test-*' $option "$CONTEXT"
	said "is for one target, and --target names 2: test-a, test-b"
	expect "steps that ran" 0 "$(count DONE)"
done
fails 1 --call=outline --target 'test-*' "$CONTEXT"
said "--call=outline is for one target"
build -o type=cacheonly --target 'test-*' "$CONTEXT"
fails 1 --target 'none-*' "$CONTEXT"
said 'target stage "none-*" could not be found'

echo "--quiet prints an id for each, in the order of the file"
varve build -q --target test-b --target test-a "$CONTEXT" >"$TEST_TMP/ids" 2>"$TEST_TMP/err"
expect "lines" 2 "$(grep -c '^sha256:[0-9a-f]*$' "$TEST_TMP/ids")"
expect "what else is said" "" "$(cat "$TEST_TMP/err")"
at "$(sed -n '2s/sha256://p' "$TEST_TMP/ids")" cat "$AT/b" >/dev/null

echo "--all-stages builds what no target needs; the image is the target's"
build --no-cache --all-stages --target lint -t image "$CONTEXT"
expect "the table" "build done
test-a done
lint done
test-b done
app done" "$(table)"
at image cat "$AT/lint" >/dev/null
at last cat "$AT/lint" >/dev/null
build --all-stages -t image "$CONTEXT"
at image cat "$AT/app" >/dev/null
expect "in the table" "app cached" "$(table | tail -n 1)"

echo "--keep-going does all that does not need what failed"
cat >"$CONTEXT/failing" <<'END'
FROM base AS build
RUN echo built >/built
FROM build AS bad
RUN sleep 0.3; echo the first; exit 3
RUN echo never
FROM build AS user
COPY --from=bad /built /copied
RUN echo not this either
FROM build AS good
RUN sleep 1.5; echo good >/good
FROM build AS worse
RUN echo the second; exit 4
END
fails 1 -k --target bad,user,good,worse -f "$CONTEXT/failing" "$CONTEXT"
expect "the table" "bad failed [bad 2/3] RUN sleep 0.3; echo the first; exit 3
user not done [bad 2/3] RUN sleep 0.3; echo the first; exit 3
good done
worse failed [worse 2/2] RUN echo the second; exit 4" "$(table)"
said "2 steps failed, and 3 were not begun that need them"
said "exit code: 3"
said "exit code: 4"
grep -q '^[0-9.]* the first$' "$LOG" || fail "no last lines of the first"
grep -q '/failing:4$' "$LOG" && grep -q '/failing:12$' "$LOG" || fail "no places: $(cat "$LOG")"
at last@good cat "$AT/good" >/dev/null
! grep -q 'RUN echo never' "$LOG" || grep '>>>' "$LOG" | grep -q exit || fail "it went on"

echo "without it the others end"
fails 1 --no-cache -f "$CONTEXT/failing" --target good,worse "$CONTEXT"
expect "the sleeping one" "good not done" "$(table | head -n 1)"

echo "nothing is handed out of a build that failed"
fails 1 -k --all-stages --target good -t good -f "$CONTEXT/failing" "$CONTEXT"
expect "status" 125 "$(code varve ls good 2>/dev/null)"

echo "a step that is interrupted counts more than one that failed"
printf 'FROM base AS a\nRUN exit 3\nFROM base AS b\nRUN echo asleep; sleep 30\n' >"$CONTEXT/slow"
env --default-signal=INT "$VARVE" build -k --all-stages -f "$CONTEXT/slow" "$CONTEXT" >"$LOG" 2>&1 &
builder=$!
asleep() {
	grep -q '^#[0-9]* [0-9.]* asleep$' "$LOG" && grep -q '^#[0-9]* ERROR' "$LOG"
}
wait_for 20 asleep
kill -INT $builder
status=0
wait $builder || status=$?
expect "status" 130 $status
wait_for 10 alone

echo "a step that has succeeded is kept when another fails while it is being committed"
printf 'FROM base AS a\nRUN sleep 60\nFROM base AS b\nRUN head -c 250000000 /dev/urandom >/big\n' \
	>"$CONTEXT/two"
varve build --all-stages -f "$CONTEXT/two" "$CONTEXT" >"$LOG" 2>&1 &
builder=$!
# run NUMBER: so many processes of steps
run() {
	inits
	run_wanted=$1
	# shellcheck disable=SC2086
	set -- $found
	[ $# = "$run_wanted" ]
}
# work PID: what it has computed, in ticks
work() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 12-13 | tr ' ' + | sed 's/.*/echo $((&))/' | sh
}
wait_for 20 run 2
wait_for 60 run 1
servers
# shellcheck disable=SC2086
set -- $found
expect "servers" 2 $#
# That of b has had something to do.
[ "$(work "$1")" -lt "$(work "$2")" ] || set -- "$2" "$1"
kill -STOP "$2"
kill -KILL "$1"
sleep 1.5
kill -CONT "$2" || fail "it was given up: $(cat "$LOG")"
status=0
wait $builder || status=$?
expect "status" 1 $status
said "has died"
expect "the step" DONE "$(step 'RUN head -c')"
sed -i 's/sleep 60/true/' "$CONTEXT/two"
build --all-stages -f "$CONTEXT/two" "$CONTEXT"
expect "the step, the next time" CACHED "$(step 'RUN head -c')"
