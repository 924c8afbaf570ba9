# SPDX-License-Identifier: Apache-2.0
# A full disk: steps see it, the user reads which one it is and what helps, nothing that was there
# takes harm, and with some room again everything goes on.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
small=$TEST_TMP/small
mkdir "$small"
mount -t tmpfs -o size=32m,mode=777 none "$small" 2>/dev/null || skip "no tmpfs can be mounted here"
trap 'umount -l "$small"' EXIT
export VARVE_STORE="$small/store"
make_base
printf 'FROM base\nRUN --mount=type=cache,id=c,target=/c echo kept >/c/kept; echo first >/first\n' \
	>"$CONTEXT/first"
build -t first -f "$CONTEXT/first" "$CONTEXT"

# refuse STATUS TEXT OPTIONS…
refuse() {
	wanted=$1 text=$2
	shift 2
	status=0
	varve build "$@" >"$LOG" 2>&1 || status=$?
	expect "status of: $*" "$wanted" $status
	grep -qF -- "$text" "$LOG" || fail "no word of '$text' in: $(cat "$LOG")"
}
room() {
	[ "$(stat -f -c '%a' "$small")" -gt "$(($1 * 256))" ]
}
# What was committed is whole and found, and there is room again once the servers are gone.
unharmed() {
	wait_for 10 alone
	varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$(cat "$TEST_TMP/fsck")"
	build -f "$CONTEXT/first" "$CONTEXT"
	expect "what had been done" 0 "$(count DONE)"
}
full="the disk of the store '$VARVE_STORE' is full; 'varve prune' frees space"

echo "a RUN that writes too much sees it, and is told why"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=cache,id=c,target=/c echo spoilt >/c/kept; dd if=/dev/urandom of=/big bs=1M count=100
END
refuse 1 "$full" "$CONTEXT"
grep -q 'No space left on device' "$LOG" || fail "the step saw something else: $(cat "$LOG")"
grep -qE '^#[0-9]+ [0-9.]+ varve: "/big": what is written cannot be kept: No space left on device: the disk' "$LOG" ||
	fail "no word of the file: $(cat "$LOG")"
unharmed
wait_for 5 room 16

echo "so does one that writes to a cache"
printf 'FROM base\nRUN --mount=type=cache,id=c,target=/c dd if=/dev/urandom of=/c/big bs=1M count=100\n' \
	>"$CONTEXT/Dockerfile"
refuse 1 "$full" "$CONTEXT"
grep -q 'No space left on device' "$LOG" || fail "the step saw something else: $(cat "$LOG")"
unharmed
wait_for 5 room 16

echo "a RUN that does not care fails in its commit"
printf 'FROM base\nRUN dd if=/dev/urandom of=/big bs=1M count=100; i=0; while [ $i -lt 200 ]; do echo $i >/$i; i=$((i+1)); done; true\n' \
	>"$CONTEXT/Dockerfile"
refuse 1 "$full" "$CONTEXT"
unharmed
wait_for 5 room 16

echo "a COPY"
head -c 40000000 /dev/urandom >"$CONTEXT/large"
printf 'FROM base\nCOPY large /large\n' >"$CONTEXT/Dockerfile"
refuse 1 "$full" "$CONTEXT"
unharmed
wait_for 5 room 16

echo "an output: what is full need not be the store's disk"
head -c 10000000 /dev/urandom >"$CONTEXT/large"
build "$CONTEXT"
head -c 14000000 /dev/zero >"$small/filler"
refuse 1 "No space left on device" -o "type=tar,dest=$small/out.tar" "$CONTEXT"
refuse 1 "$small/out" -o "type=local,dest=$small/out" "$CONTEXT"
rm -rf "$small/out"
refuse 1 "$full" -o "type=oci,dest=$TEST_TMP/out.tar" "$CONTEXT"
expect "files left behind" "" "$(find "$small" "$TEST_TMP" -maxdepth 1 -name 'out*')"
unharmed
build "$CONTEXT"
expect "the large file" CACHED "$(step 'COPY large')"

echo "with some room again all goes well"
rm "$small/filler"
mount -o remount,size=64m "$small"
build -o "type=oci,dest=$TEST_TMP/out.tar" "$CONTEXT"
tar -tf "$TEST_TMP/out.tar" >/dev/null
printf 'FROM base\nRUN --mount=type=cache,id=c,target=/c cp /c/kept /kept\n' >"$CONTEXT/Dockerfile"
build "$CONTEXT"
at last cp "$AT/kept" "$TEST_TMP/kept"
expect "the cache" kept "$(cat "$TEST_TMP/kept")"
varve fsck
