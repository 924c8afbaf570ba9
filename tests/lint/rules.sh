#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rules.sh [SOURCE]: fail when a rule of the reference page has no case in tests/cases/rules, nor a
# reason in tests/README.md why there is none; or a case has no rule. The same of what people write
# about, by tests/cases/sources.txt.
set -eu
cd "${1:-$(dirname "$0")/../..}"
page=${VARVE_CASES:-../shared/cases}/../reference/dockerfile-and-buildkit.md

if [ ! -f "$page" ]; then
	echo "skipped: there is no reference page '$page'"
	exit 77
fi
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
rules=$(sed -n 's/^| \([LHVIRCKXS][0-9][0-9]\) |.*/\1/p' "$page" | sort -u)
cases=$(sed -n 's/^\([A-Z][0-9][0-9]\)_[a-z0-9_]*() {$/\1/p' tests/cases/rules/*.sh | sort -u)
found=$(
	for rule in $rules; do
		printf '%s\n' "$cases" | grep -qx "$rule" || grep -qw "$rule" tests/README.md ||
			echo "$rule: no case in tests/cases/rules, and no reason in tests/README.md"
	done
	sed -n 's/^| \(S[ABCD][0-9][0-9]\) |.*/\1/p' "$page" | sort -u >"$wanted"
	grep -v '^#' tests/cases/sources.txt | cut -d ' ' -f 1 | sort | diff "$wanted" - ||
		echo "tests/cases/sources.txt: not the rows of the page"
	grep -v '^#' tests/cases/sources.txt | while read -r row case; do
		if [ "$case" = README ]; then
			grep -qw "$row" builder/README.md || echo "$row: builder/README.md does not name it"
		else
			[ -f "tests/cases/$case.sh" ] || echo "$row: there is no case '$case'"
		fi
	done
	for rule in $cases; do
		printf '%s\n' "$rules" | grep -qx "$rule" || echo "$rule: the page has no such rule"
	done
)
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
