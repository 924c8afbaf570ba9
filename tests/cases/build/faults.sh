# SPDX-License-Identifier: Apache-2.0
# A disk that fails a process once, at each place where the store reads or writes: the build says
# so, or does without; nothing is wrong in the store, and the next build gives what it always gives.
. "$CASE_LIB"
. "$BUILD_LIB"
head -c 300000 /dev/urandom >"$ROOT/large"
i=0
while [ $i -lt 20 ]; do
	mkdir -p "$ROOT/many/$i"
	head -c 2000 /dev/urandom >"$ROOT/many/$i/file"
	i=$((i + 1))
done
make_base
cat >"$CONTEXT/Dockerfile" <<'END_OF_FILE'
FROM base
ARG ROUND
COPY given /given
RUN set -e; cat /many/*/file /large >/all; echo $ROUND >/round; echo changed >>/large; rm /many/3/file
RUN set -e; cat /all /large /given | md5sum >/sum; test "$(cat /round)" = $ROUND
END_OF_FILE
head -c 200000 /dev/urandom >"$CONTEXT/given"
sum() {
	varve cat "$1:/sum"
}
build -t sound --build-arg ROUND=0 "$CONTEXT"
wanted=$(sum sound)

failed=0 went_well=0
# attempt POINT CODE: the fault strikes each process once; $ended
attempt() {
	ended=0
	VARVE_FAULT=$1:$2 varve build -t tried --build-arg "ROUND=$1:$2" "$CONTEXT" >"$LOG" 2>&1 ||
		ended=$?
	case $ended in
	0) went_well=$((went_well + 1)) ;;
	1 | 125)
		failed=$((failed + 1))
		grep -qiE 'input/output error|no space left|lost bytes|has died' "$LOG" ||
			fail "$1:$2 is not explained: $(cat "$LOG")"
		;;
	*) fail "$1:$2 ends with $ended: $(cat "$LOG")" ;;
	esac
	varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$1:$2: $(cat "$TEST_TMP/fsck")"
	build -t tried --build-arg "ROUND=$1:$2" "$CONTEXT"
	expect "the result after $1:$2" "$wanted" "$(sum tried)"
}

for pass in 1 2 3 5 8 12 20 30 45; do
	attempt store.read "EIO@$pass"
done
for point in staged.create staged.write pool.write store.put loose.write pack.write \
	loose.publish pack.publish unsynced.add refs.write steps.append lease.hold; do
	attempt $point EIO
	attempt $point ENOSPC@2
done
attempt pack.publish exit
echo "$failed failed, $went_well went well"
[ $failed -ge 10 ] || fail "only $failed builds met a fault"
