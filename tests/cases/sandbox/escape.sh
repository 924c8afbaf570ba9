# SPDX-License-Identifier: Apache-2.0
# What has let processes out of containers before, by number.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"
canary=$TEST_TMP/canary
echo untouched >"$canary"

# CVE-2019-5736: the image makes the runtime execute itself, to write to it or to feed it libraries.
ln -s /proc/self/exe "$ROOT/bin/self"
expect "a link to /proc/self/exe" 125 "$(code run -- self 2>err)"
expect_match "its words" "*cannot execute*" "$(cat err)"
expect "the same by its path" 125 "$(code run -- /bin/self 2>err)"
expect "the link itself" 125 "$(code run -- /proc/self/exe 2>err)"
printf '#!/proc/self/exe\n' >"$ROOT/bin/script"
chmod 755 "$ROOT/bin/script"
# The kernel follows that link for us: what runs is the helper, which has nobody to talk to.
expect "a script that names it" 125 "$(code run -- script 2>err | tail -n 1)"
run -- script >out 2>&1 || true
expect "what ran" "varve-init: this is a part of varve, not a program to run" "$(head -n 1 out)"
expect "it is a sealed file in memory" "" "$(run -- sh -c 'exec 2>&1; for f in /proc/[0-9]*/exe; do
	readlink $f; done' | grep -v -e ^/bin/ || true)"

# CVE-2024-21626: a working directory or descriptor that leads out.
for path in /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5 /proc/self/fd/6 /proc/self/fd/7 \
	/proc/self/fd/8 /proc/self/fd/9 /proc/self/fd/10 /proc/1/cwd /proc/1/root /proc/self/cwd \
	/proc/self/root/tmp; do
	expect "working directory $path" 125 "$(code run --cwd "$path" -- true 2>err)"
done
ln -s /proc/self/fd/7 "$ROOT/lead"
expect "working directory by a link" 125 "$(code run --cwd /lead -- true 2>err)"
expect "descriptors" 3 "$(run -- inside fds | wc -l)"
expect "nothing of the host's" "" "$(run -- inside fds | grep "$TEST_TMP" || true)"
expect ".. ends at the root" "$(run -- ls /)" "$(run -- ls /../../../..)"

# CVE-2024-1753, CVE-2021-30465, CVE-2018-15664 and kin: links where mounts go.
ln -s /etc "$ROOT/away"
ln -s "$TEST_TMP" "$ROOT/out"
ln -s ../../../../../../../../.."$TEST_TMP" "$ROOT/up"
ln -s /proc/self/cwd "$ROOT/magic"
expect "a target behind a link stays inside" hush \
	"$(run --mount file,dst=/away/passwd,text=hush -- cat /etc/passwd)"
for target in /out/canary /up/canary /../../../../../.."$canary"; do
	expect "target $target" 125 "$(code run --mount "file,dst=$target,text=x" -- true 2>err)"
	expect_match "its words" "*does not exist in the root filesystem*" "$(cat err)"
done
expect "a target behind a link of /proc" 125 \
	"$(code run --mount file,dst=/magic/passwd,text=x -- true 2>err)"
for target in /proc /proc/self /sys /sys/kernel; do
	expect "target $target" 125 "$(code run --mount "tmpfs,dst=$target" -- true 2>err)"
done
expect "the root as target" 125 "$(code run --mount tmpfs,dst=/ -- true 2>err)"
expect "the root as target, hidden" 125 "$(code run --mount tmpfs,dst=/tmp/.. -- true 2>err)"

# CVE-2024-1753 again: the source of a mount.
mkdir -p "$TEST_TMP/other/sub"
ln -s / "$TEST_TMP/other/rootdir"
ln -s sub "$TEST_TMP/other/link"
echo inside >"$TEST_TMP/other/sub/file"
mounted() {
	run --fs "other=$TEST_TMP/other" --root root --mount "fuse,fs=other,src=$1,dst=/mnt" -- \
		cat /mnt/file
}
expect "a source" inside "$(mounted /sub)"
for source in /rootdir /link /../sub /sub/../../etc; do
	expect "source $source" 125 "$(code mounted "$source" 2>err)"
done

# CVE-2024-23652: a step moves what a mount stands on. Nobody cleans up, so nothing is deleted.
expect "the parent of a target replaced" 0 "$(code run --mount tmpfs,dst=/mnt -- \
	sh -c 'mv /mnt /tmp/away 2>/dev/null; rm -rf /mnt 2>/dev/null; ln -s / /mnt 2>/dev/null; true')"
# /etc/hosts and its like are given where the image wants them, below its own root.
rm "$ROOT/etc/hosts" "$ROOT/etc/resolv.conf"
ln -s "$canary" "$ROOT/etc/hosts"
ln -s /proc/self/environ "$ROOT/etc/resolv.conf"
expect "links in /etc" 0 "$(code run -- true)"

# CVE-2022-24769: nothing to inherit. CVE-2022-0185: no way to the calls behind it.
expect "inheritable capabilities" 0000000000000000 \
	"$(run -- grep CapInh /proc/self/status | cut -f2)"
expect "fsopen" EPERM "$(run -- inside syscalls | grep '^fsopen ' | cut -d' ' -f2)"

# The host's processes: not seen, not reached, though the kernel knows them as the same user's.
sleep 100 &
host_pid=$!
expect "a process of the host" 1 "$(code run -- sh -c "kill -9 $host_pid 2>/dev/null")"
kill -0 $host_pid || fail "a step killed a process of the host"
kill $host_pid
expect "all of them" 0 "$(code run -- sh -c 'kill -9 -1 2>/dev/null; true')"
kill -0 $$ || fail "a step killed processes of the host"

expect "the file that nobody was to touch" untouched "$(cat "$canary")"
