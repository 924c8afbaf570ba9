#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# words.sh [SOURCE]: fail on words that say that something is not finished. What cannot be done is
# refused with a clear message, and what is to be done has a number where it is written down.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

# A mark with a number, TODO(#12), may stay, and so may the name of an errno in quotes.
words='\b(TODO|FIXME)\b|(?-i:\b(XXX|HACK)\b)|\bfor now\b|\bstub(s|bed)?\b|\bnot implemented\b|\bsimplified\b'
words="$words"'|\bwork in progress\b|\bnot yet (done|supported|implemented)\b|\bquick fix\b|\bkludge\b'
found=$(find fs builder tools tests README.md .ci .github meson.build -type f \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.scd' -o -name 'meson.build' \
	-o -name '*.txt' -o -path '.ci/*' -o -path 'tests/run' -o -path 'tests/setup' \) \
	! -path 'tests/lint/*' -exec grep -inP "$words" /dev/null {} + 2>/dev/null |
	grep -vE 'TODO\(#[0-9]+\)|"[Nn]ot implemented"' || true)
[ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
