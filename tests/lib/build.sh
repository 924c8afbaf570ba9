# SPDX-License-Identifier: Apache-2.0
# Sourced by the shell cases that call `varve build`, behind case.sh.
# shellcheck shell=sh disable=SC2154

export VARVE_STORE="$TEST_TMP/store"
export BUILDKIT_PROGRESS=plain
unset VARVE_PROGRESS SOURCE_DATE_EPOCH

varve() {
	"$VARVE" "$@"
}

# An image "base" of the root that make_root() has made.
make_base() {
	tar -C "$ROOT" --numeric-owner --owner=0 --group=0 -cf "$TEST_TMP/base.tar" .
	varve import --name base "$TEST_TMP/base.tar" >"$TEST_TMP/base.id"
}

# build OPTIONS…: what it shows goes to $LOG
build() {
	varve build "$@" >"$LOG" 2>&1 || {
		build_status=$?
		sed 's/^/| /' "$LOG" >&2
		return $build_status
	}
}

# step TEXT: how the step whose name has this text went: CACHED, DONE, ERROR
step() {
	awk -v text="$1" '
		$1 ~ /^#[0-9]+$/ && !($1 in known) && index($0, text) { known[$1] = 1 }
		$1 in known && $2 ~ /^(CACHED|DONE|ERROR:|CANCELED)$/ { result = $2 }
		END { sub(/:/, "", result); print result }' "$LOG"
}

# count RESULT: how many steps of stages went like that
count() {
	awk -v wanted="$1" '
		/^#[0-9]+ \[/ && !/\[internal\]/ { step[$1] = 1 }
		($1 in step) && $2 == wanted { n++ }
		END { print n + 0 }' "$LOG"
}

# at STATE COMMAND…: run it with the state mounted at $AT
at() {
	varve mount "$1" "$AT"
	shift
	at_status=0
	"$@" || at_status=$?
	varve umount "$AT"
	return $at_status
}

LOG=$TEST_TMP/log
AT=$TEST_TMP/at
CONTEXT=$TEST_TMP/context
mkdir -p "$AT" "$CONTEXT"
