# SPDX-License-Identifier: Apache-2.0
# Many stages, two builds of them at once on one store, and steps that fail or are cancelled: what
# comes out is the same each time, nothing is done twice, and nobody waits for ever.
# $PARALLEL_SEED repeats a run, $PARALLEL_ROUNDS makes it longer.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
set_time="--build-arg SOURCE_DATE_EPOCH=1000000000"
make_base
# The image has the time of its import: all rounds begin with this one.
cp -a "$VARVE_STORE" "$TEST_TMP/fresh"

stages=40
rounds=${PARALLEL_ROUNDS:-10}
seed=${PARALLEL_SEED:-$(($(date +%s) % 100000))}
echo "PARALLEL_SEED=$seed"

# random N: below N, in $random
random() {
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	random=$(((seed >> 12) % $1))
}

# ---- who comes first ----

echo "a locked cache is had in the order of asking for it"
cat >"$CONTEXT/hold" <<'END'
FROM base
RUN --mount=type=cache,id=queue,target=/q,sharing=locked --mount=type=cache,id=gate,target=/g \
	echo 0 >>/q/list; echo held; until test -e /g/open; do sleep 0.02; done
END
cat >"$CONTEXT/next" <<'END'
FROM base
ARG NUMBER
RUN --mount=type=cache,id=queue,target=/q,sharing=locked echo $NUMBER >>/q/list; cp /q/list /list
END
printf 'FROM base\nRUN --mount=type=cache,id=gate,target=/g touch /g/open\n' >"$CONTEXT/open"
# said FILE TEXT
said() {
	grep -qF "$2" "$1" 2>/dev/null
}
# Only who runs has mounted it.
holding() {
	grep -q '^#[0-9]* [0-9.]* held$' "$TEST_TMP/hold" 2>/dev/null
}
"$VARVE" build -f "$CONTEXT/hold" "$CONTEXT" >"$TEST_TMP/hold" 2>&1 &
pids=$!
wait_for 10 holding
for number in 1 2 3 4 5; do
	"$VARVE" build --build-arg NUMBER=$number -f "$CONTEXT/next" "$CONTEXT" \
		>"$TEST_TMP/next$number" 2>&1 &
	pids="$pids $!"
	wait_for 10 said "$TEST_TMP/next$number" "waiting for cache queue held by"
done
build -f "$CONTEXT/open" "$CONTEXT"
for pid in $pids; do
	wait "$pid" || fail "a build in the queue: $(cat "$TEST_TMP"/hold "$TEST_TMP"/next?)"
done
build --build-arg NUMBER=6 -f "$CONTEXT/next" "$CONTEXT"
at last cp "$AT/list" "$TEST_TMP/list"
expect "the order" "0 1 2 3 4 5 6" "$(tr '\n' ' ' <"$TEST_TMP/list" | sed 's/ $//')"

# ---- the graph ----

# mounts OF…: caches in this order
mounts() {
	for cache; do
		printf -- '--mount=type=cache,id=%s,target=/%s,sharing=locked ' "$cache" "$cache"
	done
}
# work STAGE OF…: alone in each of them; fails when the dice say so
work() {
	stage=$1
	shift
	echo "! grep -qx $stage /run/secrets/dice || exit 3; \\"
	for cache; do
		echo "	mkdir /$cache/busy && sleep 0.0$((random % 4)) && rmdir /$cache/busy && \\"
	done
	echo "	echo $stage >/out/$stage && touch -d @1 /out/$stage /out"
}
graph() {
	echo 'FROM base AS empty'
	echo 'RUN mkdir /out && touch -d @1 /out /'
	i=0
	while [ $i -lt $stages ]; do
		from=empty other=empty
		if [ $i -gt 3 ]; then
			random $i
			from=s$random
			random $i
			other=s$random
		fi
		echo "FROM $from AS s$i"
		# Each in another order than some other.
		random 8
		case $random in
		0) caches='a b c' ;;
		1) caches='c b a' ;;
		2) caches='b d' ;;
		3) caches='d a' ;;
		4) caches='a d b c' ;;
		*) caches='' ;;
		esac
		# shellcheck disable=SC2086
		echo "RUN --mount=type=secret,id=dice --mount=from=$other,target=/other $(mounts $caches)\\"
		# shellcheck disable=SC2086
		echo "	ls /other/out >/dev/null && $(work s$i $caches)"
		[ $((i % 3)) != 0 ] || echo "COPY --from=$other /out /copied/$i"
		i=$((i + 1))
	done
	echo 'FROM base'
	i=0
	while [ $i -lt $stages ]; do
		echo "COPY --from=s$i /out/s$i /all/s$i"
		i=$((i + 1))
	done
}
graph >"$CONTEXT/Dockerfile"

