# SPDX-License-Identifier: Apache-2.0
# Mounts on top of mounts: what is missing in memory is made, what is somebody's is left alone.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
mkdir -p "$TEST_TMP/cache/there"
echo kept >"$TEST_TMP/cache/file"
ln -s /mnt "$ROOT/link"
ln -s nowhere "$ROOT/mnt/dangling"
cached() { # OPTIONS…: with a cache to mount
	run --fs "cache=$TEST_TMP/cache" --root root "$@"
}

expect "a directory in a tmpfs" "kept 755 0:0" \
	"$(cached --mount tmpfs,dst=/mnt --mount fuse,fs=cache,dst=/mnt/a/b/c -- \
		sh -c 'echo $(cat /mnt/a/b/c/file; stat -c "%a %u:%g" /mnt/a)')"
expect "it can be written to" 0 \
	"$(code cached --mount tmpfs,dst=/mnt --mount fuse,fs=cache,dst=/mnt/a/b -- touch /mnt/a/x /mnt/a/b/y)"
expect "and kept" kept "$(cached --mount fuse,fs=cache,dst=/mnt -- cat /mnt/file)"
expect "a file in a tmpfs" "secret 400" \
	"$(run --mount tmpfs,dst=/mnt --mount file,dst=/mnt/run/secrets/s,text=secret,mode=400 -- \
		sh -c 'echo $(cat /mnt/run/secrets/s; stat -c " %a" /mnt/run/secrets/s)')"
expect "a socket in a tmpfs" socket \
	"$(run --mount tmpfs,dst=/mnt --mount socket,dst=/mnt/s/agent -- stat -c %F /mnt/s/agent)"
expect "a tmpfs in a tmpfs" "1777 d" \
	"$(run --mount tmpfs,dst=/mnt --mount tmpfs,dst=/mnt/a/d -- \
		sh -c 'echo $(stat -c %a /mnt/a/d; ls /mnt/a)')"
expect "through a link of the root" kept \
	"$(cached --mount tmpfs,dst=/mnt --mount fuse,fs=cache,dst=/link/x/y -- cat /mnt/x/y/file)"
expect "in /dev" secret "$(run --mount file,dst=/dev/sub/s,text=secret -- cat /dev/sub/s)"
expect "in /dev/shm" secret "$(run --mount file,dst=/dev/shm/s,text=secret -- cat /dev/shm/s)"
expect "the working directory" /mnt/a/b \
	"$(run --mount tmpfs,dst=/mnt --cwd /mnt/a/b -- pwd)"
expect "a working directory in a root" 125 "$(code run --cwd /no/such -- true 2>/dev/null)"

# Nobody's filesystem gets anything in it: its owner makes ghosts, or the mount fails.
refuse() { # WHAT PATTERN OPTIONS…
	refuse_what=$1
	refuse_pattern=$2
	shift 2
	expect "$refuse_what" 125 "$(code "$@" -- true 2>refusal)"
	expect_match "$refuse_what" "$refuse_pattern" "$(cat refusal)"
}
refuse "nothing there in the root" "*'/no/such' does not exist*" run --mount tmpfs,dst=/no/such
refuse "nothing there in a cache" "*'/mnt/no' does not exist*" \
	cached --mount fuse,fs=cache,dst=/mnt --mount tmpfs,dst=/mnt/no
[ ! -e "$TEST_TMP/cache/no" ] || fail "the cache has got a directory"
refuse "a link that leads nowhere" "*does not exist*" run --mount tmpfs,dst=/mnt/dangling
refuse "/proc" "*kernel's*" run --mount tmpfs,dst=/proc
refuse "/sys" "*" run --mount tmpfs,dst=/sys/fs/no/such
refuse "a file on a directory" "*one is a directory and one a file*" \
	run --mount tmpfs,dst=/mnt --mount tmpfs,dst=/mnt/d --mount file,dst=/mnt/d,text=x
