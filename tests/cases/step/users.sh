# SPDX-License-Identifier: Apache-2.0
# Users are the same to a step whether all are mapped or root alone.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
mkdir -p "$ROOT/files" "$ROOT/home"
echo 'dev:x:1000:1001::/home:/bin/sh' >>"$ROOT/etc/passwd"
printf 'dev:x:1001:\nlate:x:5:dev\ncrew:x:27:root,dev\n' >"$ROOT/etc/group"
step() { # OPTIONS -- COMMAND
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" --id id --tar tar "$@"
}
next() { # the same on the state that the last one left
	"$RUN_STEP" --store "$TEST_TMP/store" --from "$(cat id)" --id id --tar tar "$@"
}
owners() { # mode, owner and name of what is below DIRECTORY/
	tar --numeric-owner -tvf tar | awk -v dir="$1/" 'index($6, dir) == 1 { print $1, $2, $6 }'
}

# What the kernel says where it knows all users is what is right.
step -- inside users /files >said
diff "$(dirname "$0")/users.expected" said || fail "what programs are told"
expect "what they made" "drwxr-xr-x 1000/1000 files/
drwxr-xr-x 1000/1000 files/dir/
prw-r--r-- 1000/1000 files/fifo
-rw-r--r-- 1000/1000 files/file
lrwxrwxrwx 7/8 files/link
crw-r--r-- 0/1000 files/null
hrw-r--r-- 1000/1000 files/second" "$(owners files)"

expect "a user" "uid=1000(dev) gid=1001(dev) groups=5(late),27(crew),1001(dev)" \
	"$(step --user dev -- id)"
expect "root and its groups" "uid=0(root) gid=0 groups=0,27(crew)" "$(step -- id)"
expect "a user by number" "uid=7 gid=8 groups=8" "$(step --user 7:8 -- id)"
expect "its files" "-rw-r--r-- 1000/1001 home/a
drwxr-xr-x 1000/1001 home/b/
lrwxrwxrwx 1000/1001 home/c" "$(
	step -- chown 1000:1001 /home
	next --user dev -- sh -c 'cd /home; touch a; mkdir b; ln -s a c'
	owners home | sed 1d)"
expect "an owner gives its files to its groups" "1000:5 1000:27 1000:5" "$(
	next --user dev -- sh -c 'cd /home; chown :5 a; chown :27 b; chown :9 a 2>/dev/null
		chown -h :5 c; chown 0 a 2>/dev/null; stat -c %u:%g a b c' | tr '\n' ' ' | sed 's/ $//')"

# Set-id programs, and scripts that are run by one.
step -- sh -c 'cd /files; chmod 755 .; cp /bin/inside both; chown 0:42 both; chmod 6755 both
	cp both mail; chown 8:42 mail; chmod 2755 mail; cp both off; chmod 6655 off
	echo "#!/files/both ids" >script; chmod 4755 script; chown 3 script
	echo "#!/bin/sh" >plain; echo "inside ids" >>plain; chmod 6755 plain; ln -s both link'
for name in both:1000,0,0:1000,42,42 mail:1000,1000,1000:1000,42,42 link:1000,0,0:1000,42,42; do
	program=${name%%:*} ids=${name#*:}
	expect "set-id: $program" "uid=${ids%:*} gid=${ids#*:} nnp=0" \
		"$(next -- inside su 1000 "/files/$program" ids)"
done
expect "a script's own bits" "uid=1000,1000,1000 gid=1000,1000,1000 nnp=0" \
	"$(next -- inside su 1000 /files/plain)"
expect "by a relative path" "uid=1000,0,0 gid=1000,42,42 nnp=0" \
	"$(next -- sh -c 'cd /bin; exec inside su 1000 ../files/both ids')"
expect "as USER" "uid=1000,0,0 gid=1001,42,42 nnp=0" "$(next --user dev -- /files/both ids)"
expect "root runs one of another user" "uid=0,8,8 gid=0,42,42 nnp=0" \
	"$(next -- sh -c 'chown 8 /files/both; chmod 6755 /files/both; /files/both ids')"

expect "in another root" "7:8 7:8 7:8" "$(step -- sh -c 'mkdir -p /r/bin /r/d; cp /bin/busybox /r/bin
	ln -s busybox /r/bin/stat; ln -s /d/f /r/l; touch /r/d/f; chown 7:8 /r/d/f; cd /r
	chroot /r /bin/stat -L -c %u:%g /l; chroot /r /bin/stat -c %u:%g /d/../../d/f
	chroot /r /bin/busybox sh -c "cd d; /bin/stat -c %u:%g f"' | tr '\n' ' ' | sed 's/ $//')"
expect "in memory" "3:4 0:0" "$(step --mount type=tmpfs,target=/m -- \
	sh -c 'touch /m/a /m/b; chown 3:4 /m/a; stat -c %u:%g /m/a /m/b' | tr '\n' ' ' | sed 's/ $//')"
expect "a cache of a user" "1000:5 700 1000:1001" "$(step --user dev \
	--mount type=cache,target=/c,id=u,uid=1000,gid=5,mode=700 -- \
	sh -c 'touch /c/f; stat -c "%u:%g %a" /c; stat -c %u:%g /c/f' | tr '\n' ' ' | sed 's/ $//')"
expect "and again" "1000:1001" "$(step --mount type=cache,target=/c,id=u -- stat -c %u:%g /c/f)"
