# SPDX-License-Identifier: Apache-2.0
# Sourced by cases that look at processes: those that a case has started, whoever their parent is
# now, as orphans become children of case-run. Nothing here starts one, which would be seen.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154

# family PID: its children and theirs, in $family
family() {
	family=''
	family_next=$1
	while [ -n "$family_next" ]; do
		set -- $family_next
		family_next=''
		for family_pid; do
			for family_list in /proc/"$family_pid"/task/*/children; do
				family_line=''
				{ read -r family_line <"$family_list" || true; } 2>/dev/null
				family_next="$family_next $family_line"
			done
		done
		family_next=${family_next# }
		family="$family $family_next"
		case $family_next in *[0-9]*) ;; *) family_next='' ;; esac
	done
}

# Nobody is left but the case itself.
alone() {
	family $PPID
	for family_pid in $family; do
		[ "$family_pid" = $$ ] || return 1
	done
}

# servers: those of the family that serve filesystems, in $found
servers() {
	found=''
	family $PPID
	for family_pid in $family; do
		# Two words with a NUL between them, which the shell drops.
		family_line=''
		{ read -r family_line <"/proc/$family_pid/cmdline" || true; } 2>/dev/null
		case $family_line in
		*serve-filesystem*) found="$found $family_pid" ;;
		esac
	done
}

# runs COMMAND: one of the family runs it, its words without blanks between them
runs() {
	family $PPID
	for family_pid in $family; do
		family_line=''
		{ read -r family_line <"/proc/$family_pid/cmdline" || true; } 2>/dev/null
		[ "$family_line" != "$1" ] || return 0
	done
	return 1
}

# inits: pid 1 of steps, in $found; programs for networks have a namespace of their own, too
inits() {
	found=''
	family $PPID
	for family_pid in $family; do
		family_line=''
		{ read -r family_line <"/proc/$family_pid/cmdline" || true; } 2>/dev/null
		[ "$family_line" = varve-init ] || continue
		[ -r "/proc/$family_pid/status" ] || continue
		while read -r family_key family_outer family_inner family_line; do
			[ "$family_key" = NSpid: ] || continue
			[ "$family_inner" != 1 ] || found="$found $family_pid"
			break
		done 2>/dev/null <"/proc/$family_pid/status" || true
	done
}

# holders: what keeps namespaces, in $found
holders() {
	found=''
	for family_list in "$VARVE_STORE"/run/holder.*.pid; do
		family_pid='' family_line=''
		{ read -r family_pid family_line <"$family_list" || true; } 2>/dev/null
		[ ! -d "/proc/${family_pid:-none}" ] || found="$found $family_pid"
	done
}
