#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shell.sh [SOURCE]: fail when shellcheck finds something in a script.
set -eu
cd "${1:-$(dirname "$0")/../..}"

if ! command -v shellcheck >/dev/null; then
	echo "skipped: shellcheck is not installed"
	exit 77
fi
scripts=$(find fs builder tools tests .ci -type f \( -name '*.sh' -o -name '*.bash' \) 2>/dev/null || true)
scripts="$scripts $(grep -rlE --exclude-dir=corpus '^#!/bin/sh' fs builder tools tests .ci 2>/dev/null |
	grep -v '\.sh$' || true)"
# shellcheck disable=SC2086
shellcheck $scripts
