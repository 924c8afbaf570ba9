# SPDX-License-Identifier: Apache-2.0
# One process of a build killed at a random moment: the build ends and says why, the store stays
# good, and nothing is left, for which case-run looks.
# shellcheck shell=sh disable=SC1090,SC2002,SC2016,SC2046,SC2086
. "$CASE_LIB"
step() { # OPTIONS -- COMMAND
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" "$@"
}
children() { # PID…
	for children_pid in "$@"; do
		cat /proc/"$children_pid"/task/*/children 2>/dev/null || true
	done
}
descendants() { # PID
	descendants_level=$(children "$1")
	while [ -n "$descendants_level" ]; do
		echo "$descendants_level"
		descendants_level=$(children $descendants_level)
	done | tr ' ' '\n' | grep . || true
}
called() { # NAME PID…: those whose command line begins with it
	called_name=$1
	shift
	for called_pid in "$@"; do
		cat "/proc/$called_pid/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q "$called_name" &&
			echo "$called_pid"
	done || true
}
holder() {
	cut -d' ' -f1 "$TEST_TMP"/store/run/*.pid 2>/dev/null || true
}

# What to kill, as it is found among the processes of the builder $1.
victim_server() { called serve-filesystem $(descendants "$1") | head -n 1; }
victim_last_server() { called serve-filesystem $(descendants "$1") | tail -n 1; }
victim_helper() { called varve-init $(descendants "$1") | head -n 1; }
victim_init() { called varve-init $(descendants "$1") | tail -n 1; }
victim_command() { called sh $(descendants "$1") | tail -n 1; }
victim_holder() { holder; }

# Work of all kinds until it is killed, then 3 seconds at most.
cat >"$ROOT/bin/work" <<'EOF'
#!/bin/sh
inside daemon /tmp/beat
echo up
i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	mkdir -p /d/$i/e && echo $i >/d/$i/e/f && inside mknod /d/$i/x 20600 5 1 >/dev/null
	echo $i >>/mnt/log
	ls /d >/dev/null
done
EOF
chmod 755 "$ROOT/bin/work"
step --mount type=cache,target=/mnt,id=c -- true

round=0
for victim in server last_server helper init command holder server helper init last_server; do
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" --mount type=cache,target=/mnt,id=c \
		--mount type=tmpfs,target=/tmp -- work >out 2>err &
	builder=$!
	# Early ones hit the start, when not all of them are there.
	if [ $((round % 3)) -eq 0 ]; then
		sleep "0.$(printf '%03d' $((round * 53 % 150 + 10)))"
	else
		wait_for 10 grep -qs up out
		sleep "0.$(printf '%03d' $((round * 37 % 300)))"
	fi
	pid=$(victim_$victim $builder)
	[ -z "$pid" ] || kill -9 $pid 2>/dev/null || true
	wait_for 20 sh -c "! kill -0 $builder 2>/dev/null || grep -q '^State:.Z' /proc/$builder/status"
	status=0
	wait $builder || status=$?
	case $victim in
	holder) [ $status = 0 ] || fail "without the holder: status $status: $(cat err)" ;;
	*)
		# A victim that was not there yet, or was there no more, changes nothing.
		[ -z "$pid" ] || [ $status != 0 ] || fail "killed $victim $pid in round $round, and all went well"
		[ $status = 0 ] || [ -s err ] || fail "killed $victim: status $status and not a word"
		[ $status -lt 126 ] || fail "killed $victim: the builder died of $status"
		;;
	esac
	round=$((round + 1))
done

# No committed version of the cache has half a step in it.
expect "the cache" 0 "$(step --mount type=cache,target=/mnt,id=c -- \
	sh -c '[ ! -e /mnt/log ] || echo $(($(wc -l </mnt/log) % 300))')"
fsck() {
	"$VARVE" --store "$TEST_TMP/store" fsck >fscked
}
expect "the store" 0 "$(code fsck)"
wait_for 10 sh -c "! ls '$TEST_TMP/store/run' | grep -q 'fifo\$'"
