# SPDX-License-Identifier: Apache-2.0
# A directory of 200,000 names (fewer under sanitizers) stays one that can be worked with.
. "$CHECK_LIB"
TMPDIR=$TEST_TMP "$CROWDED" "$NAMES"
