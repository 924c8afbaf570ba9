#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# man.sh SOURCE VARVE: fail when a page's OPTIONS are not those of --help, or a verb has no page.
set -eu
cd "$1/tools/man"
varve=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/varve-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0

# verbs PATH...: those that the help of that verb lists
verbs() {
	"$varve" help "$@" | awk '
		/^[^ ].*:$/ { listing = $0 !~ /(Options|Arguments|Examples|Aliases):$/; next }
		listing && /^  [a-z]/ { print $1 }'
}

# options SECTION PATH...: "-f --file string", one a line, from the help
options() {
	section=$1
	shift
	"$varve" help "$@" | awk -v section="$section" '
		/^[^ ].*:$/ { listing = $0 == section ":"; next }
		listing && /^ +-/ {
			sub(/^ +/, "")
			sub(/   .*/, "")
			sub(/,/, "")
			print
		}'
}

# The same from the OPTIONS of a page: "*-f*, *--file* _string_".
page_options() {
	awk '
		/^# / { listing = $0 == "# OPTIONS"; next }
		listing && /^\*-/ {
			gsub(/[*_,]/, "")
			gsub(/\\/, "")
			print
		}' "$1"
}

# check PAGE SECTION PATH...
check() {
	page=$1
	section=$2
	shift 2
	if [ ! -f "$page" ]; then
		echo "tools/man/$page is missing"
		bad=1
		return
	fi
	options "$section" "$@" | sort >"$work/help"
	page_options "$page" | sort >"$work/page"
	# Verbs below this one have their options on the same page.
	for child in $(verbs "$@"); do
		[ $# -eq 0 ] || options Options "$@" "$child" >>"$work/help"
	done
	sort -u -o "$work/help" "$work/help"
	if ! diff -u --label "--help" "$work/help" --label "tools/man/$page" "$work/page"; then
		bad=1
	fi
}

check varve.1.scd Options
for verb in $(verbs); do
	check "varve-$verb.1.scd" Options "$verb"
	grep -q "^\*$verb\*" varve.1.scd || { echo "tools/man/varve.1.scd: no word about '$verb'"; bad=1; }
	for child in $(verbs "$verb"); do
		grep -q "\*$child\*\|varve $verb $child" "varve-$verb.1.scd" ||
			{ echo "tools/man/varve-$verb.1.scd: no word about '$child'"; bad=1; }
	done
done
for page in varve-*.1.scd; do
	verb=${page#varve-}
	verb=${verb%.1.scd}
	verbs | grep -qx "$verb" || { echo "tools/man/$page: there is no such verb"; bad=1; }
done
if command -v scdoc >/dev/null; then
	for page in *.scd; do
		scdoc <"$page" >/dev/null || { echo "tools/man/$page: scdoc does not read it"; bad=1; }
	done
fi
exit $bad
