#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# self.sh: whether the checks find what they are there for, in a small tree of planted faults.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/varve-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0

# plant FILE: its content on standard input, behind the licence line
plant() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/fs/base" "$work/tree/fs/store" "$work/tree/builder" "$work/tree/tools" "$work/tree/tests"
	mkdir -p "$work/tree/$(dirname "$1")"
	{ echo '/* SPDX-License-Identifier: Apache-2.0 */'; cat; } >"$work/tree/$1"
}

# passes CHECK; finds CHECK PATTERN
passes() {
	"$here/$1" "$work/tree" >"$work/out" 2>&1 || { echo "$1 complains without a reason:"; cat "$work/out"; bad=1; }
}
finds() {
	if "$here/$1" "$work/tree" >"$work/out" 2>&1; then
		echo "$1 does not find: $2"
		bad=1
	elif ! grep -q "$2" "$work/out"; then
		echo "$1 does not say '$2':"
		cat "$work/out"
		bad=1
	fi
}

lines() {
	awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++) print "\tint x" i ";" }'
}

echo '#include "fs/object/id.h"' | plant fs/store/a.c
passes layers.sh
echo '#include "fs/store/store.h"' | plant fs/base/a.c
finds layers.sh 'fs/base may not include fs/store/store.h'
echo '#include "tools/verb.h"' | plant builder/step/run/a.c
finds layers.sh 'builder/step may not include tools/verb.h'
echo '#include "builder/step/step_run.h"' | plant builder/solve/a.c
finds layers.sh 'builder/solve may not include builder/step/step_run.h'
echo '#include "builder/step/step.h"' | plant builder/solve/a.c
passes layers.sh
echo '#include "store.h"' | plant fs/store/a.c
finds layers.sh 'not named from the root'
echo '#include <curl/curl.h>' | plant tools/a.c
finds layers.sh 'may not include <curl'
echo '#  include <openssl/evp.h>' | plant fs/base/other.c
finds layers.sh 'may not include <openssl'
echo 'int x;' | plant fs/new/a.c
passes layers.sh
echo '#include "fs/tree/tree_internal.h"' | plant fs/overlay/a.c
finds layers.sh 'internal to fs/tree'

{ echo 'int f(void)'; echo '{'; lines 80; echo '}'; } | plant fs/base/a.c
passes size.sh
{ echo 'int f(void)'; echo '{'; lines 81; echo '}'; } | plant fs/base/a.c
finds size.sh 'the function has 81 lines'
lines 800 | plant fs/base/a.c
finds size.sh 'the file has 801 lines'

for text in 'TODO: more' 'works for now' 'only a stub' 'not implemented' 'a simplified form'; do
	echo "/* $text */" | plant fs/base/a.c
	finds words.sh "$text"
done
echo '/* TODO(#12): the rest; XXXXXX stubborn */' | plant fs/base/a.c
passes words.sh

echo 'int x;' | plant fs/base/a.c
passes licence.sh
echo 'int x;' >"$work/tree/fs/base/a.c"
finds licence.sh 'fs/base/a.c: the first line is not'
echo 'int x;' | plant fs/base/a.c
printf '#!/bin/sh\nexit 0\n' >"$work/tree/tests/script"
finds licence.sh 'tests/script: the licence is missing'

printf 'static inline size_t f(void)\n{\n\treturn 0;\n}\n' | plant fs/base/a.h
finds headers.sh 'size_t'
printf '#include <stddef.h>\nstatic inline size_t f(void)\n{\n\treturn 0;\n}\n' | plant fs/base/a.h
passes headers.sh
exit $bad
