# SPDX-License-Identifier: Apache-2.0
# Owners are the same in the state that a RUN leaves, whether all users are mapped or root alone.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
mkdir "$ROOT/d"
step() { # OPTIONS -- COMMAND
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" --id id --tar tar "$@"
}
next() { # the same on the state that the last one left
	"$RUN_STEP" --store "$TEST_TMP/store" --from "$(cat id)" --id id --tar tar "$@"
}
owners() { # mode, owner and name of what is below d/
	tar --numeric-owner -tvf tar | awk '$6 ~ /^d\/./ { print $1, $2, $6 }'
}

step -- sh -c 'cd /d; touch file set linked "a b"; mkdir dir sub sub/deep; ln -s file link
	chmod 6755 set; ln linked sub/other
	chown 1000:42 file; chown :7 dir; chown -h 3:4 link; chown 5 set; chown 8:8 linked
	chown 65535:0 sub/deep; chmod 2755 dir; cd sub; chown 9:9 "../a b" ../sub/../sub
	inside fchown ../dir/new 11 12' >calls
expect "all ways" "fchown ok fchownat ok flags EINVAL descriptor EBADF unnamed ok" \
	"$(tr '\n' ' ' <calls | sed 's/ $//')"
expect "all of them" "-rw-r--r-- 9/9 d/a
drwxr-sr-x 0/7 d/dir/
-rw-r--r-- 11/12 d/dir/new
-rw-r--r-- 1000/42 d/file
lrwxrwxrwx 3/4 d/link
-rw-r--r-- 8/8 d/linked
-rwxr-xr-x 5/0 d/set
drwxr-xr-x 9/9 d/sub/
drwxr-xr-x 65535/0 d/sub/deep/
hrw-r--r-- 8/8 d/sub/other" "$(owners)"

# Root does with what is others' what it always does.
next -- sh -c 'cd /d; echo more >>file; chmod 640 file; touch dir/inherits; mv link dir/link
	rm linked; mkdir sub/deep/er; chown 0:0 "a b"; cp file copy; chown -R 20:20 sub
	rm -r sub/deep; ln -s x dir/dangling; chown -h 30:30 dir/dangling'
expect "afterwards" "-rw-r--r-- 0/0 d/a
-rw-r----- 0/0 d/copy
drwxr-sr-x 0/7 d/dir/
lrwxrwxrwx 30/30 d/dir/dangling
-rw-r--r-- 0/7 d/dir/inherits
lrwxrwxrwx 3/4 d/dir/link
-rw-r--r-- 11/12 d/dir/new
-rw-r----- 1000/42 d/file
-rwxr-xr-x 5/0 d/set
drwxr-xr-x 20/20 d/sub/
-rw-r--r-- 20/20 d/sub/other" "$(owners)"

refuse() { # WHAT COMMAND…: the words behind the last colon
	expect "$1" "$2" "$(next -- sh -c "$3" 2>&1 | sed -n 's/^chown: .*: //p')"
}
refuse "beyond the map" "Invalid argument" 'chown 65536 /d'
refuse "beyond the map" "Invalid argument" 'chown :70000 /d'
refuse "nothing there" "No such file or directory" 'chown 1 /d/no'
refuse "a link that leads nowhere" "No such file or directory" 'chown 1 /d/dir/dangling'
refuse "a file as directory" "Not a directory" 'chown 1 /d/file/x'
expect "a mount in memory" 0 "$(code next --mount type=tmpfs,target=/m -- \
	sh -c 'touch /m/x; chown 0:0 /m/x; chown 0 /dev/null 2>/dev/null || true')"
expect "a cache" 0 "$(code next --mount type=cache,target=/m,id=c -- \
	sh -c 'mkdir -p /m/x/y; chown 33:33 /m/x/y; chown 34:34 /m')"
expect "one that may not be written" "Read-only file system" \
	"$(next --mount type=cache,target=/m,id=c,ro -- sh -c 'chown 0 /m/x' 2>&1 | sed -n 's/^chown: .*: //p')"
expect "many" 0 "$(code next -- sh -c 'i=0; while [ $i -lt 500 ]; do
	i=$((i + 1)); mkdir -p /d/many/$((i % 10)); echo >/d/many/$((i % 10))/$i; done
	chown -R 44:44 /d/many; rm -r /d/many/3')"
expect "many" 460 "$(owners | grep -c ' 44/44 d/many/')"
