# SPDX-License-Identifier: Apache-2.0
# SIGKILL of any process of a build at any moment: the build ends, the next one is well, and nothing
# is lost that had been kept. $KILL_SEED repeats a run, $KILL_ROUNDS makes it longer.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

rounds=${KILL_ROUNDS:-25}
seed=${KILL_SEED:-$(($(date +%s) % 100000))}
echo "KILL_SEED=$seed"

# random N: below N, in $random
random() {
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	random=$(((seed >> 12) % $1))
}

# Each use of a cache that is all one's own begins with what another has ended, never with half.
cat >"$CONTEXT/use" <<'END'
#!/bin/sh -e
# use DIRECTORY WHO
test "$(cat $1/begin 2>/dev/null)" = "$(cat $1/end 2>/dev/null)" || {
	echo "half of a version: $1"
	exit 1
}
echo "$2" >$1/begin
head -c 300000 /dev/urandom >$1/large-$2
sleep 0.0$((${ROUND:-1} % 7))
echo "$2" >$1/end
rm -f $1/large-*
echo "$ROUND $2" >>$1/list
END
mkdir -p "$CONTEXT/files/many"
for i in 0 1 2 3 4 5 6 7 8 9; do
	head -c ${i}0000 /dev/urandom >"$CONTEXT/files/many/$i"
done
all='--mount=type=cache,id=together,target=/t --mount=type=cache,id=alone,target=/a,sharing=locked'
all="$all --mount=type=cache,id=own,target=/p,sharing=private"
cat >"$CONTEXT/Dockerfile" <<END
FROM base AS tool
COPY --chmod=755 use /bin/use
FROM tool AS one
ARG ROUND
COPY files /one
RUN $all use /a one && use /p one && mkdir -p /t/one && echo \$ROUND >/t/one/round
RUN echo \$ROUND >/one/round && cp /one/many/9 /one/copy
FROM tool AS two
ARG ROUND
RUN $all use /p two && use /a two && mkdir -p /t/two && echo \$ROUND >/t/two/round
COPY files /two
RUN echo \$ROUND >/two/round
FROM tool AS three
ARG ROUND
RUN --mount=type=cache,id=together,target=/t --mount=from=one,target=/m mkdir -p /t/three && \
	cat /m/one/round >/t/three/round && cat /m/one/round >/round
FROM base
ARG ROUND
COPY --from=one /one /one
COPY --from=two /two /two
COPY --from=three /round /three/round
COPY files /files
RUN --mount=type=cache,id=alone,target=/a cat /a/list >/list && \
	test "\$(cat /one/round /two/round /three/round)" = "\$(echo \$ROUND; echo \$ROUND; echo \$ROUND)"
END

now_ms() {
	date +%s%3N
}

# ended PID: whether it is gone, or nobody has waited for it yet
ended() {
	ended_state=Z
	{ read -r _ _ ended_state _ <"/proc/$1/stat" || true; } 2>/dev/null
	[ "$ended_state" = Z ]
}

# Set $found to what may be killed
candidates() {
	case $1 in
	builder) found=$builder ;;
	server) servers ;;
	init) inits ;;
	holder) holders ;;
	esac
}

