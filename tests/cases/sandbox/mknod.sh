# SPDX-License-Identifier: Apache-2.0
# Device nodes are data: the kernel refuses to make them, the filesystem's owner does.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
node() { # NAME: type, mode, owner, numbers
	stat -c '%F %a %u:%g %t:%T' "$1"
}
mkdir "$ROOT/d" "$ROOT/jail" "$ROOT/jail/d" "$ROOT/jail/bin" "$ROOT/bin2"
ln -s d "$ROOT/dlink"

expect "without an owner as ever" "mknod EPERM" "$(run -- inside mknod /d/x 20600 5 1)"
expect "fifos need none" ok "$(run -- sh -c 'mkfifo /d/f && echo ok')"

expect "a character device" "mknod ok character special file 600 0:0 5:1" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20600 5 1; stat -c "%F %a %u:%g %t:%T" /d/x)')"
expect "a block device" "mknod ok block special file 640 0:0 8:100" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 60640 8 256; stat -c "%F %a %u:%g %t:%T" /d/x)')"
expect "large numbers" "mknod ok fff:fffff" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20600 4095 1048575; stat -c "%t:%T" /d/x)')"
expect "the umask counts" "mknod ok 644" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20666 5 1; stat -c %a /d/x)')"
expect "a relative path" "mknod ok 5:1" \
	"$(run --owner --cwd /d -- sh -c 'echo $(inside mknod x 20600 5 1; stat -c "%t:%T" /d/x)')"
expect "a path with .. and links" "mknod ok 5:1" \
	"$(run --owner --cwd /tmp -- sh -c 'echo $(inside mknod ../dlink/./../d/x 20600 5 1; stat -c "%t:%T" /d/x)')"
expect "below a descriptor" "mknodat ok 4:5" \
	"$(run --owner -- sh -c 'echo $(inside mknodat /d x; stat -c "%t:%T" /d/x)')"
expect "in another root" "mknod ok 4:6" \
	"$(run --owner -- sh -c 'echo $(inside chroot-mknod /jail /d/x; stat -c "%t:%T" /jail/d/x)')"
expect "not out of it" "mknod ok no" \
	"$(run --owner -- sh -c 'echo $(inside chroot-mknod /jail ../../d/y; test -e /d/y && echo out || echo no)')"
expect "in the root directory" "mknod ok" "$(run --owner -- inside mknod /x 20600 5 1)"
expect "seen before as absent" "mknod ok 5:1" \
	"$(run --owner -- sh -c 'test -e /d/x; echo $(inside mknod /d/x 20600 5 1; stat -c "%t:%T" /d/x)')"

expect "there already" "mknod EEXIST" "$(run --owner -- sh -c 'touch /d/x; inside mknod /d/x 20600 5 1')"
expect "there twice" "mknod ok mknod EEXIST" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20600 5 1; inside mknod /d/x 20600 5 1)')"
expect "no such directory" "mknod ENOENT" "$(run --owner -- inside mknod /no/x 20600 5 1)"
expect "no directory" "mknod ENOTDIR" "$(run --owner -- inside mknod /etc/passwd/x 20600 5 1)"
expect "no name" "mknod ENOENT" "$(run --owner -- inside mknod '' 20600 5 1)"
expect "dots" "mknod EEXIST" "$(run --owner -- inside mknod /d/.. 20600 5 1)"
expect "a name too long" "mknod ENAMETOOLONG" \
	"$(run --owner -- inside mknod "/d/$(printf '%0256d' 1)" 20600 5 1)"
expect "another filesystem" "mknod EPERM" "$(run --owner -- inside mknod /dev/x 20600 5 1)"
expect "a read-only root" "mknod EROFS" "$(run --owner --read-only -- inside mknod /d/x 20600 5 1)"
expect "a link of /proc" "mknod ELOOP" \
	"$(run --owner -- sh -c 'inside mknod /proc/$$/cwd/x 20600 5 1; true')"
expect "such a device does not open" "mknod ok /d/x EACCES" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20600 1 3; inside open /d/x r)')"
expect "insecure steps do without" "mknod EPERM" \
	"$(run --owner --insecure -- inside mknod /d/x 20600 5 1)"

expect "a group to inherit" "mknod ok 0:0 mknod ok 0:0" \
	"$(run --owner -- sh -c 'echo $(inside mknod /d/x 20600 5 1; stat -c %u:%g /d/x
		chmod 2755 /d; inside mknod /d/y 20600 5 1; stat -c %u:%g /d/y)')"
if has_all_ids; then
	expect "users may not" "mknod EPERM" \
		"$(run --owner --user 1000:1000 -- inside mknod /tmp/x 20600 5 1)"
	expect "an inherited group" "0:42" "$(run --owner -- sh -c 'chown 0:42 /d; chmod 2755 /d
		inside mknod /d/x 20600 5 1 >/dev/null; stat -c %u:%g /d/x')"
fi

# All at once, and into another filesystem than the root.
mkdir "$TEST_TMP/other"
expect "a mount of its own" "mknod ok 5:1" \
	"$(run --owner --fs "other=$TEST_TMP/other" --root root --mount fuse,fs=other,dst=/mnt -- \
		sh -c 'echo $(inside mknod /mnt/x 20600 5 1; stat -c "%t:%T" /mnt/x)')"
expect "many at once" 200 "$(run --owner -- sh -c 'for i in 1 2 3 4; do
	(for j in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 \
		30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49; do
		inside mknod /d/$i-$j 20600 $i $j >/dev/null; done) & done; wait; ls /d | wc -l')"
run --owner --dump dump -- inside mknod /d/kept 60640 7 3 >/dev/null
expect "what is kept" "/d/kept/ 60640 0:0 7,3" "$(grep kept dump)"
