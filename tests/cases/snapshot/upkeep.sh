# SPDX-License-Identifier: Apache-2.0
# Collecting, checking and removing know of active snapshots.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

space() {
	du -s --block-size=1 "$VARVE_STORE" | cut -f1
}

has_ended() {
	! pgrep -u "$(id -u)" -f "mount snapshot:broken $AT" >/dev/null
}

varve snapshot prepare work base
varve mount snapshot:work "$AT"
dd if=/dev/urandom of="$AT/large" bs=64k count=64 2>/dev/null
dd if=/dev/urandom of="$TEST_TMP/part" bs=4k count=1 2>/dev/null
cp "$TEST_TMP/part" "$AT/small"
sync "$AT/large" "$AT/small"
cp "$AT/large" "$TEST_TMP/large"

echo "what an active one begins with stays, mounted or not"
varve gc >/dev/null
cmp /bin/busybox "$AT/bin/busybox"
varve umount "$AT"
varve gc >/dev/null
varve fsck | grep -q "all is well"
usage=$(varve snapshot usage --format json work)
expect_match "usage" '*"size":4[0-9][0-9][0-9][0-9][0-9][0-9],*' "$usage"
varve mount snapshot:work "$AT"
cmp "$TEST_TMP/large" "$AT/large"
cmp "$TEST_TMP/part" "$AT/small"
cmp /bin/busybox "$AT/bin/busybox"

echo "a long journal becomes a state, and nothing changes"
varve umount "$AT"
VARVE_FAULT=keyed.checkpoint:EIO varve mount snapshot:work "$AT"
cmp "$TEST_TMP/large" "$AT/large"
cp "$TEST_TMP/part" "$AT/other"
printf X >>"$AT/large"
printf X >>"$TEST_TMP/large"
sync "$AT/other"
wait_for 20 varve umount "$AT"
varve mount snapshot:work "$AT"
cmp "$TEST_TMP/large" "$AT/large"
cmp "$TEST_TMP/part" "$AT/other"
varve umount "$AT"
[ "$(find "$VARVE_STORE/snapshots" -name 'journal.*' | wc -l)" = 1 ] || fail "old journals are left"
varve snapshot commit result work >/dev/null
expect "files" "/large /other /small" "$(varve diff result | sed -n 's/^A //p' | xargs)"

echo "removing gives the space back"
varve snapshot prepare other
varve mount snapshot:other "$AT"
dd if=/dev/zero of="$AT/zeros" bs=64k count=128 2>/dev/null
varve umount "$AT"
before=$(space)
varve snapshot rm other result
varve gc >/dev/null
[ "$(space)" -lt $((before - 8000000)) ] || fail "$before bytes before, $(space) now"
expect "directories" 0 "$(find "$VARVE_STORE/snapshots" -mindepth 1 -type d | wc -l)"

echo "a damaged journal is said so, and can be removed"
varve snapshot prepare broken
varve mount snapshot:broken "$AT"
echo x >"$AT/x"
varve umount "$AT"
journal=$(find "$VARVE_STORE/snapshots" -name 'journal.*')
wait_for 10 has_ended
printf garbage | dd of="$journal" conv=notrunc 2>/dev/null
! varve fsck >"$TEST_TMP/report" 2>/dev/null || fail "nothing was found"
grep -q "problem: .*'broken'.*journal is damaged" "$TEST_TMP/report" || fail "$(cat "$TEST_TMP/report")"
expect "status" 125 "$(code varve mount snapshot:broken "$AT" 2>"$TEST_TMP/error")"
grep -q "'broken'.*damaged" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
varve snapshot rm broken
varve fsck | grep -q "all is well"

echo "what a killed process has left goes with --repair"
mkdir -p "$VARVE_STORE/snapshots/$(printf %064d 7)/changes"
varve fsck | grep -q "left over: snapshots/0"
varve fsck --repair >/dev/null
! varve fsck | grep "left over" || fail "it is still there"