# begin NUMBER: a build in the background, whose steps fail as $TEST_TMP/diceNUMBER says; some go on
begin() {
	random 2
	keep_going=''
	[ $random = 0 ] || keep_going=--keep-going
	"$VARVE" build $keep_going $set_time --secret id=dice,src="$TEST_TMP/dice$1" "$CONTEXT" \
		>"$TEST_TMP/round/$attempt.$1" 2>&1 &
}
running() {
	read -r _ _ running_state _ 2>/dev/null <"/proc/$1/stat" && [ "$running_state" != Z ]
}
# end PID NUMBER: its status, in $status
end() {
	wait_left=1500
	while running "$1"; do
		wait_left=$((wait_left - 1))
		[ $wait_left -gt 0 ] || fail "build $2 hangs: $(cat "$TEST_TMP/round/$attempt.$2")"
		sleep 0.04
	done
	status=0
	wait "$1" 2>/dev/null || status=$?
}
# roll NUMBER: what fails this time
roll() {
	: >"$TEST_TMP/dice$1"
	random 3
	[ $random != 0 ] || return 0
	random $stages
	echo "s$random" >"$TEST_TMP/dice$1"
	random $stages
	echo "s$random" >>"$TEST_TMP/dice$1"
}
# perhaps_cancel PID
perhaps_cancel() {
	random 3
	[ $random = 0 ] || return 0
	random 1000
	sleep "0.$(printf %03d $random)"
	kill -TERM "$1" 2>/dev/null || true
}
check_status() {
	case $status in
	0 | 1 | 130) ;;
	143) ;; # before it could listen
	*) fail "status $status: $(cat "$TEST_TMP/round/$attempt.$1")" ;;
	esac
}

round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	rm -rf "$VARVE_STORE" "$TEST_TMP/round"
	cp -a "$TEST_TMP/fresh" "$VARVE_STORE"
	mkdir "$TEST_TMP/round"
	statuses=''
	for attempt in 1 2 3 4; do
		: >"$TEST_TMP/dice1"
		: >"$TEST_TMP/dice2"
		[ $attempt = 4 ] || roll 1
		[ $attempt = 4 ] || roll 2
		begin 1
		one=$!
		begin 2
		two=$!
		[ $attempt = 4 ] || perhaps_cancel $one
		[ $attempt = 4 ] || perhaps_cancel $two
		end $one 1
		check_status 1
		statuses="$statuses $status"
		end $two 2
		check_status 2
		statuses="$statuses $status"
	done
	case $statuses in
	*" 0 0") ;;
	*) fail "undisturbed builds failed: $(cat "$TEST_TMP/round/4.1" "$TEST_TMP/round/4.2")" ;;
	esac
	wait_for 10 alone
	varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$(cat "$TEST_TMP/fsck")"

	for log in "$TEST_TMP"/round/*; do
		awk '$1 ~ /^#[0-9]+$/ && $2 ~ /^\[(empty|s[0-9]+) / { sub(/^#/, "", $1); n = $1
				$1 = ""; name[n] = $0 }
			$2 == "DONE" { sub(/^#/, "", $1); if ($1 in name) print name[$1] }' "$log"
	done | sort | uniq -d >"$TEST_TMP/twice"
	[ ! -s "$TEST_TMP/twice" ] || fail "done twice: $(cat "$TEST_TMP/twice")"

	varve states --format json |
		sed 's/.*"name":"\(.*\)","stage":.*"snapshot":\(.*\)}/\1 \2/' | sort >"$TEST_TMP/states"
	[ "$(wc -l <"$TEST_TMP/states")" -gt $stages ] || fail "where are the states?"
	[ -e "$TEST_TMP/wanted" ] || cp "$TEST_TMP/states" "$TEST_TMP/wanted"
	cmp -s "$TEST_TMP/wanted" "$TEST_TMP/states" ||
		fail "other states: $(diff "$TEST_TMP/wanted" "$TEST_TMP/states")"
	echo "round $round: statuses$statuses"
done
