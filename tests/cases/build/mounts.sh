# SPDX-License-Identifier: Apache-2.0
# RUN --mount: what it shows the step, and that nothing of it stays.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

echo "secrets are files or variables, and leave nothing"
printf 'top secret' >"$TEST_TMP/secret"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=secret,id=file test "$(tr a-z b-za </run/secrets/file)" = "upq tfdsfu" && \
	test "$(stat -c %a /run/secrets/file)" = 400
RUN --mount=type=secret,id=file,target=/deep/er/place,mode=0444 cat /deep/er/place >/dev/null
RUN --mount=type=secret,id=word,env=WORD test "$WORD" = hidden
RUN --mount=type=secret,id=none test ! -e /run/secrets/none
END
WORD=hidden build --secret id=file,src="$TEST_TMP/secret" --secret id=word,env=WORD "$CONTEXT"
check() {
	[ ! -e "$AT/run/secrets" ] && [ ! -e "$AT/deep" ] || fail "a mount point stayed"
}
at last check
! grep -rq 'top secret' "$VARVE_STORE" || fail "the store has the secret"

echo "a required secret that is missing is said before anything runs"
printf 'FROM base\nRUN sleep 9\nRUN --mount=type=secret,id=x,required cat /run/secrets/x\n' \
	>"$CONTEXT/required"
expect "status" 1 "$(LOG=$LOG code build -f "$CONTEXT/required" "$CONTEXT" 2>/dev/null)"
grep -q "secret x: not found" "$LOG" || fail "$(cat "$LOG")"
expect "steps" 0 "$(count DONE)"

echo "tmpfs is empty, writable, and gone"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=tmpfs,target=/tmp/fast,size=1m \
	--mount=type=cache,target=/tmp/fast/a/cache \
	echo x >/tmp/fast/x && echo y >/tmp/fast/a/cache/y && df /tmp/fast | grep -q tmpfs
RUN test ! -e /tmp/fast
END
build "$CONTEXT"

echo "binds show the context, stages and states, and may be written to in vain"
mkdir -p "$CONTEXT/dir"
echo here >"$CONTEXT/dir/file"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS other
RUN echo theirs >/theirs
FROM base
RUN --mount=type=bind,target=/ctx cat /ctx/dir/file && ! echo x 2>/dev/null >/ctx/y
RUN --mount=target=/d,source=dir,rw echo more >>/d/file && cat /d/file
RUN --mount=from=other,source=/theirs,target=/file cat /file
RUN --mount=from=base,target=/b test -x /b/bin/sh
RUN test ! -e /ctx && test ! -e /d && test ! -e /file && test ! -e /b
END
build "$CONTEXT"
expect "the file of the context" here "$(cat "$CONTEXT/dir/file")"
check() {
	for name in ctx d file b; do
		[ ! -e "$AT/$name" ] || fail "/$name stayed"
	done
}
at last check

echo "an agent is there for a step that asks for it"
if command -v ssh-agent >/dev/null && command -v python3 >/dev/null; then
	eval "$(ssh-agent -a "$TEST_TMP/agent")" >/dev/null
	printf 'FROM base\nRUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"\nRUN test -z "$SSH_AUTH_SOCK"\n' \
		>"$CONTEXT/agent"
	build --ssh default -f "$CONTEXT/agent" "$CONTEXT" || { kill "$SSH_AGENT_PID"; fail ssh; }
	kill "$SSH_AGENT_PID"
fi

echo "a mount without a target lies over the working directory"
mkdir -p "$CONTEXT/tools"
echo found >"$CONTEXT/tools/word"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
WORKDIR /w
RUN --mount=source=tools test "$(cat word)" = found
RUN --mount=type=tmpfs echo x >gone
RUN test ! -e word && test ! -e gone
END
build "$CONTEXT"
printf 'FROM base\nRUN --mount=type=tmpfs true\n' >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q 'invalid mount target "/"' "$LOG" || fail "$(cat "$LOG")"
