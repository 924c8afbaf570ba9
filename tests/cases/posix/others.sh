# SPDX-License-Identifier: Apache-2.0
# Other users see of a mount that is open to them what the modes of its files let them see.
. "$CASE_LIB"
. "$BUILD_LIB"
id tester >/dev/null 2>&1 || skip "there is no user 'tester'"
other() {
	setpriv --reuid tester --regid tester --clear-groups "$@"
}
chmod 755 "$TEST_TMP"
echo secret >"$ROOT/secret"
echo public >"$ROOT/public"
chmod 600 "$ROOT/secret"
chmod 644 "$ROOT/public"
make_base

varve mount --rw -o allow_other base "$AT"
expect "what everybody may read" public "$(other cat "$AT/public")"
expect "what nobody else may" "" "$(other cat "$AT/secret" 2>/dev/null || true)"
! other sh -c "echo x >>'$AT/public'" 2>/dev/null || fail "anybody can write"
varve umount "$AT"

varve mount base "$AT"
expect "a mount for oneself" "" "$(other cat "$AT/public" 2>/dev/null || true)"
expect "what its owner sees" secret "$(cat "$AT/secret")"
varve umount "$AT"
