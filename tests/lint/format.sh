#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format.sh [SOURCE]: fail when clang-format 14 would change a file. Other versions differ in detail.
set -eu
cd "${1:-$(dirname "$0")/../..}"

for format in clang-format-14 clang-format none; do
	case $("$format" --version 2>/dev/null || true) in
	*' 14.'*) break ;;
	esac
done
if [ "$format" = none ]; then
	echo "skipped: there is no clang-format 14"
	exit 77
fi
found=$(find fs builder tools tests -name '*.[ch]' -print0 | xargs -0 "$format" --dry-run 2>&1 |
	sed -n 's/^\([^: ]*\):[0-9]*:[0-9]*: warning: code should be clang-formatted.*/\1/p' | uniq -c)
[ -z "$found" ] || { echo "places to be formatted:"; echo "$found"; exit 1; }
