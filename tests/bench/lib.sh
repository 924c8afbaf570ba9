# SPDX-License-Identifier: Apache-2.0
# Sourced by bench/run: systems, measuring, and what a bench says.
# shellcheck shell=sh disable=SC2034

say() {
	echo "bench: $*" >&2
}

die() {
	say "$*"
	exit 1
}

has() {
	command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

# want SYSTEM: whether it was asked for and is here
want() {
	case " $SYSTEMS " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# among SYSTEMS: those of them that are wanted
among() {
	among_list=
	for among_system in $1; do
		if want "$among_system"; then
			among_list="$among_list $among_system"
		fi
	done
	echo "$among_list"
}

# record SYSTEM WHAT UNIT VALUE: one JSON line of this round of this bench
record() {
	printf '{"bench":"%s","what":"%s","round":%d,"system":"%s","unit":"%s","value":%s}\n' \
		"$BENCH" "$2" "$ROUND" "$1" "$3" "$4" >>"$RESULTS"
}

# timed SYSTEM COMMAND…: run it, and record how long it took; what it says shows if it fails
timed() {
	timed_system=$1
	shift
	timed_status=0
	"$MEASURE" "$SCRATCH/measured" "$@" >"$SCRATCH/output" 2>&1 || timed_status=$?
	if [ "$timed_status" != 0 ]; then
		tail -n 30 "$SCRATCH/output" >&2
		die "$BENCH: $timed_system: exit status $timed_status"
	fi
	read -r timed_wall timed_cpu timed_rss <"$SCRATCH/measured"
	record "$timed_system" time s "$timed_wall"
	say "$BENCH, round $ROUND: $timed_system took $timed_wall s, $timed_cpu of CPU," \
		"at most $((timed_rss / 1024)) MiB in one process"
}

# quietly COMMAND…: not measured, and silent unless it fails
quietly() {
	"$@" >"$SCRATCH/output" 2>&1 || {
		tail -n 30 "$SCRATCH/output" >&2
		die "$BENCH: failed: $*"
	}
}

# leave: whatever is still mounted below the scratch directory goes, deepest first
leave() {
	awk -v below="$SCRATCH/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r |
		while read -r leave_mount; do
			umount -l "$leave_mount" 2>/dev/null || true
		done
}

# rounds COUNT SYSTEMS FUNCTION: call "FUNCTION SYSTEM" for each in each round. Each round begins
# with another system, so that what warms the next one up is shared out.
rounds() {
	rounds_count=${ROUNDS:-$1} rounds_systems=$2 rounds_function=$3
	ROUND=1
	while [ "$ROUND" -le "$rounds_count" ]; do
		for rounds_system in $rounds_systems; do
			"$rounds_function" "$rounds_system"
		done
		# shellcheck disable=SC2086
		set -- $rounds_systems
		rounds_first=$1
		shift
		rounds_systems="$* $rounds_first"
		ROUND=$((ROUND + 1))
	done
}

# size DIRECTORY: MiB that its files take on the disk
size() {
	du -sk "$1" | awk '{ printf "%.3f", $1 / 1024 }'
}
