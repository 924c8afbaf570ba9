# SPDX-License-Identifier: Apache-2.0
# Sourced by shell cases: what a case says about what it saw. TEST_TMP is an empty directory of its
# own, which whoever runs the case may give.
# shellcheck shell=sh

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

# expect WHAT WANTED GOT
expect() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# expect_match WHAT PATTERN GOT: a shell pattern
expect_match() {
	# shellcheck disable=SC2254
	case $3 in
	$2) ;;
	*) fail "$1: expected something like '$2', got '$3'" ;;
	esac
}

# code COMMAND...: its exit status, its output left in $TEST_TMP/out and $TEST_TMP/err
code() {
	code_status=0
	"$@" >"$TEST_TMP/out" 2>"$TEST_TMP/err" || code_status=$?
	echo "$code_status"
}

if [ -z "${TEST_TMP:-}" ]; then
	TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/varve-case.XXXXXX")
	trap 'rm -rf "$TEST_TMP"' EXIT
fi
