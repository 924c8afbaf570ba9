# SPDX-License-Identifier: Apache-2.0
# /proc and /sys show the step and not the host.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"

expect "processes" "1 2 " "$(run -- sh -c 'cd /proc; echo -n [0-9]*; echo " "')"
expect "it is number 2" 2 "$(run -- sh -c 'echo $$')"
expect "hidden files" "" \
	"$(run -- sh -c 'cd /proc; for f in interrupts kcore keys latency_stats sched_debug timer_list; do
		[ ! -e $f ] || [ -c $f ] || echo $f; done')"
expect "they read as nothing" 0 "$(run -- sh -c 'cat /proc/keys /proc/timer_list /proc/interrupts | wc -c')"
expect "hidden directories" "" "$(run -- sh -c 'cd /; ls proc/acpi proc/scsi proc/asound sys/firmware \
	sys/devices/virtual/powercap 2>/dev/null | grep -v -e : -e "^$"')"
for name in sys bus fs irq; do
	expect "/proc/$name is read-only" "1" \
		"$(run -- sh -c "grep -c ' /proc/$name proc ro,' /proc/mounts")"
done
expect "sysctls cannot be set" 1 \
	"$(code run -- sh -c 'echo 1 2>/dev/null >/proc/sys/kernel/core_pattern')"
expect "nor those of its own namespaces" 1 \
	"$(code run -- sh -c 'echo x 2>/dev/null >/proc/sys/kernel/hostname')"
expect "sysrq-trigger" 1 "$(code run -- sh -c 'echo h 2>/dev/null >/proc/sysrq-trigger')"
expect "/sys is read-only" 1 "$(run -- sh -c 'grep -c " /sys sysfs ro," /proc/mounts')"
expect "/sys with the host's network too" 1 \
	"$(run --network host -- sh -c 'grep -c " /sys sysfs ro," /proc/mounts')"
expect "masks stay" 1 "$(code run -- sh -c 'umount /proc/keys 2>/dev/null')"
expect "masks stay, once more" "EPERM" "$(run -- inside syscalls | grep '^umount ' | cut -d' ' -f2)"
expect "no mount of /sys on top" "EPERM" "$(run -- inside syscalls | grep '^mount ' | cut -d' ' -f2)"

# Pid 1 is ours and keeps to itself.
for name in exe cwd root fd environ maps mem; do
	expect "/proc/1/$name" "1" "$(code run -- sh -c "ls /proc/1/$name/ >/dev/null 2>&1 ||
		cat /proc/1/$name >/dev/null 2>&1")"
done
expect "its program has no name" "" "$(run -- readlink /proc/1/exe 2>/dev/null || true)"
expect "it does not die of signals" alive \
	"$(run -- sh -c 'kill -9 1; kill -TERM 1; sleep 0.1; echo alive')"
expect "it cannot be traced" "ptrace EPERM" "$(run -- inside ptrace 1)"
# Who is attached to at its exec may die of that once the tracer has left.
expect "the step's own processes can" "ptrace ok" \
	"$(run -- sh -c 'sleep 5 & inside ptrace $!; kill -9 $! 2>/dev/null')"

# Without masks and with all capabilities it is still only this user namespace.
expect "insecure: no masks" 0 "$(run --insecure -- sh -c 'grep -c " /proc/" /proc/mounts || true')"
expect "insecure: mounts" ok "$(run --insecure -- sh -c 'mount -t tmpfs x /mnt && echo ok')"
expect "insecure: not the host's devices" 1 \
	"$(code run --insecure -- sh -c 'inside mknod /tmp/d 60600 8 0 | grep -q ok')"
expect "insecure: not the host's sysctls" 1 \
	"$(code run --insecure -- sh -c 'echo 1 2>/dev/null >/proc/sys/kernel/sysrq')"
expect "insecure: pid 1 keeps to itself" 1 \
	"$(code run --insecure -- sh -c 'ls /proc/1/fd/ >/dev/null 2>&1')"
