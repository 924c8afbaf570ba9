# SPDX-License-Identifier: Apache-2.0
# Where root has switched on FUSE over io_uring, requests come by a ring: the answers are the same.
. "$CASE_LIB"
. "$BUILD_LIB"
switch=/sys/module/fuse/parameters/enable_uring
[ -w "$switch" ] || skip "this kernel has no FUSE over io_uring"
[ "$(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0)" = 0 ] ||
	skip "io_uring is switched off"
was=$(cat "$switch")
# shellcheck disable=SC2064
trap "echo '$was' >'$switch'" EXIT
echo Y >"$switch"

rings() {
	# shellcheck disable=SC2012
	ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c 'anon_inode:\[io_uring\]' || true
}

has_no_rings() {
	[ "$(rings)" = "$others" ]
}

used_by_changes() {
	du -sk "$VARVE_STORE/tmp" | cut -f 1
}

gave_back() {
	[ "$(used_by_changes)" -lt 1000 ]
}

chmod 755 "$TEST_TMP"
make_base
others=$(rings)

echo "POSIX"
varve mount --rw -o allow_other,suid,dev base "$AT"
expect "rings" $((others + 1)) "$(rings)"
mkdir "$AT/work"
"$POSIX" "$AT/work" >"$LOG" 2>&1 || fail "$(tail -n 20 "$LOG")"
tail -n 1 "$LOG"

echo "many clients, large and small requests"
dd if=/dev/urandom of="$TEST_TMP/random" bs=1M count=24 2>/dev/null
for i in 1 2 3 4 5 6; do
	{ cp "$TEST_TMP/random" "$AT/random$i"
	cp -r "$ROOT" "$AT/copy$i"; } &
done
wait
for i in 1 2 3 4 5 6; do
	cmp "$TEST_TMP/random" "$AT/random$i"
	diff -r --no-dereference "$ROOT" "$AT/copy$i" >"$LOG" || fail "copy $i: $(head -n 5 "$LOG")"
done
echo 3 >/proc/sys/vm/drop_caches
cmp "$TEST_TMP/random" "$AT/random1"

echo "what is forgotten is given back"
[ "$(used_by_changes)" -gt 100000 ] || fail "there are changes of $(used_by_changes) KiB only"
rm -r "$AT"/random? "$AT"/copy?
wait_for 10 gave_back
varve umount "$AT"
wait_for 5 has_no_rings

echo "a build, with commits while the mounts go on"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=cache,target=/kept echo one >/one && cp /one /kept/one
RUN --mount=type=cache,target=/kept cat /one /kept/one >/two
RUN touch /begun; sleep 3; rm /begun
RUN mv /two /three && dd if=/dev/zero of=/zeros bs=64k count=64 2>/dev/null && rm /one
END
(cd "$CONTEXT" && exec "$VARVE" build --network none -t built .) >"$LOG" 2>&1 &
build=$!
has_rings() {
	[ "$(rings)" -gt "$others" ]
}
wait_for 20 has_rings
wait $build || fail "$(cat "$LOG")"
at built cat "$AT/three" >"$TEST_TMP/three"
expect "file" "$(printf 'one\none')" "$(cat "$TEST_TMP/three")"

echo "a server that is killed"
varve mount --rw base "$AT"
server=$(pgrep -n -u "$(id -u)" -f "mount --rw base $AT")
for i in 1 2 3; do
	timeout -k 1 20 sh -c "while echo x >>'$AT/log$i'; do :; done" 2>"$TEST_TMP/err$i" &
done
sleep 0.5
[ -s "$AT/log1" ] || fail "nothing has been written"
kill -9 "$server"
begun=$(date +%s)
wait
[ $(($(date +%s) - begun)) -le 5 ] || fail "writers went on waiting for a dead server"
varve mount --rw base "$AT"
ls "$AT" >/dev/null
varve umount "$AT"
wait_for 5 has_no_rings

echo "^C while the server does not answer"
# What the ring has taken up for it can no longer be killed, and ends with the server alone.
printf 'FROM base\nRUN echo up; sleep 1\n' >"$CONTEXT/Dockerfile"
env --default-signal=INT "$VARVE" build --network none "$CONTEXT" >"$LOG" 2>&1 &
build=$!
wait_for 20 grep -q '^#[0-9]* [0-9.]* up$' "$LOG"
kill -STOP "$(pgrep -P $build -f 'serve-filesystem')"
sleep 1.5
begun=$(date +%s%3N)
kill -INT $build
status=0
wait $build || status=$?
took=$(($(date +%s%3N) - begun))
expect "status" 130 $status
[ $took -lt 3000 ] || fail "it took $took ms"

echo "switched off again"
echo N >"$switch"
varve mount base "$AT"
expect "rings" "$others" "$(rings)"
varve umount "$AT"
