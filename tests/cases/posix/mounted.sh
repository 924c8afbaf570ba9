# SPDX-License-Identifier: Apache-2.0
# What holds in a RUN holds in mounts for the host: one open to others, whose rights count in it,
# one for its owner alone, and an active snapshot.
. "$CASE_LIB"
. "$BUILD_LIB"
posix() { # TEST...
	"$POSIX" "$AT/work" "$@" >"$TEST_TMP/log" 2>&1 || {
		grep -B1 '^  ' "$TEST_TMP/log" | grep -v -e '^--' || cat "$TEST_TMP/log"
		fail "$(tail -n 1 "$TEST_TMP/log")"
	}
	tail -n 1 "$TEST_TMP/log"
}
[ "$(id -u)" = 0 ] || skip "mounts for other users need root"
chmod 755 "$TEST_TMP"
make_base

echo "open to others"
varve mount --rw -o allow_other,suid,dev base "$AT"
mkdir "$AT/work"
posix
varve umount "$AT"

echo "an active snapshot"
varve snapshot prepare work base
varve mount -o allow_other,suid,dev snapshot:work "$AT"
mkdir "$AT/work"
posix acls content names ranges special xattrs
varve umount "$AT"

echo "for its owner alone"
varve mount --rw base "$AT"
mkdir "$AT/work"
posix acls/known acls/minimal acls/default acls/refused content listing locks maps ranges renames
varve umount "$AT"
