#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# completions.sh SOURCE VARVE: fail when the stored completions are not what the program prints.
set -eu
cd "$1/tools/completions"

bad=0
for pair in bash:varve.bash zsh:_varve fish:varve.fish; do
	"$2" debug completions "${pair%%:*}" | diff -u "${pair#*:}" - || bad=1
done
[ $bad = 0 ] || echo "'ninja -C BUILD completions' writes them anew"
exit $bad
