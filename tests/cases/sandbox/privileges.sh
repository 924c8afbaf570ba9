# SPDX-License-Identifier: Apache-2.0
# Capabilities, the filter, users.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"

capabilities() {
	run "$@" -- grep -e CapInh -e CapPrm -e CapEff -e CapBnd -e CapAmb -e NoNewPrivs -e '^Seccomp:' \
		/proc/self/status | cut -d: -f2 | tr -d '\t' | tr '\n' ' '
}
zero=0000000000000000
usual=00000000a80425fb
all=$(printf '%016x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
expect "the fourteen usual ones" "$zero $usual $usual $usual $zero 0 2 " "$(capabilities)"
expect "insecure: all" "$zero $all $all $all $zero 0 0 " "$(capabilities --insecure)"

run -- inside syscalls >calls
while read -r name verdict; do
	case $name in
	clone3 | newest) wanted=ENOSYS ;;
	af-unix | af-netlink | personality-linux) wanted=ok ;;
	cachestat) continue ;; # older kernels lack it
	*) wanted=EPERM ;;
	esac
	expect "system call $name" "$wanted" "$verdict"
done <calls
expect "number of calls tried" 37 "$(wc -l <calls)"
run --insecure -- inside syscalls >calls
expect "insecure: new namespaces" ok "$(grep '^unshare-mount ' calls | cut -d' ' -f2)"
expect "insecure: mounts" ok "$(grep '^mount ' calls | cut -d' ' -f2)"
expect "insecure: not the host's clock" EPERM "$(grep '^settimeofday ' calls | cut -d' ' -f2)"
expect "insecure: not the host's power" EPERM "$(grep '^reboot ' calls | cut -d' ' -f2)"

if has_all_ids; then
	expect "a user" "uid=1000 gid=1001 groups=5,20,1001" \
		"$(run --user 1000:1001,5,20 -- id | sed 's/,*(.*)//')"
	expect "a user has no capabilities" "$zero $zero $zero $usual $zero 0 2 " \
		"$(capabilities --user 1000:1000)"
	expect "a user writes to its own output" x \
		"$(run --user 1000:1000 -- sh -c 'echo x >/dev/stdout')"
	expect "chown" "33:44 65534:65534" "$(run -- sh -c 'touch /tmp/a /tmp/b
		chown 33:44 /tmp/a; chown 65534:65534 /tmp/b; echo $(stat -c %u:%g /tmp/a /tmp/b)')"
	expect "files of a user are its own" "1000:1000" \
		"$(run --user 1000:1000 -- sh -c 'touch /tmp/f; stat -c %u:%g /tmp/f')"
	expect "a user may not write for root" 1 \
		"$(code run --user 1000:1000 -- sh -c 'echo x 2>/dev/null >/etc/passwd')"
	expect "becoming a user as su does" "uid=1000,1000,1000 gid=1000,1000,1000 nnp=0" \
		"$(run -- inside su 1000 /bin/inside ids)"
	expect "and back with a set-user-id program" "uid=1000,0,0 gid=1000,1000,1000 nnp=0" \
		"$(run -- sh -c 'cp /bin/inside /tmp/sudo; chown 0:0 /tmp/sudo; chmod 4755 /tmp/sudo
			inside su 1000 /tmp/sudo ids')"
	expect "set-group-id" "uid=1000,1000,1000 gid=1000,42,42 nnp=0" \
		"$(run -- sh -c 'cp /bin/inside /tmp/mail; chown 0:42 /tmp/mail; chmod 2755 /tmp/mail
			inside su 1000 /tmp/mail ids')"
	expect "a secret of another user" 1 \
		"$(code run --user 1000:1000 --mount file,dst=/etc/hostname,text=x,mode=400 -- \
			sh -c 'cat /etc/hostname 2>/dev/null')"
	expect "a secret of one's own" x \
		"$(run --user 1000:1000 --mount file,dst=/etc/hostname,text=x,mode=400,uid=1000 -- \
			cat /etc/hostname)"
	expect "a tmpfs of one's own" 1000:1000:700 \
		"$(run --mount tmpfs,dst=/mnt,uid=1000,gid=1000,mode=700 -- stat -c %u:%g:%a /mnt)"
	expect "the terminals' group" 5 "$(run -- sh -c 'exec 5<>/dev/ptmx; stat -c %g /dev/pts/0')"
else
	expect "a user" "uid=1000 gid=1001 groups=5,20,1001" \
		"$(run --user 1000:1001,5,20 -- id | sed 's/,*(.*)//')"
	expect "becoming a user as su does" "uid=1000,1000,1000 gid=1000,1000,1000 nnp=0" \
		"$(run -- inside su 1000 /bin/inside ids)"
	expect "a secret of a user" 1000:5 \
		"$(run --mount file,dst=/etc/hostname,text=x,mode=400,uid=1000,gid=5 -- \
			stat -c %u:%g /etc/hostname)"
	expect "a tmpfs of one's own" 1000:1000:700 \
		"$(run --mount tmpfs,dst=/mnt,uid=1000,gid=1000,mode=700 -- stat -c %u:%g:%a /mnt)"
	expect "what the host has is not to be had" 1 "$(code run -- chown 5 /dev/null 2>err)"
	expect "another user in an insecure step" 125 \
		"$(code run --insecure --user 1000:1000 -- true 2>err)"
	expect_match "its words" "*insecure step*subordinate ids*" "$(cat err)"
	expect "an id beyond the map" 125 "$(code run --user 70000:0 -- true 2>err)"
	expect_match "its words" "*ids end at 65535*" "$(cat err)"
	expect_match "it is said" "warning: *no subordinate ids*usermod*" \
		"$("$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" -- true 2>&1)"
	expect "what needs no other ids" "0:0" "$(run -- sh -c 'touch /tmp/f; chown 0:0 /tmp/f; stat -c %u:%g /tmp/f')"
fi
