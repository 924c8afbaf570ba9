# SPDX-License-Identifier: Apache-2.0
# A workspace is committed, and the mount goes on: the next RUN of the same stage.
. "$CHECK_LIB"
[ -r "/proc/$$/io" ] || skip "nobody counts what processes read here"
TMPDIR=$TEST_TMP "$GOING_ON"
