# SPDX-License-Identifier: Apache-2.0
# However a step or its builder ends, nothing stays. case-run looks for processes afterwards.
# shellcheck shell=sh disable=SC1090,SC2086
. "$CASE_LIB"
mkdir "$TEST_TMP/out"

# A step that is done takes what it left in the background along.
run --dump dump -- sh -c 'inside daemon /tmp/beat; while [ ! -s /tmp/beat ]; do sleep 0.01; done'
expect "a daemon has lived" 1 "$(grep -c '/tmp/beat/' dump)"
before=$(date +%s)
expect "and does not hold up the end" 3 "$(code run -- sh -c 'sleep 100 & (sleep 100 &) ; exit 3')"
[ $(($(date +%s) - before)) -lt 20 ] || fail "the end of a step waited for its background"

# Killed by the builder's user.
before=$(date +%s)
expect "a kill" 130 "$(code run --kill-after 200 -- sh -c 'inside daemon /tmp/beat; sleep 100' 2>err)"
[ $(($(date +%s) - before)) -lt 20 ] || fail "a killed step ran on"
expect "a kill is told" cancelled "$(cat err)"

# What is written through memory has reached the filesystem when the step is told to have ended.
run --dump dump -- inside map /tmp/mapped words
run -- sh -c 'inside map /tmp/mapped words; cat /tmp/mapped | head -c 5' >words
expect "mapped memory" words "$(cat words)"

# The builder is killed: its steps, their daemons, servers, network, all of it.
for victim in "sleep 100" "inside daemon /tmp/x; sleep 100" "trap '' TERM INT HUP; sleep 100 & wait"; do
	start -- sh -c "$victim" &
	builder=$!
	wait_for 5 sh -c "grep -qs . /proc/$builder/task/$builder/children"
	sleep 0.2
	kill -9 $builder
	wait $builder || true
done

# A filesystem that hangs. The kernel lets nobody go whose request has been read, until the server
# is gone; the builder that kills its step goes on waiting no longer than that.
echo x >"$ROOT/hang"
start --hang hang -- cat /hang >/dev/null 2>&1 &
builder=$!
wait_for 5 sh -c "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'cat /hang '"
sleep 0.2
server=$(cat /proc/$builder/task/*/children | tr ' ' '\n' | while read -r pid; do
	grep -qs memory-fuse "/proc/$pid/cmdline" && echo "$pid"; done)
kill -9 "$server"
wait_for 5 sh -c "! kill -0 $builder 2>/dev/null"
wait $builder && fail "a step without its filesystem succeeded"

# A start that is given up: the step's command is on a filesystem that does not answer.
cp "$ROOT/bin/busybox" "$ROOT/hang"
chmod 755 "$ROOT/hang"
start --hang hang --cancel-after 300 -- /hang >/dev/null 2>err &
builder=$!
sleep 1
server=$(cat /proc/$builder/task/*/children 2>/dev/null | tr ' ' '\n' | while read -r pid; do
	grep -qs memory-fuse "/proc/$pid/cmdline" && echo "$pid"; done)
[ -z "$server" ] || kill -9 $server
wait_for 5 sh -c "! kill -0 $builder 2>/dev/null"
status=0
wait $builder || status=$?
expect "a start given up" 130 "$status"
