# SPDX-License-Identifier: Apache-2.0
# What is written in an active snapshot survives its server.
. "$CASE_LIB"
. "$BUILD_LIB"

mount_work() {
	varve mount snapshot:work "$AT"
}

# Kill it without a warning, while the kernel has heard from it just before.
kill_server() {
	stat "$AT" >/dev/null
	kill -9 "$(pgrep -n -u "$(id -u)" -f "mount snapshot:work $AT")"
	wait_for 5 sh -c "! ls '$AT' >/dev/null 2>&1"
}

varve snapshot prepare work
mount_work

echo "unmounting keeps all"
mkdir -p "$AT/a/b" "$AT/gone"
echo small >"$AT/a/small"
dd if=/dev/urandom of="$TEST_TMP/large" bs=64k count=40 2>/dev/null
cp "$TEST_TMP/large" "$AT/a/large"
ln -s small "$AT/a/link"
ln "$AT/a/small" "$AT/hard"
touch -d '2020-02-02 02:02:02.123456789' "$AT/a/small"
rmdir "$AT/gone"
before=$(stat -c '%n %i %h %Y %y %a' "$AT"/a/* "$AT/hard")
varve umount "$AT"
mount_work
expect "attributes" "$before" "$(stat -c '%n %i %h %Y %y %a' "$AT"/a/* "$AT/hard")"
cmp "$TEST_TMP/large" "$AT/a/large"
expect "link" small "$(cat "$AT/a/link")"
[ ! -e "$AT/gone" ] || fail "a directory that was removed is there"

echo "what was synced survives its server's death"
echo synced >"$AT/a/synced"
mv "$AT/a/link" "$AT/moved"
printf XYZ | dd of="$AT/a/large" bs=1 seek=100000 conv=notrunc 2>/dev/null
printf XYZ | dd of="$TEST_TMP/large" bs=1 seek=100000 conv=notrunc 2>/dev/null
rm "$AT/hard"
sync "$AT/a/synced"
kill_server
mount_work
expect "synced" synced "$(cat "$AT/a/synced")"
expect "moved" small "$(readlink "$AT/moved")"
cmp "$TEST_TMP/large" "$AT/a/large"
[ ! -e "$AT/hard" ] || fail "a name that was removed is there"
expect "names" 1 "$(stat -c %h "$AT/a/small")"

echo "so does what was written a while ago"
echo later >"$AT/later"
sleep 2.5
kill_server
mount_work
expect "later" later "$(cat "$AT/later")"

echo "synced files stay whole whatever comes after them"
i=0
while [ $i -lt 40 ]; do
	echo "number $i, and more than a directory's entry has room for, to be sure" >"$AT/f$i"
	i=$((i + 1))
done
sync "$AT/f0"
rm "$AT"/f[0-9]
i=0
while [ $i -lt 40 ]; do
	echo "other $i, and more than a directory's entry has room for, to be sure" >"$AT/g$i"
	i=$((i + 1))
done
kill_server
mount_work
i=0
while [ $i -lt 40 ]; do
	if [ -e "$AT/f$i" ]; then
		expect "f$i" "number $i, and more than a directory's entry has room for, to be sure" \
			"$(cat "$AT/f$i")"
	else
		[ $i -lt 10 ] || fail "f$i is gone"
	fi
	i=$((i + 1))
done

echo "files that came and went in one mount are in nobody's way"
mkdir "$AT/many"
cp "$TEST_TMP/large" "$AT/many/a"
sync "$AT/many/a"
cat "$TEST_TMP/large" >>"$AT/many/a"
cp "$TEST_TMP/large" "$AT/many/b"
sleep 1.5
rm "$AT/many/b"
varve umount "$AT"
mount_work
cat "$TEST_TMP/large" "$TEST_TMP/large" | cmp - "$AT/many/a"
rm -r "$AT/many"

echo "and is what is committed"
rm -f "$AT"/f* "$AT"/g*
varve umount "$AT"
varve snapshot commit result work >/dev/null
expect "files" "/a /a/b /a/large /a/small /a/synced /later /moved" \
	"$(varve diff result | sed -n 's/^A //p' | xargs)"
varve mount snapshot:result "$AT"
cmp "$TEST_TMP/large" "$AT/a/large"
varve umount "$AT"
