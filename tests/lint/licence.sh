#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# licence.sh [SOURCE]: fail when a source or a script does not say under which licence it is.
set -eu
cd "${1:-$(dirname "$0")/../..}"

bad=0
missing=$(find fs builder tools tests -name '*.[ch]' -exec awk '
	FNR == 1 && $0 != "/* SPDX-License-Identifier: Apache-2.0 */" { print FILENAME }' {} +)
[ -z "$missing" ] || { echo "$missing" | sed 's/$/: the first line is not the licence/'; bad=1; }
scripts=$(find fs builder tools tests .ci -type f -name '*.sh' 2>/dev/null || true)
scripts="$scripts $(find fs builder tools tests .ci -type f ! -path '*/corpus/*' -exec awk '
	FNR == 1 && /^#!\/bin\/(ba)?sh/ { print FILENAME }' {} + 2>/dev/null || true)"
# shellcheck disable=SC2086
missing=$(grep -L '^# SPDX-License-Identifier: Apache-2.0$' $scripts /dev/null | grep -v '^/dev/null$' || true)
[ -z "$missing" ] || { echo "$missing" | sed 's/$/: the licence is missing/'; bad=1; }
exit $bad
