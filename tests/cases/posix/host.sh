# SPDX-License-Identifier: Apache-2.0
# The tests of tests/lib/posix say what other filesystems do.
. "$CHECK_LIB"
[ "$(stat -f -c %T .)" = ext2/ext3 ] || skip "this is no ext4"
mkdir work kept
"$POSIX" work >log || {
	grep -B1 '^  ' log
	fail "$(tail -n 1 log)"
}
"$POSIX" make kept
"$POSIX" verify kept
tail -n 1 log
