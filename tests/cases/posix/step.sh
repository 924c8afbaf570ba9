# SPDX-License-Identifier: Apache-2.0
# What POSIX and ext4 promise, in the filesystem that a RUN sees.
. "$CASE_LIB"
cp "$POSIX" "$ROOT/bin/posix"
mkdir "$ROOT/work"
"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" -- posix /work >"$TEST_TMP/log" 2>&1 || {
	grep -B1 '^  ' "$TEST_TMP/log" | grep -v -e '^--' || cat "$TEST_TMP/log"
	fail "$(tail -n 1 "$TEST_TMP/log")"
}
grep -B1 '^  skipped' "$TEST_TMP/log" || true
tail -n 1 "$TEST_TMP/log"
