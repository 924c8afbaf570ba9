# SPDX-License-Identifier: Apache-2.0
# /dev is the step's own, with the few devices that programs expect.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"

expect "names" "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero " \
	"$(run -- ls /dev | tr '\n' ' ')"
expect "null device" "1:3" "$(run -- stat -c %t:%T /dev/null)"
expect "zero device" "1:5" "$(run -- stat -c %t:%T /dev/zero)"
expect "full device" "1:7" "$(run -- stat -c %t:%T /dev/full)"
expect "random device" "1:8" "$(run -- stat -c %t:%T /dev/random)"
expect "urandom device" "1:9" "$(run -- stat -c %t:%T /dev/urandom)"
expect "terminal device" "5:0" "$(run -- stat -c %t:%T /dev/tty)"
expect "links" "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx" \
	"$(run -- sh -c 'cd /dev; echo $(for l in fd stdin stdout stderr ptmx; do readlink $l; done)')"
expect "zeros come" 16 "$(run -- sh -c 'head -c 16 /dev/zero | wc -c')"
expect "random bytes come" 16 "$(run -- sh -c 'head -c 16 /dev/urandom | wc -c')"
expect "null takes" 0 "$(code run -- sh -c 'echo x >/dev/null')"
expect "full is full" 1 "$(code run -- sh -c 'echo x 2>/dev/null >/dev/full')"
expect "users may use them" 0 "$(code run -- sh -c 'test -w /dev/null -a -r /dev/zero')"

expect "pseudo-terminals" "0 ptmx " \
	"$(run -- sh -c 'exec 5<>/dev/ptmx; ls /dev/pts | tr "\n" " "')"
expect "terminals of others are not there" "ptmx " "$(run -- sh -c 'ls /dev/pts | tr "\n" " "')"
expect "ptmx is for everybody" 666 "$(run -- stat -c %a /dev/pts/ptmx)"
expect "shared memory" "1777 65536" \
	"$(run -- sh -c 'echo $(stat -c %a /dev/shm) $(df -k /dev/shm | sed -n "2s/[^ ]* *\([0-9]*\).*/\1/p")')"
expect "more shared memory" 131072 \
	"$(run --shm-size 128m -- sh -c 'df -k /dev/shm | sed -n "2s/[^ ]* *\([0-9]*\).*/\1/p"')"
expect "message queues" mqueue "$(run -- sh -c 'grep " /dev/mqueue " /proc/mounts | cut -d" " -f3')"
expect "files can be made" x "$(run -- sh -c 'echo x >/dev/new; cat /dev/new')"
expect "and are gone with the step" 1 "$(code run -- test -e /dev/new)"

# Nothing of the host's but these.
expect "no other devices" 0 \
	"$(run -- find /dev -type b -o -type c ! -name ptmx | grep -vc -e null -e zero -e full -e random -e tty)" ||
	true
expect "no FUSE device" 1 "$(code run -- test -e /dev/fuse)"
for device in null zero tty; do
	expect "$device cannot be replaced" 1 "$(code run -- sh -c "rm /dev/$device 2>/dev/null")"
done

# A root filesystem without /dev, or with a link in its place, is refused.
rm -r "${ROOT:?}/dev"
expect "no directory /dev" 125 "$(code run -- true 2>err)"
expect_match "its words" "*cannot use '/dev' of the root filesystem*" "$(cat err)"
for target in /tmp ../tmp /proc/self/root/tmp tmp; do
	ln -s "$target" "$ROOT/dev"
	expect "a link to $target as /dev" 125 "$(code run -- true 2>err)"
	expect_match "its words" "*'/dev' of the root filesystem is a symbolic link*" "$(cat err)"
	rm "$ROOT/dev"
done
mkdir "$ROOT/dev"
for name in proc sys; do
	rmdir "$ROOT/$name"
	ln -s /tmp "$ROOT/$name"
	expect "a link as /$name" 125 "$(code run -- true 2>err)"
	expect_match "its words" "*'/$name' of the root filesystem is a symbolic link*" "$(cat err)"
	rm "$ROOT/$name"
	mkdir "$ROOT/$name"
done
# What the image has there does not matter: ours cover it (the class of CVE-2025-31133).
ln -s /etc/passwd "$ROOT/dev/null"
mkdir "$ROOT/dev/pts"
ln -s /etc "$ROOT/dev/shm"
expect "a null device of the image's" "1:3" "$(run -- stat -c %t:%T /dev/null)"
expect "masks are made of the kernel's" 0 "$(run -- sh -c 'cat /proc/keys | wc -c')"
