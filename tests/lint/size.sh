#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# size.sh [SOURCE]: fail when a file has more than 800 lines, or a function more than 80.
# Those of more than 500 and 60 are named: they ask to be split.
set -eu
cd "${1:-$(dirname "$0")/../..}"

find fs builder tools tests -name '*.[ch]' | LC_ALL=C sort | xargs awk '
function complain(where, what, lines, ask, most) {
	if (lines > most) {
		printf "%s: %s has %d lines, more than %d\n", where, what, lines, most
		bad = 1
	} else if (lines > ask) {
		printf "%s: %s has %d lines: time to split it?\n", where, what, lines
	}
}
function end_file() {
	if (name != "")
		complain(name, "the file", count, 500, 800)
}
FNR == 1 { end_file(); name = FILENAME; start = 0 }
{ count = FNR }
# House style: what begins at the left edge with a brace is a function.
/^{/ { start = FNR }
/^}/ {
	if (start > 0)
		complain(FILENAME ":" start, "the function", FNR - start - 1, 60, 80)
	start = 0
}
END { end_file(); exit bad }'
