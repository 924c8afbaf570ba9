# SPDX-License-Identifier: Apache-2.0
# What a build takes of memory: little, whatever is read, and no more after hundreds of steps in one
# mount than after some. (Of packed files that are read 8 MiB are cached; here they are smaller.)
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
MOST=65536 # KiB that a process of ours may have
STEPS=200
GROWN=512 # KiB between the 100th step and the last
make_base
cd "$TEST_TMP" || exit

# of PID: $peak and $own, in KiB; what is shared with files does not count in the second
sizes() {
	peak=0 own=''
	while read -r key value rest; do
		case $key in
		VmHWM:) peak=$value ;;
		RssAnon:) own=$value ;;
		esac
	done <"/proc/$1/status"
} 2>/dev/null
# PID WHO: one that had more at any time fails
look() {
	sizes "$1" || return 0
	[ "$peak" -le "$MOST" ] || fail "$2 took $peak KiB"
	[ "$peak" -le "$most" ] || most=$peak
}
# while_building FUNCTION: call it with each server again and again, until the build that was started ends
while_building() {
	while kill -0 $pid 2>/dev/null; do
		look $pid "the build"
		servers
		for server in $found; do
			look "$server" "a server"
			"$1" "$server"
		done
		sleep 0.02
	done
	wait $pid || fail "$(cat "$LOG")"
}

echo "20,000 files, unpacked from a large one, and all of them read"
python3 - >"$CONTEXT/tree.tar" <<'END'
import io, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
    for number in range(20000):
        info = tarfile.TarInfo("tree/d%d/f%d" % (number % 200, number))
        info.size = 4000
        tar.addfile(info, io.BytesIO((b"%07d\n" % number) * 500))
END
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
COPY tree.tar /
RUN busybox tar -xf tree.tar && cp tree.tar copy && echo x >>copy
RUN find /tree -type f -exec cat {} + | cat - copy | wc -c >/count
END
most=0
"$VARVE" build --network none -t tree "$CONTEXT" >"$LOG" 2>&1 &
pid=$!
while_building :
expect "bytes that were read" 172 "$(($(varve cat tree:/count) / 1000000))"
echo "at most $most KiB"

echo "$STEPS steps of one stage"
rm "$CONTEXT/tree.tar"
cat >"$CONTEXT/step" <<'END'
set -e
mkdir -p "/grown/$1"
count=0
[ ! -f /grown/count ] || read -r count </grown/count
echo $((count + 1)) >/grown/count
i=0
while [ $i -lt 30 ]; do
	echo "$1 $i" >"/grown/$1/$i"
	[ ! -f "/grown/$(($1 - 1))/$i" ] || echo more >>"/grown/$(($1 - 1))/$i"
	i=$((i + 1))
done
dd if=/bin/busybox of=/grown/large bs=150k count=1 2>/dev/null
echo "$1" >>/grown/large
mv /grown/large "/grown/large$(($1 % 3))"
rm -rf "/grown/$(($1 - 5))"
ls /grown/* >/dev/null
END
{
	echo "FROM base"
	echo "COPY step /"
	for step in $(seq $STEPS); do
		echo "RUN sh /step $step"
	done
} >"$CONTEXT/Dockerfile"
early='' late='' most=0
# PID: the least that it has between steps, at first and in the end
least() {
	sizes "$1" || return 0
	done=$(grep -c '^#[0-9]* DONE' "$LOG") || return 0
	if [ "$done" -gt 80 ] && [ "$done" -le 100 ]; then
		[ -n "$early" ] && [ "$early" -le "$own" ] || early=$own
	elif [ "$done" -gt $((STEPS - 20)) ] && [ "$done" -lt "$STEPS" ]; then
		[ -n "$late" ] && [ "$late" -le "$own" ] || late=$own
	fi
}
"$VARVE" build --network none -t steps "$CONTEXT" >"$LOG" 2>&1 &
pid=$!
while_building least
expect "steps" "$STEPS" "$(varve cat steps:/grown/count)"
echo "$early KiB at first, $late in the end, at most $most"
[ -n "$early" ] && [ -n "$late" ] || fail "it went too fast to be looked at"
[ $((late - early)) -le $GROWN ] || fail "a server grew from $early to $late KiB"
