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
exit $bad
