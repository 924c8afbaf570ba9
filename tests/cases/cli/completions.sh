# SPDX-License-Identifier: Apache-2.0
# Completions as bash asks for them; those of the other shells are at least read by them.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"

"$VARVE" debug completions bash >"$TEST_TMP/bash"
"$VARVE" debug completions zsh >"$TEST_TMP/zsh"
"$VARVE" debug completions fish >"$TEST_TMP/fish"

cat >"$TEST_TMP/ask" <<'END'
# ask SCRIPT WORD...: what is offered for the last word
complete() { :; }
compopt() { :; }
. "$1"
shift
COMP_WORDS=(varve "$@")
COMP_CWORD=$#
_varve
printf '%s ' "${COMPREPLY[@]}"
END

# offers WANTED WORD...: as bash splits them, so with "=" as a word of its own
offers() {
	wanted=$1
	shift
	expect "varve $*" "$wanted" "$(bash "$TEST_TMP/ask" "$TEST_TMP/bash" "$@")"
}

offers 'version ' ver
offers 'bash zsh fish ' debug completions ''
offers 'completions ' debug ''
offers '--format ' version --fo
offers 'table json ' version --format ''
offers 'json ' version --format = j
offers 'table json ' version --format =
offers 'version ' --store /somewhere ver
offers 'version ' --store = /somewhere ver
offers 'version ' help ver
offers ' ' version -- -
mkdir "$TEST_TMP/one-directory"
: >"$TEST_TMP/one-file"
offers "$TEST_TMP/one-directory " --store "$TEST_TMP/one"

if command -v zsh >/dev/null; then
	zsh -n "$TEST_TMP/zsh" || fail "zsh does not read its completions"
fi
if command -v fish >/dev/null; then
	fish -n "$TEST_TMP/fish" || fail "fish does not read its completions"
fi
