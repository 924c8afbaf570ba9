#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headers.sh [SOURCE]: fail when a header needs another to be included before it.
set -eu
cd "${1:-$(dirname "$0")/../..}"

flags=$(pkg-config --cflags fuse3 jansson 2>/dev/null || true)
compile="${CC:-cc} -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. $flags -fsyntax-only -Wall -Werror"
export compile
# shellcheck disable=SC2016
find fs builder tools tests -name '*.h' ! -path 'fs/base/banned.h' -print0 |
	xargs -0 -n 1 -P 2 sh -c 'echo "#include \"$1\"" | $compile -x c - ||
		{ echo "$1 does not stand alone"; exit 1; }' sh
