# SPDX-License-Identifier: Apache-2.0
# One filesystem in the steps of several builders at the same time.
# shellcheck shell=sh disable=SC1090,SC2010,SC2016
. "$CASE_LIB"
mkdir "$TEST_TMP/cache"
echo old >"$TEST_TMP/cache/file"
with_cache() {
	run --shared "cache=$TEST_TMP/cache" --mount fuse,fs=cache,dst=/mnt "$@"
}
start_with_cache() {
	start --shared "cache=$TEST_TMP/cache" --mount fuse,fs=cache,dst=/mnt "$@"
}
holders() {
	ls "$RUNTIME" | grep -c 'fifo$' || true
}

expect "no holder without builders" 0 "$(holders)"
start_with_cache -- sh -c 'echo up; while [ ! -e /mnt/go ]; do sleep 0.02; done; cat /mnt/file' >first &
first=$!
wait_for 5 grep -qs up first
expect "a holder with one" 1 "$(holders)"
expect "what the first has, whatever the second would have" old \
	"$(run --shared "cache=/nonexistent" --mount fuse,fs=cache,dst=/mnt -- cat /mnt/file)"
expect "what the first has" old "$(with_cache -- cat /mnt/file)"
with_cache -- sh -c 'echo new >/mnt/file; touch /mnt/go'
wait $first
expect "what the second wrote" new "$(tail -n 1 first)"

start_with_cache -- inside flock /mnt/lock /mnt/release >locked &
first=$!
wait_for 5 grep -q locked locked
expect "a lock of another builder" "flock EWOULDBLOCK" \
	"$(with_cache -- inside flock /mnt/lock | sed 's/EAGAIN/EWOULDBLOCK/')"
expect "a step of another sandbox reads on" "lock" "$(with_cache -- sh -c 'ls /mnt | grep lock')"
with_cache -- touch /mnt/release
wait $first

# When the last is gone so is the filesystem: the next one starts from its own directory.
wait_for 5 sh -c "! ls '$RUNTIME' | grep -q 'fifo\$'"
expect "it is gone" old "$(with_cache -- cat /mnt/file)"

# A private one of the same name hides it. Each sandbox has its own.
mkdir "$TEST_TMP/mine"
echo mine >"$TEST_TMP/mine/file"
expect "a private one first" mine \
	"$(run --fs "cache=$TEST_TMP/mine" --root root --mount fuse,fs=cache,dst=/mnt -- cat /mnt/file)"
start -- sh -c 'echo 1 >/tmp/seen; while [ ! -e /tmp/stop ]; do sleep 0.02; [ $((i=i+1)) -gt 50 ] && break; done' &
first=$!
expect "roots are apart" 1 "$(code run -- test -e /tmp/seen)"
wait $first || true

# Part of a filesystem, and one read-only.
mkdir -p "$TEST_TMP/mine/sub/dir"
echo deep >"$TEST_TMP/mine/sub/dir/file"
expect "a directory of it" deep \
	"$(run --fs "o=$TEST_TMP/mine" --root root --mount fuse,fs=o,src=/sub/dir,dst=/mnt -- cat /mnt/file)"
expect "a file of it" deep \
	"$(run --fs "o=$TEST_TMP/mine" --root root --mount fuse,fs=o,src=/sub/dir/file,dst=/etc/passwd -- \
		cat /etc/passwd)"
expect "read-only" 1 \
	"$(code run --fs "o=$TEST_TMP/mine" --root root --mount fuse,fs=o,dst=/mnt,ro -- \
		sh -c 'touch /mnt/x 2>/dev/null')"
expect "a read-only root" 1 "$(code run --read-only -- sh -c 'touch /x 2>/dev/null')"
expect "with what is mounted below writable" 0 \
	"$(code run --read-only --mount tmpfs,dst=/tmp -- touch /tmp/x)"
expect "an inner mount on an outer one" deep \
	"$(run --fs "o=$TEST_TMP/mine" --root root --mount fuse,fs=o,dst=/mnt \
		--mount tmpfs,dst=/mnt/sub --mount fuse,fs=o,src=/sub/dir,dst=/tmp -- \
		sh -c 'ls /mnt/sub; cat /tmp/file')"
