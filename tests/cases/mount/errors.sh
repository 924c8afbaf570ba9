# SPDX-License-Identifier: Apache-2.0
# What cannot be mounted, and where nothing can be.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

# refuse PATTERN ARGUMENTS...
refuse() {
	pattern=$1
	shift
	expect "status of 'mount $*'" 125 "$(code varve mount "$@" 2>"$TEST_TMP/error")"
	expect_match "mount $*" "$pattern" "$(cat "$TEST_TMP/error")"
}

# The newest: one that was killed may not have been waited for.
server() {
	pgrep -n -u "$(id -u)" -f "mount base $AT"
}

refuse "varve: *'nosuch'*list*" nosuch "$AT"
refuse "varve: *no snapshot 'nosuch'*list*" snapshot:nosuch "$AT"
: >"$TEST_TMP/file"
refuse "varve: *'base'*'*file'*" base "$TEST_TMP/file"
refuse "varve: *'base'*nonsense*" -o nonsense base "$AT"
! mountpoint -q "$AT" || fail "something is mounted"
if [ "$(id -u)" != 0 ]; then
	refuse "varve: *'base'*'/usr'*" base /usr
fi

echo "what a server that died has left is in nobody's way"
varve mount base "$AT"
kill -9 "$(server)"
wait_for 5 sh -c "! ls '$AT' >/dev/null 2>&1"
varve mount base "$AT"
test -d "$AT/bin"
varve umount "$AT"

echo "a server that is told to end unmounts"
varve mount base "$AT"
kill "$(server)"
wait_for 5 sh -c "! mountpoint -q '$AT'"

echo "one that is in use stays"
varve mount base "$AT"
(cd "$AT" && sleep 5) &
sleep 0.3
expect "status" 125 "$(code varve umount "$AT" 2>"$TEST_TMP/error")"
grep -q "in use" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
kill %1 2>/dev/null || true
wait
wait_for 5 varve umount "$AT"
