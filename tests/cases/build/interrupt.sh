# SPDX-License-Identifier: Apache-2.0
# ^C, and death at any moment.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

# Other users run this at the same time: theirs sleep for another while.
nap=61.$(id -u)
cat >"$CONTEXT/Dockerfile" <<END
FROM base AS one
RUN --mount=type=cache,target=/c sleep $nap & sleep $nap
FROM base AS two
RUN sleep $nap
FROM base
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
END

running() {
	grep -q 'RUN sleep' "$TEST_TMP/out" && [ "$(sleepers)" -ge 3 ]
}
sleepers() {
	n=0
	for comm in /proc/[0-9]*/cmdline; do
		case $(tr '\0' ' ' 2>/dev/null <"$comm" || true) in
		"sleep $nap ") n=$((n + 1)) ;;
		esac
	done
	echo $n
}
nobody() {
	[ "$(sleepers)" = 0 ]
}

# Shells have what runs in the background ignore SIGINT.
for signal in INT TERM; do
	echo "SIG$signal ends everything at once"
	env --default-signal=INT "$VARVE" build "$CONTEXT" >"$TEST_TMP/out" 2>&1 &
	pid=$!
	wait_for 10 running
	start=$(date +%s)
	kill -$signal $pid
	status=0
	wait $pid || status=$?
	expect "status" 130 $status
	[ $(($(date +%s) - start)) -le 3 ] || fail "it took its time"
	wait_for 2 nobody
	! mount | grep -F "$TEST_TMP" || fail "a mount stayed"
done

echo "so does SIGKILL"
env --default-signal=INT "$VARVE" build "$CONTEXT" >"$TEST_TMP/out" 2>&1 &
pid=$!
wait_for 10 running
kill -KILL $pid
wait $pid 2>/dev/null || true
wait_for 5 nobody

echo "a build right after works"
printf 'FROM base\nRUN echo fine\n' >"$CONTEXT/Dockerfile"
build "$CONTEXT"
varve fsck
