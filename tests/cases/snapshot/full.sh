# SPDX-License-Identifier: Apache-2.0
# An active snapshot on a full disk: what is deleted gives room at once.
. "$CASE_LIB"
. "$BUILD_LIB"
small=$TEST_TMP/small
mkdir "$small"
mount -t tmpfs -o size=32m none "$small" 2>/dev/null || skip "no tmpfs can be mounted here"
trap 'umount -l "$AT" 2>/dev/null || true; umount -l "$small"' EXIT
export VARVE_STORE="$small/store"

free_mib() {
	stat -f -c '%a %S' "$small" | awk '{ print int($1 * $2 / 1048576) }'
}

varve snapshot prepare work
varve mount snapshot:work "$AT"
before=$(free_mib)

echo "space that cannot be set aside whole is not kept"
! fallocate -l 100M "$AT/huge" 2>"$TEST_TMP/error" || fail "there was room for it"
grep -q "No space left" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
[ "$(free_mib)" -ge $((before - 1)) ] || fail "$(free_mib) MiB free, $before before"

echo "files that are deleted make room for the next"
for i in 1 2 3 4 5 6; do
	dd if=/dev/urandom of="$AT/large" bs=1M count=20 2>/dev/null || fail "no room in round $i"
	rm "$AT/large"
done

echo "small ones, too"
for i in 1 2 3 4; do
	mkdir "$AT/small"
	for j in $(seq 250); do head -c 50000 /dev/zero >"$AT/small/$j" || fail "no room in round $i"; done
	rm -r "$AT/small"
done

echo "with nothing to delete the writer is told"
status=0
dd if=/dev/urandom of="$AT/large" bs=1M count=100 2>"$TEST_TMP/error" || status=$?
expect "status" 1 $status
grep -q "No space left" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
rm "$AT/large"
echo "and then" >"$AT/file"
varve umount "$AT"
varve mount snapshot:work "$AT"
expect "content" "and then" "$(cat "$AT/file")"
varve umount "$AT"
varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$(cat "$TEST_TMP/fsck")"
