#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layers.sh [SOURCE]: fail when a file includes what layers.txt does not allow its module.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"

find fs builder tools tests -name '*.[ch]' \
	-exec grep -nE '^#[[:space:]]*include [<"]' /dev/null {} + |
awk -v table="$here/layers.txt" '
# The listed module that a path lies in; "" when there is none.
function module_of(path,    m, best) {
	best = ""
	for (m in allowed)
		if (index(path, m "/") == 1 && length(m) > length(best))
			best = m
	return best
}
# Whether the words of a list hold the module, or the file itself.
function holds(list, module, file) {
	return list == " * " || index(list, " " module " ") || index(list, " " file " ")
}
function complain(text) {
	print text
	bad = 1
}
BEGIN {
	while ((getline line < table) > 0) {
		if (line ~ /^#/ || line !~ /:/)
			continue
		who = substr(line, 1, index(line, ":") - 1)
		words = " " substr(line, index(line, ":") + 2) " "
		if (who ~ /^</)
			library[substr(who, 2)] = words
		else
			allowed[who] = words
	}
	# A table that allows a circle orders nothing.
	for (a in allowed)
		for (b in allowed)
			if (a < b && a !~ /^tools/ && holds(allowed[a], b, "-") && holds(allowed[b], a, "-"))
				complain("layers.txt: " a " and " b " allow each other")
}
{
	split($0, part, ":")
	file = part[1]
	where = file ":" part[2]
	target = $0
	sub(/^[^"<]*/, "", target)
	mine = module_of(file)
	if (mine == "") {
		complain(where ": " file " lies in no module of layers.txt")
	} else if (target ~ /^"/) {
		sub(/^"/, "", target)
		sub(/".*/, "", target)
		theirs = module_of(target)
		if (target !~ /\//)
			complain(where ": \"" target "\" is not named from the root of the sources")
		else if (theirs == "")
			complain(where ": " target " lies in no module of layers.txt")
		else if (theirs != mine && !holds(allowed[mine], theirs, target))
			complain(where ": " mine " may not include " target)
		if (target ~ /_internal\.h$/ && theirs != mine && mine != "tests")
			complain(where ": " target " is internal to " theirs)
	} else if (mine != "tests") {
		sub(/^</, "", target)
		for (name in library) {
			if (index(target, name) != 1)
				continue
			ok = holds(library[name], mine, file)
			top = mine
			sub(/\/.*/, "", top)
			if (!ok && !holds(library[name], top, file))
				complain(where ": " file " may not include <" target)
		}
	}
}
END { exit bad }'
