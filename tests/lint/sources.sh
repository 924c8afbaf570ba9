#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sources.sh SOURCE BUILD: fail when a source is compiled by nobody, or a case is run by nobody.
set -eu
cd "$1"
build=$2

found=$(
	# Fuzz targets are built where the compiler has libFuzzer.
	find fs builder tools tests -name '*.c' ! -path 'tests/fuzz/*' | while read -r file; do
		grep -q "/$file\"" "$build/compile_commands.json" ||
			echo "$file: no meson.build names it"
	done
	find tests/cases -mindepth 2 -name '*.sh' | while read -r file; do
		name=$(basename "$file" .sh)
		grep -qE "['/]$name(\.sh)?'" "$(dirname "$file")/meson.build" ||
			echo "$file: its meson.build does not run it"
	done
	# Whoever has no root is whom this is for.
	find tests/cases -mindepth 2 -name meson.build | while read -r file; do
		grep -q "'tester'" "$file" || echo "$file: runs nothing as an unprivileged user"
	done
	find tests/fuzz -name 'fuzz_*.c' 2>/dev/null | while read -r file; do
		name=$(basename "$file" .c)
		name=${name#fuzz_}
		grep -q "'$name'" tests/fuzz/meson.build || echo "$file: its meson.build does not build it"
		[ -n "$(ls "tests/fuzz/corpus/$name" 2>/dev/null)" ] || echo "$file: it has no corpus"
	done
	# What is fixed at the top, and nothing else.
	for entry in *; do
		case $entry in
		fs | builder | tools | tests | meson.build | README.md | LICENSE | build | build-*) ;;
		*) echo "$entry: does not belong at the top" ;;
		esac
	done
)
[ -z "$found" ] || { echo "$found"; exit 1; }
