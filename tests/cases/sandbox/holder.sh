# SPDX-License-Identifier: Apache-2.0
# The holder is there while builders are, once, and is replaced when it is not what it should be.
# shellcheck shell=sh disable=SC1090,SC2010,SC2016
. "$CASE_LIB"
fifo() {
	ls "$RUNTIME" | grep 'fifo$' || true
}
holder() {
	cut -d' ' -f1 "$RUNTIME"/*.pid
}
stop() {
	kill -9 "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

start -- sleep 100 &
one=$!
wait_for 5 sh -c "ls '$RUNTIME' | grep -q pid\$"
pid=$(holder)
expect "its program" "/memfd:varve-init (deleted)" "$(readlink "/proc/$pid/exe")"
start -- sleep 100 &
two=$!
sleep 0.3
expect "one for two builders" "$pid" "$(holder)"
stop $one
sleep 0.3
kill -0 "$pid" || fail "the holder went with the builder that started it"
expect "a third finds it" ok "$(run -- echo ok)"
expect "it is still the same" "$pid" "$(holder)"
stop $two
wait_for 5 sh -c "! kill -0 $pid 2>/dev/null"
expect "its files are gone" "" "$(ls "$RUNTIME" | grep -v lock\$ || true)"

# Killed while builders run: they go on, the next one starts another.
start -- sh -c 'while [ ! -e /tmp/stop ]; do sleep 0.02; [ $((i=i+1)) -gt 100 ] && exit 5; done' &
one=$!
wait_for 5 sh -c "ls '$RUNTIME' | grep -q pid\$"
pid=$(holder)
kill -9 "$pid"
wait_for 5 sh -c "! kill -0 $pid 2>/dev/null"
expect "a new one" ok "$(run -- echo ok)"
status=0
wait $one || status=$?
expect "the old builder" 5 "$status"

# Left over from another boot, or made by somebody: nobody reads the FIFO, or it is none.
wait_for 5 sh -c "! ls '$RUNTIME' | grep -q 'fifo\$'"
name=$(ls "$RUNTIME" | grep lock\$)
mkfifo "$RUNTIME/${name%lock}fifo"
echo "1 1" >"$RUNTIME/${name%lock}pid"
expect "a stale FIFO" ok "$(run -- echo ok)"
wait_for 5 sh -c "! ls '$RUNTIME' | grep -q 'fifo\$'"
echo "no FIFO" >"$RUNTIME/${name%lock}fifo"
expect "a file in its place" ok "$(run -- echo ok)"
wait_for 5 sh -c "! ls '$RUNTIME' | grep -q 'fifo\$'"

# Many at once agree on one.
i=0
while [ $i -lt 12 ]; do
	start -- echo "$i" >"out.$i" 2>"err.$i" &
	i=$((i + 1))
done
wait
expect "many builders at once" 12 "$(cat out.* | wc -l)"

# A directory that cannot be used.
mkdir "$TEST_TMP/closed"
chmod 500 "$TEST_TMP/closed"
if [ "$(id -u)" != 0 ]; then
	expect "a closed directory" 125 "$(code "$SANDBOX_RUN" --runtime "$TEST_TMP/closed" \
		--fs "root=$ROOT" -- true 2>err)"
	expect_match "its words" "*cannot open a sandbox: cannot lock*Permission denied*" "$(cat err)"
fi
