#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libraries.sh VARVE: fail when the program loads at its start what it seldom needs. libarchive
# brings libxml2, ICU and libstdc++ with it, libcurl thirty others: a third more than all the rest
# of start-up together. They are loaded where they are used.
set -eu

if ! command -v ldd >/dev/null; then
	echo "skipped: there is no ldd"
	exit 77
fi
case $(ldd "$1") in
*lib[aut]san.so* | *libclang_rt*) echo "skipped: built with a sanitizer"; exit 77 ;;
esac
loaded=$(ldd "$1" | awk '{ print $1 }')
bad=0
for name in libarchive libcurl libxml2 libicu libstdc++ libgnutls libsubid libaudit; do
	case $loaded in
	*"$name"*) echo "'$1' loads $name at its start"; bad=1 ;;
	esac
done
count=$(echo "$loaded" | wc -l)
[ "$count" -le 14 ] || { echo "'$1' loads $count libraries at its start"; bad=1; }

# What is loaded later is told to those who package the program.
if command -v readelf >/dev/null; then
	notes=$(readelf -p .note.dlopen "$1")
	for name in libarchive libcurl libsubid; do
		case $notes in
		*'"soname":["'"$name".so.*) ;;
		*) echo "'$1' has no note of $name, which it loads"; bad=1 ;;
		esac
	done
	readelf -n "$1" | grep -qE '^ +FDO +0x[0-9a-f]+' || { echo "its notes are none to readelf"; bad=1; }
fi
exit $bad
