# SPDX-License-Identifier: Apache-2.0
# A full disk under --cache-to type=local: the user reads which one it is, nothing half is to be seen,
# what was there stays good, and with some room again the cache is written.
. "$CASE_LIB"
. "$BUILD_LIB"
small=$TEST_TMP/small
mkdir "$small"
mount -t tmpfs -o size=16m,mode=777 none "$small" 2>/dev/null || skip "no tmpfs can be mounted here"
trap 'umount -l "$small"' EXIT
make_base
cache=$small/cache
machine() {
	rm -rf "$TEST_TMP/store-$1"
	export VARVE_STORE="$TEST_TMP/store-$1"
	varve import --name base "$TEST_TMP/base.tar" >"$TEST_TMP/base.id"
}
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
# export_to DOCKERFILE: its steps into the cache, and how that went
export_to() {
	status=0
	varve build -f "$CONTEXT/$1" --cache-to "type=local,dest=$cache,mode=max" "$CONTEXT" >"$LOG" 2>&1 ||
		status=$?
}
# whole: what is there is, and nothing else is
whole() {
	varve --store "$cache" fsck >"$TEST_TMP/fsck" 2>&1 || fail "the cache: $(cat "$TEST_TMP/fsck")"
	expect "unfinished files" "" "$(find "$cache/tmp" -type f)"
}
# found DOCKERFILE: all its steps are, by somebody else
found() {
	machine other
	build -f "$CONTEXT/$1" --cache-from "type=local,src=$cache" "$CONTEXT"
	expect "steps of $1 that ran" 0 "$(count DONE)"
	export VARVE_STORE="$TEST_TMP/store-one"
}
printf 'FROM base\nRUN echo first >/first\n' >"$CONTEXT/first"
printf 'FROM base\nRUN echo second >/second\nRUN dd if=/dev/urandom of=/large bs=1M count=12\n' >"$CONTEXT/second"
printf 'FROM base\nRUN i=0; while [ $i -lt 60 ]; do head -c 100000 /dev/urandom >/$i; i=$((i+1)); done\n' >"$CONTEXT/third"
machine one

echo "with no room at all there is no cache, and the disk is named"
head -c 15900000 /dev/zero >"$small/filler"
export_to first
expect "status" 1 $status
said "cache '$cache'"
said "No space left on device"
rm "$small/filler"

echo "the next one is written, although that began"
export_to first
expect "status" 0 $status
whole
found first

echo "a large file that has no room: the disk of the cache is named, not that of the store"
head -c 6000000 /dev/zero >"$small/filler"
for name in second third; do
	export_to $name
	[ $name = third ] || expect "status for $name" 1 $status
	[ $status = 0 ] || said "the disk of the store '$cache' is full; 'varve prune' frees space"
	whole
	found first
	machine other
	build -f "$CONTEXT/$name" --cache-from "type=local,src=$cache" "$CONTEXT"
	! grep -q WARN "$LOG" || fail "something half is seen: $(cat "$LOG")"
	export VARVE_STORE="$TEST_TMP/store-one"
done

echo "ignore-error makes it a warning"
build -f "$CONTEXT/second" --cache-to "type=local,dest=$cache,mode=max,ignore-error=true" "$CONTEXT"
said "the disk of the store '$cache' is full"

echo "with room again all of it is there"
rm "$small/filler"
mount -o remount,size=64m "$small"
for name in second third; do
	export_to $name
	expect "status for $name" 0 $status
	whole
	found $name
done
found first
varve fsck >"$LOG" 2>&1 || fail "the store: $(cat "$LOG")"
