# SPDX-License-Identifier: Apache-2.0
# How the command is called, what it says to wrong calls, and how it ends.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"

# refuse STATUS WANTED COMMAND...: a pattern for the first line on standard error
refuse() {
	status=$1
	wanted=$2
	shift 2
	expect "status of '$*'" "$status" "$(code "$@")"
	expect_match "$*" "$wanted" "$(head -n 1 "$TEST_TMP/err")"
	expect "standard output of '$*'" '' "$(cat "$TEST_TMP/out")"
}

refuse 125 "varve: 'verzion' is no command of varve; did you mean 'version'?" "$VARVE" verzion
refuse 125 "varve: 'qqqqqq' is no command of varve" "$VARVE" qqqqqq
refuse 125 "varve: unknown option '--versoin'; did you mean '--version'?" "$VARVE" --versoin
refuse 125 "varve: unknown option '--version'" "$VARVE" version --version
refuse 125 "varve: unknown option '-q' in '-q'" "$VARVE" version -q
refuse 125 "varve: '--format' takes one of 'table', 'json', not 'xml'" "$VARVE" version --format xml
refuse 125 "varve: '--format' needs a value" "$VARVE" version --format
refuse 125 "varve: 'varve version' takes no arguments, but was given 'x'" "$VARVE" version x
refuse 125 "varve: 'varve debug' needs a command" "$VARVE" debug
refuse 125 "varve: 'varve debug completions' needs bash|zsh|fish" "$VARVE" debug completions
refuse 125 "varve: one argument too many for 'varve debug completions': 'zsh'" \
	"$VARVE" debug completions bash zsh
refuse 125 "varve: no completions for 'tcsh'*" "$VARVE" debug completions tcsh
refuse 125 "varve: 'nothing' is no command of varve" "$VARVE" help nothing
refuse 125 "varve: *\[EINVAL\]" "$VARVE" --debug qqqqqq
grep -q "^See 'varve --help'.$" "$TEST_TMP/err" || fail "a wrong call must point to --help"

expect "varve" 0 "$(code "$VARVE")"
cp "$TEST_TMP/out" "$TEST_TMP/help"
for call in --help -h help; do
	expect "$call" 0 "$(code "$VARVE" $call)"
	cmp "$TEST_TMP/help" "$TEST_TMP/out" || fail "'varve $call' is not the help"
done
"$VARVE" debug completions --help >"$TEST_TMP/help"
"$VARVE" help debug completions >"$TEST_TMP/out"
cmp "$TEST_TMP/help" "$TEST_TMP/out" || fail "help of a verb differs from its --help"

version=$("$VARVE" --version)
expect_match "--version" "varve version [0-9]*.[0-9]*.[0-9]*" "$version"
expect "-v" "$version" "$("$VARVE" -v)"
number=${version#varve version }
expect_match "version" "Version: *$number*" "$("$VARVE" version)"
expect "version in JSON" "$number" "$("$VARVE" version --format=json | jq -r .version)"

# Options of the command are good before and behind the verb; docker's plug-in word is passed over.
expect "options around" "$number" "$("$VARVE" --debug version --store /x --format json -D | jq -r .version)"
expect "buildx" "$number" "$("$VARVE" buildx version --format json | jq -r .version)"

# What cannot be written has not been done.
if [ -w /dev/full ]; then
	status=0
	"$VARVE" version >/dev/full 2>"$TEST_TMP/err" || status=$?
	expect "a full disk" 125 "$status"
	expect "a full disk" "varve: cannot write to standard output: No space left on device" \
		"$(cat "$TEST_TMP/err")"
fi
status=0
"$VARVE" version >&- 2>"$TEST_TMP/err" || status=$?
expect "a closed standard output" 125 "$status"