# kill_one KIND: some process of this kind, as soon as there is one
kill_one() {
	victim=''
	until ended "$builder"; do
		candidates "$1"
		# shellcheck disable=SC2086
		set -- "$1" $found
		if [ $# -gt 1 ]; then
			random $(($# - 1))
			shift $((random + 1))
			victim=$1
			kill -KILL "$victim" 2>/dev/null || true
			return
		fi
	done
}

# wait_for_builder SECONDS: its status, in $status
wait_for_builder() {
	deadline=$(($(now_ms) + $1 * 1000))
	until ended "$builder"; do
		if [ "$(now_ms)" -ge $deadline ]; then
			cat "$TEST_TMP/killed" >&2
			servers
			for pid in $builder $found; do
				cat "/proc/$pid/task"/*/stack >&2 2>/dev/null || true
			done
			fail "the build hangs"
		fi
		sleep 0.02
	done
	status=0
	wait "$builder" 2>/dev/null || status=$?
}

# A step that was DONE has left its line in the cache.
check_kept() {
	for who in one two; do
		[ "$(step "use /a $who")" = DONE ] || [ "$(step "use /p $who")" = DONE ] || continue
		grep -qx "$1 $who" "$AT/list" || fail "the cache has lost what '$who' of round $1 kept"
	done
}

echo "a step whose files are gone says so, whosever server it was"
printf 'FROM base\nRUN --mount=type=cache,id=gone,target=/c sleep 60\n' >"$CONTEXT/sleep"
two_servers() {
	servers
	# shellcheck disable=SC2086
	set -- $found
	[ $# = 2 ]
}
for which in 1 2; do
	LOG=$TEST_TMP/killed
	"$VARVE" build -f "$CONTEXT/sleep" "$CONTEXT" >"$LOG" 2>&1 &
	builder=$!
	wait_for 10 two_servers
	# shellcheck disable=SC2086
	set -- $found
	[ $which = 1 ] || shift
	kill -KILL "$1"
	wait_for_builder 10
	expect "status" 1 $status
	grep -q 'ERROR: .*has died' "$LOG" || fail "no reason: $(cat "$LOG")"
	wait_for 10 alone
done

echo "a step whose init is killed says so"
one_init() {
	inits
	# shellcheck disable=SC2086
	set -- $found
	[ $# = 1 ]
}
sleeps() {
	runs sleep60 || runs "/bin/sh-csleep 60"
}
LOG=$TEST_TMP/killed
"$VARVE" build -f "$CONTEXT/sleep" "$CONTEXT" >"$LOG" 2>&1 &
builder=$!
wait_for 10 sleeps
wait_for 10 one_init
# shellcheck disable=SC2086
kill -KILL $found
wait_for_builder 10
expect "status" 1 $status
grep -q 'ERROR: .*was killed' "$LOG" || fail "no reason: $(cat "$LOG")"
wait_for 10 alone

echo "without the holder no step gets the host's network instead of its own"
printf 'FROM base\nRUN --network=none sleep 1\nRUN true\n' >"$CONTEXT/holder"
LOG=$TEST_TMP/killed
"$VARVE" build -f "$CONTEXT/holder" "$CONTEXT" >"$LOG" 2>&1 &
builder=$!
wait_for 10 one_init
holders
# shellcheck disable=SC2086
kill -KILL $found
wait_for_builder 10
case $status in
0) ! grep -q "host's network" "$LOG" || fail "it went on in the host's network: $(cat "$LOG")" ;;
1) grep -q 'ERROR: .*was killed' "$LOG" || fail "no reason: $(cat "$LOG")" ;;
*) fail "status $status" ;;
esac
wait_for 10 alone

LOG=$TEST_TMP/killed
began=$(now_ms)
build --build-arg ROUND=0 "$CONTEXT"
wait_for 5 alone
took=$(($(now_ms) - began))
echo "an undisturbed build: $took ms"

round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	random 4
	case $random in
	0) kind=builder ;;
	1) kind=server ;;
	2) kind=init ;;
	3) kind=holder ;;
	esac
	random $took
	after=$random
	LOG=$TEST_TMP/killed
	"$VARVE" build --build-arg ROUND=$round "$CONTEXT" >"$LOG" 2>&1 &
	builder=$!
	sleep "$((after / 1000)).$(printf %03d $((after % 1000)))"
	kill_one "$kind"
	wait_for_builder $((10 + took * 5 / 1000))
	echo "round $round: $kind ${victim:-(none)} after $after ms: status $status"
	case $kind,$status in
	builder,137 | *,0) ;;
	*,1)
		grep -qE 'ERROR: .*(has died|was killed|ended)' "$LOG" || fail "no reason: $(cat "$LOG")"
		;;
	*)
		cat "$LOG" >&2
		fail "status $status"
		;;
	esac
	wait_for 10 alone
	! grep -F "$TEST_TMP" /proc/self/mountinfo || fail "a mount stayed"
	varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$(cat "$TEST_TMP/fsck")"

	LOG=$TEST_TMP/log
	build --build-arg ROUND=$round "$CONTEXT"
	at last cp "$AT/list" "$TEST_TMP/list"
	wait_for 10 alone
	cp "$TEST_TMP/list" "$AT/list"
	check_kept $round
	LOG=$TEST_TMP/killed
	check_kept $round
	rm "$AT/list"
done
