# SPDX-License-Identifier: Apache-2.0
# How much of the machine a build takes.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
# The host's make, if it has one, with what it is linked to.
if command -v make >/dev/null; then
	for file in $(ldd "$(command -v make)" | grep -o '/[^ ]*'); do
		mkdir -p "$ROOT$(dirname "$file")"
		cp -L "$file" "$ROOT$file"
	done
	cp -L "$(command -v make)" "$ROOT/bin/make"
fi
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

echo "with a jobserver all steps together have so many places"
# A place more is a byte from descriptor 101, given back to 102; nobody finds more than there are.
cat >"$CONTEXT/places" <<'END'
FROM base AS a
RUN echo "$MAKEFLAGS"; n=1; while [ $n -lt 3 ]; do dd bs=1 count=1 <&101 >/dev/null 2>&1; n=$((n + 1)); done; \
	echo has $n; printf ++ >&102; sleep 0.3
END
build --jobserver 3 -f "$CONTEXT/places" "$CONTEXT"
grep -q '^#[0-9]* [0-9.]* -j --jobserver-fds=101,102 --jobserver-auth=101,102$' "$LOG" ||
	fail "no flags: $(cat "$LOG")"
grep -q '^#[0-9]* [0-9.]* has 3$' "$LOG" || fail "no places: $(cat "$LOG")"

echo "with --jobserver-style fifo it has a path, for any user of the step"
cat >"$CONTEXT/fifo" <<'END'
FROM base
USER 1000
RUN echo "$MAKEFLAGS"; exec 5<>/proc/self/fd/101; n=1; \
	while [ $n -lt 3 ]; do dd bs=1 count=1 <&5 >/dev/null 2>&1; n=$((n + 1)); done; echo has $n; printf ++ >&5
END
build --jobserver 3 --jobserver-style fifo -f "$CONTEXT/fifo" "$CONTEXT"
grep -q '^#[0-9]* [0-9.]* -j --jobserver-auth=fifo:/proc/self/fd/101$' "$LOG" || fail "no flags: $(cat "$LOG")"
grep -q '^#[0-9]* [0-9.]* has 3$' "$LOG" || fail "no places: $(cat "$LOG")"

echo "it changes no key"
build -f "$CONTEXT/places" "$CONTEXT"
expect "the step" CACHED "$(step 'RUN echo')"

echo "what a step that was killed had comes back"
cat >"$CONTEXT/greedy" <<'END'
FROM base AS a
RUN dd bs=1 count=1 <&101 >/dev/null 2>&1; echo took; kill -9 $$
FROM base AS b
RUN --mount=type=cache,id=x,target=/x sleep 1; dd bs=1 count=1 <&101 >/dev/null 2>&1; echo took, too
END
status=0
varve build -k --all-stages --jobserver 3 -f "$CONTEXT/greedy" "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
grep -q '^#[0-9]* [0-9.]* took, too$' "$LOG" || fail "$(cat "$LOG")"

echo "a step has its own place from the beginning: no more run than there are"
build -j 3 --no-cache --all-stages --jobserver 1 "$CONTEXT"
! grep -q '^#[0-9]* [0-9.]* together$' "$LOG" || fail "they ran together: $(cat "$LOG")"

echo "without a jobserver there is nothing of it, and other flags stay"
printf 'FROM base\nRUN echo "flags:$MAKEFLAGS."; ls /proc/self/fd | tr "\\n" " "\n' >"$CONTEXT/none"
build -f "$CONTEXT/none" "$CONTEXT"
grep -q '^#[0-9]* [0-9.]* flags:\.$' "$LOG" || fail "$(cat "$LOG")"
! grep -q '^#[0-9]* [0-9.]* .*101' "$LOG" || fail "descriptors: $(cat "$LOG")"
sed -i '2i ENV MAKEFLAGS=-s' "$CONTEXT/none"
build --jobserver 2 -f "$CONTEXT/none" "$CONTEXT"
grep -q '^#[0-9]* [0-9.]* flags:-s\.$' "$LOG" || fail "$(cat "$LOG")"
for value in 0 -1 some 65536; do
	expect "status" 125 "$(code varve build "--jobserver=$value" "$CONTEXT" 2>"$TEST_TMP/error")"
	grep -qF "from 1 to 65535, auto or off" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
done

if [ -x "$ROOT/bin/make" ]; then
	echo "makes of several stages share it"
	cat >"$CONTEXT/Makefile" <<'END'
all: 1 2 3 4 5 6
%:
	@touch /m/$(NAME).$@; ls /m | wc -l >>/sum/$(NAME).$@; sleep 0.3; rm /m/$(NAME).$@
END
	for name in a b c; do
		printf 'FROM base AS %s\nCOPY Makefile /\nRUN %s %s make -C / NAME=%s\n' $name \
			--mount=type=cache,id=make,target=/m --mount=type=cache,id=sum,target=/sum $name
	done >"$CONTEXT/make"
	printf 'FROM base\nCOPY --from=cache:sum / /sum\nRUN cat /sum/* | sort -n | tail -n 1 >/most\n' \
		>"$CONTEXT/most"
	build -j 4 --jobserver 4 --all-stages -f "$CONTEXT/make" "$CONTEXT"
	! grep -q 'jobserver unavailable' "$LOG" || fail "$(cat "$LOG")"
	build -f "$CONTEXT/most" "$CONTEXT"
	at last cp "$AT/most" "$TEST_TMP/most"
	[ "$(cat "$TEST_TMP/most")" -le 4 ] || fail "jobs at once: $(cat "$TEST_TMP/most")"
	printf 'FROM base\nRUN --mount=type=cache,id=sum,target=/sum rm /sum/*\n' >"$CONTEXT/forget"
	build -f "$CONTEXT/forget" "$CONTEXT"
	build --no-cache --jobserver 4 --target a -f "$CONTEXT/make" "$CONTEXT"
	build --no-cache -f "$CONTEXT/most" "$CONTEXT"
	at last cp "$AT/most" "$TEST_TMP/most"
	[ "$(cat "$TEST_TMP/most")" -gt 1 ] || fail "nothing ran side by side"
	echo "most jobs at once: $(cat "$TEST_TMP/most")"
fi

echo "what is no size is refused"
expect "status" 125 "$(code varve build --memory-reserve much "$CONTEXT" 2>"$TEST_TMP/error")"
grep -qF "such as 512m" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
wait_for 10 alone
