# SPDX-License-Identifier: Apache-2.0
# Several images of one Dockerfile are had side by side.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
make_base
layout "$TEST_TMP/layout"

# with FAULT: a registry that has it, and a store with nothing in it
with() {
	[ -z "${registry_pid:-}" ] || stop_registry
	start_fake "$1" "$TEST_TMP/layout"
	forget
}

# dockerfile SECOND: two stages of the registry's image, by two names
dockerfile() {
	printf 'FROM %s/app:1 AS one\nFROM %s/app:%s\nCOPY --from=one /word /copy\n' "$REGISTRY" \
		"$REGISTRY" "$1" >"$CONTEXT/Dockerfile"
}

# quick COMMAND...: it ends soon
quick() {
	quick_began=$(date +%s)
	"$@"
	[ $(($(date +%s) - quick_began)) -lt 15 ] || fail "it took its time: $(cat "$LOG")"
}

echo "the one is asked for while the other is"
with together
dockerfile 2
build "$CONTEXT"
expect "the file" hello "$(varve cat last:/copy)"
expect "images" 2 "$(varve images | grep -c "$REGISTRY/app")"
expect "news of both" 2 "$(grep '^#[0-9]* \[internal\] load metadata for' "$LOG" | sort -u | wc -l)"
expect "layers that both have come once" 2 "$(($(asked 'GET.*/blobs/') - 2))"

echo "also with --pull"
build --pull "$CONTEXT"

echo "and nobody is asked when all is there"
: >"$ASKED"
build "$CONTEXT"
expect "requests" 0 "$(asked /v2/)"

echo "one that fails ends the others at once, and is told at its line"
with stall
dockerfile none
quick refused "Dockerfile:2:" varve build "$CONTEXT"
grep -qF "cannot pull '$REGISTRY/app:none'" "$LOG" || fail "$(cat "$LOG")"

echo "a signal ends all of them"
with stall
dockerfile 2
"$VARVE" build "$CONTEXT" >"$LOG" 2>&1 &
building=$!
wait_for 20 grep -q 'GET.*blobs' "$ASKED"
sleep 0.5
kill -TERM "$building" 2>/dev/null || fail "it was not there any more: $(cat "$LOG")"
began=$(date +%s)
status=0
wait "$building" || status=$?
[ $(($(date +%s) - began)) -lt 5 ] || fail "it took its time"
expect "status" 130 "$status"
expect "files" "" "$(find "$VARVE_STORE" -name 'download-*')"
