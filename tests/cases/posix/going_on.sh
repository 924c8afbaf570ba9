# SPDX-License-Identifier: Apache-2.0
# A workspace is committed, and the mount goes on: the next RUN of the same stage.
. "$CHECK_LIB"
# What is read from the device is counted.
[ "$(cat /sys/module/fuse/parameters/enable_uring 2>/dev/null)" != Y ] ||
	skip "requests come by io_uring here"
[ -r "/proc/$$/io" ] || skip "nobody counts what processes read here"
TMPDIR=$TEST_TMP "$GOING_ON"
