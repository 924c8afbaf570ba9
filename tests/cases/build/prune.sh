# SPDX-License-Identifier: Apache-2.0
# What takes room, and letting go of it: varve du, varve prune.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/app" <<'END'
FROM base
RUN echo app >/app
RUN --mount=type=cache,id=kept,target=/c head -c 200000 /dev/urandom >/c/bytes; echo two >/two
END
# loose NAME: a build without a name, of a million bytes that nobody else has
loose() {
	printf 'FROM base\nRUN head -c 1000000 /dev/urandom >/%s\nRUN echo %s >/end\n' "$1" "$1" \
		>"$CONTEXT/$1"
	build -f "$CONTEXT/$1" "$CONTEXT"
	sleep 0.3 # for the last of its processes, which holds what it serves
}
# total: bytes of all objects
total() {
	varve du --format json | sed 's/.*"size":\([0-9]*\).*/\1/' | awk '{ n += $1 } END { print n }'
}

build -t app -f "$CONTEXT/app" "$CONTEXT"
loose one
one=$(varve history --format json -n 1 | sed 's/.*"id":"\([^"]*\)".*/\1/')

echo "du lists images, caches, states and logs, with what each adds"
varve du >"$TEST_TMP/du"
grep -q "image  *false .* app:latest" "$TEST_TMP/du" || fail "no image: $(cat "$TEST_TMP/du")"
grep -q "cache  *false  *200\..*kB .* kept" "$TEST_TMP/du" || fail "no cache: $(cat "$TEST_TMP/du")"
grep -q "state  *true  *1\.00MB .*urandom >/one" "$TEST_TMP/du" || fail "no state: $(cat "$TEST_TMP/du")"
grep -q "state  *false .*RUN echo app" "$TEST_TMP/du" || fail "a shared state: $(cat "$TEST_TMP/du")"
grep -q "^logs\|  *logs  *false" "$TEST_TMP/du" || fail "no logs: $(cat "$TEST_TMP/du")"
grep -q "^Total: .*MB" "$TEST_TMP/du" || fail "no total: $(cat "$TEST_TMP/du")"
varve du --format json | grep -q '"type":"state","reclaimable":true,"size":100' || fail "as JSON"
varve du --verbose | grep -q "^Description:  .*RUN echo app" || fail "verbose"

echo "prune does nothing unasked"
expect "status without --force" 125 "$(code varve prune </dev/null 2>"$TEST_TMP/error")"
grep -q -- --force "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
varve prune --dry-run | grep -q "urandom >/one" || fail "dry run"
varve ls "$one" | grep -qx end || fail "a dry run has removed something"
varve prune --force --filter until=1h >"$TEST_TMP/out"
varve ls "$one" | grep -qx end || fail "what was used lately is gone"
expect "status of an odd filter" 125 "$(code varve prune --force --filter size=1 2>/dev/null)"
expect "status of an odd type" 125 "$(code varve prune --force --filter type=x 2>/dev/null)"

echo "down to a size, what was used least recently goes first"
sleep 1.1
loose two
sleep 1.1
build -f "$CONTEXT/one" "$CONTEXT"
expect "use of the older one" 3 "$(count CACHED)"
limit=$(($(total) - 500000))
varve prune --force --max-used-space $limit >"$TEST_TMP/out"
grep -q "urandom >/two" "$TEST_TMP/out" || fail "two is not listed: $(cat "$TEST_TMP/out")"
! grep -q "urandom >/one" "$TEST_TMP/out" || fail "one went, too: $(cat "$TEST_TMP/out")"
grep -q "^Total: .*1\.0.MB" "$TEST_TMP/out" || fail "what was freed: $(cat "$TEST_TMP/out")"
[ "$(total)" -le $limit ] || fail "$(total) bytes are left, $limit were allowed"
varve ls last | grep -qx end || fail "the newer one is gone"
varve prune --force --reserved-space 1GB >/dev/null
varve ls last | grep -qx end || fail "what was reserved is gone"

echo "without a size, all goes that no image needs"
varve prune --force >/dev/null
expect "status of a state that is gone" 125 "$(code varve ls "$one" 2>/dev/null)"
expect "builds in the history" 1 "$(varve history | grep -c " done ")"
expect "the image" app "$(varve cat app:/app)"
build -f "$CONTEXT/app" "$CONTEXT"
expect "its steps are found again" 3 "$(count CACHED)"
varve du | grep -q "cache .* kept" || fail "the cache is gone"

echo "with --all the rest, but for what has a name"
varve prune --force --filter type=cache --dry-run | grep -q kept || fail "a cache by its type"
varve prune --all --force >"$TEST_TMP/out"
grep -q "cache .* kept" "$TEST_TMP/out" || fail "the cache stayed: $(cat "$TEST_TMP/out")"
expect "the image" app "$(varve cat app:/app)"
build -f "$CONTEXT/app" "$CONTEXT"
expect "its steps are done anew" 1 "$(count CACHED)"

echo "a build that is running loses nothing"
cat >"$CONTEXT/running" <<'END'
FROM app
RUN echo found >/found
RUN --mount=type=cache,id=busy,target=/b echo x >/b/x; until test -e /b/go; do sleep 0.05; done
RUN cat /found /app
END
printf 'FROM app\nRUN echo found >/found\n' >"$CONTEXT/before"
printf 'FROM base\nRUN --mount=type=cache,id=busy,target=/b : >/b/go\n' >"$CONTEXT/go"
build -f "$CONTEXT/before" "$CONTEXT"
varve build -t running -f "$CONTEXT/running" "$CONTEXT" >"$TEST_TMP/running" 2>&1 &
pid=$!
wait_for 10 grep -q "until test" "$TEST_TMP/running"
sleep 0.5
varve prune --all --force >"$TEST_TMP/out"
! grep -q "cache .* busy" "$TEST_TMP/out" || fail "a cache in use went"
build -f "$CONTEXT/go" "$CONTEXT"
wait $pid || fail "$(cat "$TEST_TMP/running")"
expect "its files" "found app" "$(varve cat running:/found running:/app | tr '\n' ' ' | sed 's/ $//')"
varve fsck >/dev/null
