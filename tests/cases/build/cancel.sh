# SPDX-License-Identifier: Apache-2.0
# ^C while a build does something else than running a step: it ends within moments, leaves nothing
# half-written, and the next one goes well.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base
OUT=$TEST_TMP/out
mkdir "$OUT"

# interrupt WHAT: the build in $builder ends with 130, in no more than 3 seconds
interrupt() {
	began=$(date +%s%3N)
	kill -INT "$builder"
	status=0
	wait "$builder" || status=$?
	took=$(($(date +%s%3N) - began))
	[ $status = 130 ] || cat "$TEST_TMP/cancelled" >&2
	expect "status: $1" 130 $status
	[ $took -lt 3000 ] || fail "$1: it took $took ms"
	echo "$1: $took ms"
	wait_for 5 alone
	varve fsck >"$TEST_TMP/fsck" 2>&1 || fail "$(cat "$TEST_TMP/fsck")"
}
# Shells have what runs in the background ignore SIGINT.
begin() {
	rm -f "$TEST_TMP/cancelled"
	env --default-signal=INT "$VARVE" build "$@" >"$TEST_TMP/cancelled" 2>&1 &
	builder=$!
}
said() {
	grep -q -- "$1" "$TEST_TMP/cancelled" 2>/dev/null
}
# Only who runs has the cache.
holding() {
	inits
	[ -n "$found" ]
}
left_of_output() {
	expect "files left behind" "" "$(ls -A "$OUT")"
}

echo "while the context is read"
# Larger than any disk: it has no end that anybody would wait for, and takes no space.
truncate -s 64G "$CONTEXT/huge"
printf 'FROM base\nCOPY huge /huge\n' >"$CONTEXT/Dockerfile"
begin "$CONTEXT"
wait_for 10 said 'COPY huge'
sleep 0.3
interrupt "reading a large file"
rm "$CONTEXT/huge"
i=0
mkdir "$CONTEXT/many"
while [ $i -lt 300 ]; do
	mkdir -p "$CONTEXT/many/$i/a/b" && echo $i >"$CONTEXT/many/$i/a/b/c"
	i=$((i + 1))
done
printf 'FROM base\nCOPY many /many\n' >"$CONTEXT/Dockerfile"
build "$CONTEXT"

echo "while waiting for a cache that another build has"
printf 'FROM base\nRUN --mount=type=cache,id=c,target=/c,sharing=locked sleep 30\n' \
	>"$CONTEXT/Dockerfile"
begin "$CONTEXT"
first=$builder
wait_for 10 holding
printf 'FROM base\nRUN --mount=type=cache,id=c,target=/c,sharing=locked sleep 31\n' \
	>"$CONTEXT/second"
env --default-signal=INT "$VARVE" build -f "$CONTEXT/second" "$CONTEXT" >"$TEST_TMP/second" 2>&1 &
second=$!
waits() {
	grep -q 'waiting for cache c held by' "$TEST_TMP/second"
}
wait_for 10 waits
began=$(date +%s)
kill -INT $second
status=0
wait $second || status=$?
expect "status of the one that waited" 130 $status
[ $(($(date +%s) - began)) -le 3 ] || fail "it took its time"
builder=$first
interrupt "holding a cache"
expect "tickets left in the queue" "" "$(find "$VARVE_STORE"/caches/*/queue -type f ! -name lock)"

echo "while a server is busy with a commit"
# One that does not answer is as good.
printf 'FROM base\nRUN echo up; sleep 1\n' >"$CONTEXT/Dockerfile"
begin "$CONTEXT"
wait_for 10 said '^#[0-9]* [0-9.]* up$'
servers
# shellcheck disable=SC2086
kill -STOP $found
sleep 1.5
interrupt "committing"
build "$CONTEXT"

echo "while a step waits for a disk that does not answer"
# Of the file system's server: no signal ends a process that waits for it, but its own end does.
for point in staged.write pool.write staged.create; do
	printf 'FROM base\nRUN echo up; head -c 300000 /dev/zero >/x; echo %s >/y\n' $point \
		>"$CONTEXT/Dockerfile"
	export VARVE_FAULT=$point:stall
	begin "$CONTEXT"
	unset VARVE_FAULT
	wait_for 10 said '^#[0-9]* [0-9.]* up$'
	sleep 0.3
	interrupt "waiting for $point"
done
build "$CONTEXT"

echo "while a result is written"
printf 'FROM base\nRUN for i in 1 2 3 4 5 6 7 8; do head -c 64000000 /dev/urandom >/$i; done\n' \
	>"$CONTEXT/Dockerfile"
build "$CONTEXT"
for output in "type=oci,dest=$OUT/oci.tar,compression=zstd,compression-level=19" \
	"type=docker,dest=$OUT/docker.tar,compression=gzip,compression-level=9" \
	"type=oci,dest=$OUT/layout,tar=false,compression=zstd,compression-level=19" \
	"type=tar,dest=$OUT/files.tar" "type=local,dest=$OUT/files"; do
	begin -o "$output" "$CONTEXT"
	wait_for 10 said exporting
	interrupt "$output"
	case $output in
	*layout*) expect "blobs half-written" "" "$(find "$OUT/layout" -name '*tmp*' 2>/dev/null)" ;;
	# What is there is whole.
	type=local*)
		for file in "$OUT/files"/[1-8]; do
			[ ! -e "$file" ] || expect "$file" 64000000 "$(stat -c %s "$file")"
		done
		expect "temporary files" "" "$(find "$OUT" -name '.varve*')"
		;;
	*) left_of_output ;;
	esac
	rm -rf "${OUT:?}"/*
done
build -o "type=oci,dest=$OUT/oci.tar,compression=uncompressed" "$CONTEXT"
tar -tf "$OUT/oci.tar" >/dev/null
