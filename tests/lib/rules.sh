# SPDX-License-Identifier: Apache-2.0
# Sourced by the cases of tests/cases/rules: each rule is a function whose name begins with the
# rule's id, and run_rules calls all of them, each with a store and a context of its own, which is
# where it starts. A rule that fails does not keep the others from being looked at.
# shellcheck shell=sh disable=SC1090,SC2013,SC2015,SC2034,SC2154

. "$CASE_LIB"
. "$BUILD_LIB"
make_base
RULES_STORE=$VARVE_STORE
# Rules that are known to fail, each with the reason in a line above.
KNOWN=''

# dockerfile [LINE…]: these lines, or standard input
dockerfile() {
	if [ $# -gt 0 ]; then printf '%s\n' "$@" >Dockerfile; else cat >Dockerfile; fi
}

# made [OPTIONS…]: build what is here; the files of the image are in $OUT then
made() {
	rm -rf "$OUT"
	build --output "type=local,dest=$OUT" "$@" .
}

# imaged [OPTIONS…]: build it into the store, as image "it"
imaged() {
	build -t it "$@" .
}

# config FILTER: what the configuration of image "it" has there, as JSON
config() {
	varve inspect --part config it | jq -c "$1"
}

# holds FILE TEXT: the image has such a file
holds() {
	[ -f "$OUT/$1" ] || fail "there is no file '$1': $(cd "$OUT" && find . | head -n 20)"
	expect "$1" "$2" "$(cat "$OUT/$1")"
}

# lacks FILE
lacks() {
	[ ! -e "$OUT/$1" ] && [ ! -L "$OUT/$1" ] || fail "there is '$1'"
}

# refused TEXT [OPTIONS…]: the build fails, and this is said
refused() {
	refused_text=$1
	shift
	refused_status=0
	varve build --output "type=local,dest=$OUT" "$@" . >"$LOG" 2>&1 || refused_status=$?
	[ $refused_status = 1 ] || fail "status $refused_status, not 1, for: $(cat Dockerfile)
$(cat "$LOG")"
	said "$refused_text"
}

# said TEXT: by the build that was last
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}

silent() {
	! grep -F -- "$1" "$LOG" || fail "'$1' in: $(cat "$LOG")"
}

# run_rule NAME: in a directory of its own; its output is left in $RULE_DIR.said
run_rule() {
	RULE_DIR=$TEST_TMP/$1
	mkdir "$RULE_DIR" "$RULE_DIR/context" "$RULE_DIR/at"
	cp -a "$RULES_STORE" "$RULE_DIR/store"
	set +e
	(
		set -eu
		VARVE_STORE=$RULE_DIR/store CONTEXT=$RULE_DIR/context AT=$RULE_DIR/at
		LOG=$RULE_DIR/log OUT=$RULE_DIR/out
		cd "$CONTEXT"
		"$1"
	) >"$RULE_DIR.said" 2>&1
	rule_status=$?
	set -e
}

run_rules() {
	rules_failed=0 rules_run=0
	for rule in $(sed -n 's/^\([A-Z][0-9][0-9]_[a-z0-9_]*\)() {$/\1/p' "$0"); do
		[ -z "${RULE:-}" ] || case $rule in ${RULE}*) ;; *) continue ;; esac
		rules_run=$((rules_run + 1))
		run_rule "$rule"
		case " $KNOWN " in
		*" $rule "*)
			[ $rule_status != 0 ] || {
				echo "$rule: it is kept now; it need not be in KNOWN any more"
				rules_failed=$((rules_failed + 1))
			}
			;;
		*)
			[ $rule_status = 0 ] || {
				echo "$rule: failed"
				sed 's/^/    /' "$RULE_DIR.said"
				rules_failed=$((rules_failed + 1))
			}
			;;
		esac
	done
	echo "$rules_run rules, $rules_failed failed"
	[ $rules_failed = 0 ] && [ $rules_run -gt 0 ]
}
