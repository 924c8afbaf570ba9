# SPDX-License-Identifier: Apache-2.0
# A process where a step ran: varve shell.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

echo 'a secret' >"$TEST_TMP/secret"
mkdir -p "$CONTEXT/src"
echo source >"$CONTEXT/src/file"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS other
RUN echo of the other >/shown
FROM base AS build
ENV COLOR=green
ARG FLAVOR=sour
WORKDIR /desk
RUN echo one >one
RUN --mount=type=cache,id=shelf,target=/shelf --mount=type=tmpfs,target=/scratch \
	--mount=type=bind,from=other,target=/other --mount=type=bind,source=src,target=/src \
	--mount=type=secret,id=s --mount=type=bind,from=other,source=/shown,target=/a-file \
	test -s /run/secrets/s && echo cached >/shelf/kept && cat /src/file /other/shown && echo two >two
END
build -t app --secret "id=s,src=$TEST_TMP/secret" "$CONTEXT"

in_shell() {
	varve shell "$@" 2>"$TEST_TMP/error" </dev/null
}

echo "a command sees what the step left, as the step did"
expect "files" "one two" "$(in_shell last -- ls | tr '\n' ' ' | sed 's/ $//')"
expect "an earlier state" one "$(in_shell last@build:3 ls | tr '\n' ' ' | sed 's/ $//')"
expect "environment and directory" "green sour /desk" \
	"$(in_shell last -- sh -c 'echo $COLOR $FLAVOR $(pwd)')"
expect "of an image there is no ARG" "green  /desk" \
	"$(in_shell app -- sh -c 'echo "$COLOR $FLAVOR $(pwd)"' | sed 's/sour//')"
expect "what is added" "blue /tmp" \
	"$(in_shell -e COLOR=blue -w /tmp last -- sh -c 'echo $COLOR $(pwd)')"

echo "the mounts of the step are there"
expect "binds, of a stage, of the context, of a file" "of the other source of the other" \
	"$(in_shell last -- cat /other/shown /src/file /a-file | tr '\n' ' ' | sed 's/ $//')"
expect "the cache" cached "$(in_shell last -- cat /shelf/kept)"
expect "the tmpfs" tmpfs "$(in_shell last -- sh -c 'grep " /scratch " /proc/mounts | cut -d" " -f1')"
expect "no secret" 1 "$(code in_shell last -- test -e /run/secrets/s)"
grep -q "secret 's' is left out" "$TEST_TMP/error" || fail "nothing said: $(cat "$TEST_TMP/error")"
expect "the secret that is given" "a secret" \
	"$(in_shell --secret "id=s,src=$TEST_TMP/secret" last -- cat /run/secrets/s)"

echo "limits of its own"
expect "--ulimit" 77 "$(in_shell --ulimit nofile=77 last -- sh -c 'ulimit -n')"
expect_match "--shm-size" "* 8192 *" "$(in_shell --shm-size 8m last -- df -k /dev/shm)"
expect "status of a limit that is none" 125 "$(code in_shell --ulimit nosuch=1 last true)"
grep -q nosuch "$TEST_TMP/error" || fail "no message: $(cat "$TEST_TMP/error")"
expect "status of a resource that is none" 125 "$(code in_shell --resource cpus=2 last true)"
grep -q "there is no resource 'cpus'" "$TEST_TMP/error" || fail "no message: $(cat "$TEST_TMP/error")"

echo "what is written goes"
in_shell last -- sh -c 'echo x >/desk/three; echo x >/shelf/kept; rm two'
expect "files" "one two" "$(in_shell last -- ls | tr '\n' ' ' | sed 's/ $//')"
expect "the cache" cached "$(in_shell last -- cat /shelf/kept)"

echo "it exits as the command does"
expect "status" 7 "$(code in_shell last -- sh -c 'exit 7')"
expect "status of a signal" 137 "$(code in_shell last -- sh -c 'kill -9 $$')"
expect "status of what cannot be started" 125 "$(code in_shell last -- /no/such)"
grep -q "/no/such" "$TEST_TMP/error" || fail "no message: $(cat "$TEST_TMP/error")"

echo "input and output are the caller's"
expect "input" "typed" "$(echo typed | varve shell last -- cat)"
head -c 3000000 /dev/zero >"$TEST_TMP/zeros"
expect "much of it" 3000000 "$(varve shell last -- cat <"$TEST_TMP/zeros" | wc -c | tr -d ' ')"
expect "standard output" out "$(in_shell last -- sh -c 'echo out; echo err >&2')"
expect "standard error" err "$(tail -n 1 "$TEST_TMP/error")"
expect "a reader that has enough" 1 "$(varve shell last -- sh -c 'while :; do echo y || exit; done' </dev/null | head -n 1 | wc -l | tr -d ' ')"

echo "signals go to the command"
"$VARVE" shell last -- sh -c \
	'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.1; done' \
	>"$TEST_TMP/out" </dev/null &
pid=$!
wait_for 10 grep -q ready "$TEST_TMP/out"
kill -TERM $pid
status=0
wait $pid || status=$?
expect "its status" 3 $status
grep -q caught "$TEST_TMP/out" || fail "it did not get the signal: $(cat "$TEST_TMP/out")"

echo "a step that failed"
printf 'FROM app\nRUN --mount=type=cache,id=shelf,target=/shelf echo half >half; exit 9\n' >"$CONTEXT/failing"
expect "status" 1 "$(code build -f "$CONTEXT/failing" "$CONTEXT" 2>/dev/null)"
expect "its files and mounts" "half cached" \
	"$(in_shell last-failed -- cat half /shelf/kept | tr '\n' ' ' | sed 's/ $//')"

echo "on a terminal the command has one of its own, as large"
command -v script >/dev/null || skip "script is not installed"
cat >"$TEST_TMP/on-terminal" <<END
stty rows 33 cols 101
exec "$VARVE" shell last -- sh -c 'test -t 0 && test -t 2 && echo it is; ls /dev/pts; echo x >/dev/tty; exit 4'
END
status=0
script -qec "sh $TEST_TMP/on-terminal" /dev/null </dev/null >"$TEST_TMP/out" || status=$?
expect "status" 4 $status
for word in "it is" 0 ptmx x; do
	tr -d '\r\000' <"$TEST_TMP/out" | grep -qw "$word" || fail "no '$word': $(cat "$TEST_TMP/out")"
done

echo "keys go to the command, ^C among them"
cat >"$TEST_TMP/on-terminal" <<END
exec "$VARVE" shell last -- sh -c 'trap "echo caught; exit 6" INT; echo ready; read line; read other'
END
mkfifo "$TEST_TMP/keys"
script -qec "sh $TEST_TMP/on-terminal" /dev/null <"$TEST_TMP/keys" >"$TEST_TMP/out" &
pid=$!
exec 3>"$TEST_TMP/keys"
wait_for 10 grep -q ready "$TEST_TMP/out"
printf 'typed\r\003' >&3
status=0
wait $pid || status=$?
exec 3>&-
expect "status" 6 $status
grep -q caught "$TEST_TMP/out" || fail "no ^C: $(cat "$TEST_TMP/out")"
