# SPDX-License-Identifier: Apache-2.0
# Who wants an active snapshot waits for the server that is about to end, and for nothing else.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

server_of() { # KEY
	pgrep -u "$(id -u)" -n -f "mount snapshot:$1 $AT"
}
says() { # TEXT: what was waited for
	grep -q "$1" "$TEST_TMP/said"
}
is_gone() {
	! kill -0 "$1" 2>/dev/null
}

echo "a server that has not yet seen that it was unmounted"
varve snapshot prepare work base
varve mount snapshot:work "$AT"
echo before >"$AT/file"
server=$(server_of work)
kill -STOP "$server"
varve umount "$AT"
"$VARVE" snapshot commit waited work >"$TEST_TMP/id" 2>"$TEST_TMP/said" &
pid=$!
wait_for 20 says "waiting for process $server, which still serves the snapshot 'work'"
kill -0 $pid || fail "it did not wait"
varve snapshot prepare meanwhile base
kill -CONT "$server"
wait $pid || fail "$(cat "$TEST_TMP/said")"
expect "what was written" before "$(varve cat waited:/file)"
expect "others could go on" meanwhile "$(varve snapshot ls --format json | sed -n 's/.*"key":"\(meanwhile\)".*/\1/p')"

echo "one that may never end is said so"
varve snapshot prepare work base
varve mount snapshot:work "$AT"
server=$(server_of work)
kill -STOP "$server"
varve umount "$AT"
status=$(VARVE_FAULT=keyed.unseen:EIO code varve snapshot rm work 2>"$TEST_TMP/said")
kill -CONT "$server"
expect "status" 125 "$status"
grep -q "gave up waiting for process $server, which still serves the snapshot 'work'" \
	"$TEST_TMP/said" || fail "$(cat "$TEST_TMP/said")"
wait_for 20 is_gone "$server"
varve snapshot rm work

echo "one whose disk is slow is waited for as long as it takes"
varve snapshot prepare work base
VARVE_FAULT=mount.finish:stall varve mount snapshot:work "$AT"
echo slow >"$AT/file"
sync "$AT/file"
server=$(server_of work)
varve umount "$AT"
VARVE_FAULT=keyed.unseen:EIO "$VARVE" snapshot commit slow work >"$TEST_TMP/id" 2>"$TEST_TMP/said" &
pid=$!
wait_for 20 says "process $server, which brings to the disk what was written in the snapshot 'work'"
kill -0 $pid || fail "it did not wait: $(cat "$TEST_TMP/said")"
kill -KILL "$server"
wait $pid || fail "$(cat "$TEST_TMP/said")"
expect "what was written" slow "$(varve cat slow:/file)"

echo "while it is mounted nobody waits"
varve snapshot prepare work base
varve mount snapshot:work "$AT"
! varve snapshot commit again work 2>"$TEST_TMP/said" || fail "it was committed"
says "is mounted at '$AT'" || fail "$(cat "$TEST_TMP/said")"
varve umount "$AT"
varve snapshot rm work meanwhile
