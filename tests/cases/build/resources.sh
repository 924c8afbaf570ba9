# SPDX-License-Identifier: Apache-2.0
# How much of the machine a build takes.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

echo "while memory is short no further RUN begins, but one does"
# Each finds out whether another one runs.
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS a
RUN --mount=type=cache,id=m,target=/m \
	test ! -e /m/busy || echo together; touch /m/busy; sleep 0.7; rm /m/busy; echo a >/a
FROM base AS b
RUN --mount=type=cache,id=m,target=/m \
	test ! -e /m/busy || echo together; touch /m/busy; sleep 0.7; rm -f /m/busy; echo b >/b
FROM base AS c
RUN --mount=type=cache,id=m,target=/m \
	test ! -e /m/busy || echo together; touch /m/busy; sleep 0.7; rm -f /m/busy; echo c >/c
END
build -j 3 --all-stages --memory-reserve 1000000g "$CONTEXT"
! grep -q '^#[0-9]* [0-9.]* together$' "$LOG" || fail "they ran together: $(cat "$LOG")"
grep -q '^#[0-9]* waiting for memory$' "$LOG" || fail "nothing was said: $(cat "$LOG")"
expect "steps that ran" 3 "$(count DONE)"

echo "without a reserve they run side by side"
build -j 3 --no-cache --all-stages --memory-reserve 0 "$CONTEXT"
grep -q '^#[0-9]* [0-9.]* together$' "$LOG" || fail "they ran one by one: $(cat "$LOG")"
! grep -q 'waiting for memory' "$LOG" || fail "it waited: $(cat "$LOG")"
build -j 3 --no-cache --all-stages --memory-reserve 1 "$CONTEXT"
! grep -q 'waiting for memory' "$LOG" || fail "it waited: $(cat "$LOG")"

echo "a failure and ^C end the waiting"
printf 'FROM base AS a\nRUN sleep 1; exit 3\nFROM base AS b\nRUN sleep 1; exit 4\n' >"$CONTEXT/fail"
status=0
varve build --all-stages --memory-reserve 1000000g -f "$CONTEXT/fail" "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
expect "failures" 1 "$(grep -c '^#[0-9]* ERROR' "$LOG")"

echo "what is no size is refused"
expect "status" 125 "$(code varve build --memory-reserve much "$CONTEXT" 2>"$TEST_TMP/error")"
grep -qF "such as 512m" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
wait_for 10 alone
