# SPDX-License-Identifier: Apache-2.0
# Device nodes that a RUN makes: no kernel lets a user have them, so they are recorded.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
mkdir "$ROOT/d" "$ROOT/d/sub"
step() { # OPTIONS -- COMMAND, on the root filesystem
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" "$@"
}
next() { # the same on the state that the last one left
	"$RUN_STEP" --store "$TEST_TMP/store" --from "$(cat id)" "$@"
}
listed() { # NAME: as tar shows it in the last archive
	tar --numeric-owner -tvf tar | awk -v name="$1" '$6 == name { print $1, $2, $3 }'
}

expect "they show at once" "mknod ok mknod ok character special file 600 0:0 5:1" \
	"$(step --id id --tar tar --layer layer -- sh -c 'test -e /d/x
		echo $(inside mknod /d/x 20600 5 1; inside mknod /d/sub/b 60640 8 256
			stat -c "%F %a %u:%g %t:%T" /d/x)')"
expect "in an archive" "crw------- 0/0 5,1" "$(listed d/x)"
expect "in an archive" "brw-r----- 0/0 8,256" "$(listed d/sub/b)"
mv layer tar
expect "in a layer" "brw-r----- 0/0 8,256" "$(listed d/sub/b)"
expect "in the next step" "5:1 8:100" "$(next --id id -- sh -c 'echo $(stat -c %t:%T /d/x /d/sub/b)')"
expect "they are like other files" "root 644 7 1" "$(next --id id --tar tar -- sh -c '
	mv /d/x /d/y; ln /d/y /d/z; chmod 644 /d/y; touch -d @7 /d/y; rm /d/sub/b
	echo $(stat -c "%U %a %Y" /d/y; ls /d/sub | wc -l | sed s/0/1/)')"
expect "after that" "crw-r--r-- 0/0 5,1" "$(listed d/y)"
expect "after that" "" "$(listed d/sub/b)"
expect "they do not open" "/d/y EACCES" "$(next -- inside open /d/y r)"

expect "there already" "mknod EEXIST" "$(next -- inside mknod /d/y 20600 5 1)"
expect "a directory that is gone" "mknod ENOENT" \
	"$(next -- sh -c 'mkdir /d/gone; cd /d/gone; rmdir /d/gone; inside mknod x 20600 5 1')"
expect "a directory that is new" "mknod ok 5:1" \
	"$(next -- sh -c 'mkdir -p /n/a/b; mv /n /m; echo $(inside mknod /m/a/b/x 20600 5 1; stat -c %t:%T /m/a/b/x)')"
expect "the root directory" "mknod ok" "$(next -- inside mknod /x 20600 5 1)"
expect "a mount point" "mknod EPERM" "$(next -- inside mknod /dev/x 20600 5 1)"

# Others make and remove names in the same directory meanwhile.
expect "many at once" "400 1200" "$(step -- sh -c '
	for i in 1 2 3 4; do (
		j=0
		while [ $j -lt 100 ]; do
			inside mknod /d/n-$i-$j 20600 $i $j >/dev/null
			echo >/d/f-$i-$j; mkdir /d/d-$i-$j; ln /d/f-$i-$j /d/l-$i-$j
			ls /d >/dev/null
			j=$((j + 1))
		done) &
	done
	wait
	echo $(find /d -type c | wc -l; find /d -name "[dfl]-*" | wc -l)')"

# Caches are filesystems like the root.
cached() { # OPTION -- COMMAND
	cached_option=$1
	shift
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" \
		--mount "type=cache,target=/mnt,id=c,$cached_option" "$@"
}
expect "in a cache" "mknod ok" "$(cached sharing=shared -- inside mknod /mnt/x 20600 5 1)"
expect "and kept there" "5:1" "$(cached sharing=locked -- stat -c %t:%T /mnt/x)"
expect "in one that is shared" "mknod ok 4:2" \
	"$(cached sharing=shared -- sh -c 'echo $(inside mknod /mnt/y 20600 4 2; stat -c %t:%T /mnt/y)')"
expect "a read-only one" "mknod EROFS" "$(cached ro -- inside mknod /mnt/z 20600 5 1)"

# Owners that the map does not have do not exist, as the kernel says.
expect "beyond the map" "chown: /d: Invalid argument" \
	"$(step -- sh -c 'chown 70000:70000 /d' 2>&1 | grep chown: || true)"
if has_all_ids; then
	expect "an owner" "crw------- 1000/42 5,1" "$(step --tar tar -- sh -c 'inside mknod /d/x 20600 5 1
		chown 1000:42 /d/x' >/dev/null; listed d/x)"
	expect "users may not" "mknod EPERM" "$(step --user 1000:1000 -- inside mknod /tmp/x 20600 5 1)"
fi

# A build that ends in the middle of it.
"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" -- sh -c 'echo up; i=0
	while :; do inside mknod /d/$((i = i + 1)) 20600 5 1 >/dev/null; done' >up &
builder=$!
wait_for 10 grep -qs up up
kill -TERM $builder
cancelled=0
wait $builder || cancelled=$?
expect "cancelled" 125 "$cancelled"
"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" -- sh -c 'echo up; i=0
	while :; do inside mknod /d/$((i = i + 1)) 20600 5 1 >/dev/null; done' >up2 &
builder=$!
wait_for 10 grep -qs up up2
kill -KILL $builder
wait $builder 2>/dev/null || true
