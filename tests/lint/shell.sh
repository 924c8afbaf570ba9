#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shell.sh [SOURCE]: fail when shellcheck finds something in a script.
set -eu
cd "${1:-$(dirname "$0")/../..}"

if ! command -v shellcheck >/dev/null; then
	echo "skipped: shellcheck is not installed"
	exit 77
fi
# Scripts say so in their first line; what is sourced or run by a harness has only a suffix.
scripts=$(find fs builder tools tests .ci -type f ! -path '*/corpus/*' -exec awk '
	FNR == 1 && /^#!\/bin\/(ba)?sh/ { print FILENAME }' {} + 2>/dev/null || true)
others=$(find fs builder tools tests -type f -name '*.sh' ! -path 'tests/cases/*' -o \
	-path 'tools/completions/*.bash')
bad=0
# shellcheck disable=SC2046,SC2086
shellcheck $(printf '%s\n' $scripts $others | sort -u) || bad=1
# Cases are run by "sh -eu" with a library that the harness names, and hand scripts in quotes to the
# shell inside a sandbox.
# shellcheck disable=SC2046
shellcheck -s sh -S warning -e SC1090,SC2010,SC2016,SC2154 $(find tests/cases -name '*.sh') || bad=1
exit $bad
