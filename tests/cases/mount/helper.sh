# SPDX-License-Identifier: Apache-2.0
# mount(8), and lines of /etc/fstab.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

mkdir "$TEST_TMP/path"
ln -s "$VARVE" "$TEST_TMP/path/varve"
ln -s "$VARVE" "$TEST_TMP/path/mount.fuse.varve"
export PATH="$TEST_TMP/path:$PATH:/usr/sbin:/sbin"

echo "as mount(8) calls its helpers"
mount.fuse.varve base "$AT" -o ro,noauto,user,x-systemd.automount,nofail
test -d "$AT/bin"
! mkdir "$AT/new" 2>/dev/null || fail "it can be written to"
varve umount "$AT"
mount.fuse.varve base "$AT" -n -o rw
mkdir "$AT/new"
varve umount "$AT"
mount.fuse.varve base "$AT" -o ro
[ ! -e "$AT/new" ] || fail "what was written is still there"
varve umount "$AT"

echo "as the helper for all of FUSE calls us"
(
	unset VARVE_STORE
	varve base "$AT" -o "ro,store=$TEST_TMP/store"
)
test -d "$AT/bin"
varve umount "$AT"
varve anything "$AT" -o "ro,all"
test -d "$AT/base:latest/bin"
varve umount "$AT"

echo "failures have the status that mount(8) knows, and name the state"
expect "status" 32 "$(code mount.fuse.varve nosuch "$AT" -o ro 2>"$TEST_TMP/error")"
grep -q "varve: .*'nosuch'" "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
expect "status" 1 "$(code mount.fuse.varve base 2>"$TEST_TMP/error")"
mount.fuse.varve base "$AT" -f -o ro
! mountpoint -q "$AT" || fail "-f has mounted"

[ "$(id -u)" = 0 ] || exit 0
command -v mount.fuse >/dev/null || skip "mount.fuse (package fuse3) is not installed"

echo "mount -t fuse.varve, and lines of fstab, for root and for a user"
user=$(id -nu 1001 2>/dev/null || true)
cat >"$TEST_TMP/fstab" <<END
base $AT fuse.varve noauto,ro,store=$TEST_TMP/store 0 0
users:1 $TEST_TMP/users fuse.varve noauto,user,ro,store=$TEST_TMP/users.store 0 0
END
if [ -n "$user" ]; then
	chmod 755 "$TEST_TMP"
	install -d -o "$user" "$TEST_TMP/users" "$TEST_TMP/users.store"
	chmod 644 "$TEST_TMP/base.tar"
	runuser -u "$user" -- "$VARVE" --store "$TEST_TMP/users.store" import --name users:1 \
		"$TEST_TMP/base.tar" >/dev/null
fi

# In a namespace of its own the host's files can be covered.
cat >"$TEST_TMP/inside" <<'END'
set -eu
# The namespace has copies of other cases' mounts, whose servers would wait for its end.
for other in $(findmnt -rn -t fuse.varve -o TARGET); do
	umount -l "$other"
done
mount --bind "$TEST_TMP/path" /usr/local/bin
mount --bind "$TEST_TMP/fstab" /etc/fstab
mount -t fuse.varve -o ro base "$AT"
test "$(findmnt -n -o FSTYPE,SOURCE "$AT" | tr -s ' ')" = "fuse.varve base"
umount "$AT"
mount "$AT"
test -d "$AT/bin"
umount "$AT"
mount -t fuse.varve -o rw,noexec,nosuid base "$AT"
findmnt -n -o OPTIONS "$AT" | grep -qw nosuid
findmnt -n -o OPTIONS "$AT" | grep -qw noexec
umount "$AT"
mount -t fuse.varve -o rw base "$AT"
if findmnt -n -o OPTIONS "$AT" | grep -wE 'nosuid|nodev|noexec'; then exit 1; fi
mkdir "$AT/new"
mount -o remount,ro "$AT"
if mkdir "$AT/other" 2>/dev/null; then exit 1; fi
test -d "$AT/new"
mount -o remount,rw "$AT"
mkdir "$AT/other"
umount "$AT"
[ -n "$1" ] || exit 0
runuser -u "$1" -- mount "$TEST_TMP/users"
runuser -u "$1" -- test -d "$TEST_TMP/users/bin"
runuser -u "$1" -- umount "$TEST_TMP/users"
END
export AT
unshare -m sh "$TEST_TMP/inside" "$user"
