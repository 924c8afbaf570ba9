# SPDX-License-Identifier: Apache-2.0
# A disk that is really full: a small filesystem in memory, mounted in a namespace of our own.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"

if [ "${1:-}" != inside ]; then
	unshare -Urm true 2>/dev/null || skip "unshare -Urm is not allowed here"
	exec env TEST_TMP="$TEST_TMP" unshare -Urm sh -eu "$0" inside
fi

mkdir "$TEST_TMP/disk"
VARVE_STORE=$TEST_TMP/disk/store
export VARVE_STORE

mount -t tmpfs -o size=64m none "$TEST_TMP/disk" || skip "no tmpfs here"
mkdir "$VARVE_STORE"
wanted=$("$STORE_FULL" "$VARVE_STORE")
needed=$(du -sk "$VARVE_STORE" | cut -f 1)
umount "$TEST_TMP/disk"

failures=0
size=16
while [ "$size" -lt $((needed * 3)) ]; do
	mount -t tmpfs -o size="${size}k" none "$TEST_TMP/disk"
	mkdir "$VARVE_STORE"
	status=$(code "$STORE_FULL" "$VARVE_STORE")
	case $status in
	0) ;;
	3) failures=$((failures + 1)) ;;
	*) fail "with ${size}k: $(cat "$TEST_TMP/out" "$TEST_TMP/err")" ;;
	esac
	if [ "$status" = 3 ]; then
		grep -qi "space\|full" "$TEST_TMP/out" ||
			fail "with ${size}k it only says: $(cat "$TEST_TMP/out")"
		# As soon as there is room, all goes on.
		mount -o remount,size=64m "$TEST_TMP/disk"
		expect "the state after ${size}k" "$wanted" "$("$STORE_FULL" "$VARVE_STORE")"
	fi
	expect "fsck after ${size}k" 0 "$(code "$VARVE" fsck)"
	expect "gc after ${size}k" 0 "$(code "$VARVE" gc)"
	umount "$TEST_TMP/disk"
	size=$((size + 12))
done
[ "$failures" -gt 5 ] || fail "the disk was full only $failures times"
echo "full $failures times"
