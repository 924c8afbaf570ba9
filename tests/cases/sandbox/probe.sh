# SPDX-License-Identifier: Apache-2.0
# What a host is found to allow, and what is said to mend it.
# shellcheck shell=sh disable=SC1090
. "$CASE_LIB"
probe() {
	"$@" "$SANDBOX_PROBE" "$RUNTIME" || true
}
probe env >report
for name in kernel "system call filter" "user namespaces" sandbox /proc FUSE; do
	expect_match "$name" "$name: ok: *" "$(grep "^$name: " report)"
done
if has_all_ids; then
	expect "ids" "ids: ok: 65536 users and 65536 groups can be used in steps" "$(grep ^ids: report)"
else
	expect_match "ids" "ids: warn: *no subordinate ids -> as root: usermod --add-subuids*" \
		"$(grep ^ids: report)"
fi
sh -c 'ulimit -n 1000; exec "$@"' sh "$SANDBOX_PROBE" "$RUNTIME" >report || true
expect_match "few open files" "open files: warn: only 1000 at a time -> ulimit -Hn*" \
	"$(grep '^open files' report)"

# Things taken away in a mount namespace of one's own.
if [ "$(id -u)" = 0 ]; then
	probe unshare -m sh -eu -c 'mount --bind /dev/null /dev/fuse; exec "$@"' sh >report
	expect_match "another device as /dev/fuse" "FUSE: fail: *" "$(grep ^FUSE: report)"
	probe unshare -m sh -eu -c 'mount -t tmpfs x /dev; exec "$@"' sh >report
	expect_match "no /dev" "*fail*" "$(cat report)"
	probe unshare -m sh -eu -c 'mount -t tmpfs none /proc/acpi; exec "$@"' sh >report
	expect_match "a covered /proc" "/proc: warn: *systempaths=unconfined" "$(grep ^/proc: report)"
fi
