# SPDX-License-Identifier: Apache-2.0
# What 'varve doctor' says of hosts that are well, and of those that are not.
# shellcheck shell=sh disable=SC1090,SC2016,SC2094
. "$CASE_LIB"
export VARVE_STORE="$TEST_TMP/store" XDG_RUNTIME_DIR="$RUNTIME"
doctor() {
	"$VARVE" doctor >report
}
verdict() { # NAME: of the last report
	sed -n "s/ *$1: .*//p" report
}
mend() { # NAME: the line that follows
	sed -n "/^[a-z]* *$1: /{n;s/^ *-> //p}" report
}

expect "a host that is well" 0 "$(code doctor)"
for name in kernel "mount calls" "system call filter" "user namespaces" sandbox /proc FUSE store; do
	expect "$name" ok "$(verdict "$(echo "$name" | sed 's#/#\\/#')")"
done
expect "nothing is left" "" "$(ls -A "$VARVE_STORE" 2>/dev/null)"
if has_all_ids; then
	expect "ids" ok "$(verdict ids)"
else
	expect "ids" weak "$(verdict ids)"
	# Not those that somebody else has already.
	first=$(sed -n 's/.*--add-subuids \([0-9]*\)-.*/\1/p' report)
	expect_match "ids" "as root: usermod --add-subuids $first-$((first + 65535)) *$(id -un)" "$(mend ids)"
	awk -F: -v first="$first" '$2 + $3 > first && $2 < first + 65536 { exit 1 }' /etc/subuid ||
		fail "$first is somebody's already"
fi

# Which platforms it can build for.
host=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
expect "platforms" ok "$(verdict platforms)"
grep -q "platforms: RUN for .*linux/$host" report || fail "$(cat report)"
if [ ! -e /proc/sys/fs/binfmt_misc/status ]; then
	expect_match "handlers that do not show" "*mount -t binfmt_misc*" "$(mend platforms)"
fi

# Every line is a finding, its mend, or the last; as JSON the same, an object a line.
expect "the form" "" "$(sed '$d' report | grep -vE '^(ok|weak|fault) +[^:]+: .|^       -> .' || true)"
"$VARVE" doctor --format json >json
expect "as many in JSON" "$(grep -cE '^(ok|weak|fault) ' report)" "$(wc -l <json)"
expect_match "an object" '{"name":"kernel","verdict":"ok","found":"Linux *"}' "$(head -n 1 json)"

# What keeps steps from running is a fault, and its mend is said.
expect "a store that cannot be" 1 "$(VARVE_STORE=/dev/null/x; code doctor)"
expect "a store that cannot be" fault "$(verdict store)"
expect_match "a store that cannot be" "*VARVE_STORE=*" "$(mend store)"
sh -c 'ulimit -n 1000; exec "$VARVE" doctor' >report
expect "few open files" weak "$(verdict "open files")"
expect_match "few open files" "ulimit -Hn*" "$(mend "open files")"

[ "$(id -u)" = 0 ] || exit 0
broken() { # COMMANDS STATUS
	broken_status=0
	unshare -m sh -eu -c "$1; exec \"\$VARVE\" doctor" >report || broken_status=$?
	expect "status after '$1'" "$2" "$broken_status"
}
broken 'mount --bind /dev/null /dev/fuse' 1
expect "another device as /dev/fuse" fault "$(verdict FUSE)"
expect_match "another device as /dev/fuse" "*mknod -m 666 /dev/fuse c 10 229" "$(mend FUSE)"
broken 'mount --bind /dev/null /dev/net/tun' 0
expect "no way out" weak "$(verdict network)"
broken 'mount -t tmpfs none /proc/acpi' 0
expect "a covered /proc" weak "$(verdict '\/proc')"
expect_match "a covered /proc" "*systempaths=unconfined" "$(mend '\/proc')"
broken 'mount -t tmpfs -o size=16m none "$TEST_TMP"; mkdir -m 700 "$XDG_RUNTIME_DIR"' 0
expect "a full disk" weak "$(verdict "free space")"
expect "a full disk" "varve gc" "$(mend "free space")"

# A chroot: the kernel allows none there.
chroot_status=0
mkdir "$TEST_TMP/chroot"
unshare -m sh -eu -c 'for dir in /*; do
		if [ -L "$dir" ]; then
			cp -P "$dir" "$TEST_TMP/chroot/"
		elif [ -d "$dir" ]; then
			mkdir "$TEST_TMP/chroot$dir"
			mount --rbind "$dir" "$TEST_TMP/chroot$dir"
		fi
	done
	exec chroot "$TEST_TMP/chroot" "$VARVE" doctor' >report || chroot_status=$?
expect "a chroot" 1 "$chroot_status"
expect_match "a chroot" "*in a chroot: enter it with*" "$(mend "user namespaces")"

# A kernel that forbids user namespaces: a user namespace has a limit of its own.
if [ -w /proc/sys/user/max_user_namespaces ]; then
	forbidden_status=0
	unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$VARVE" doctor' \
		>report 2>/dev/null || forbidden_status=$?
	expect "no user namespaces" 1 "$forbidden_status"
	expect "no user namespaces" fault "$(verdict "user namespaces")"
	expect "no user namespaces" "as root: sysctl -w user.max_user_namespaces=15000" \
		"$(mend "user namespaces")"
fi
