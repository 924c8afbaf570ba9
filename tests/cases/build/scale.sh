# SPDX-License-Identifier: Apache-2.0
# Dockerfiles that programs write: hundreds of stages, a stage of hundreds of copies.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base
cd "$TEST_TMP" || exit
many() {
	awk -v n="$1" -v base="$2" -f "$VARVE_SOURCE_ROOT/tests/lib/many_stages.awk"
}

echo "869 stages are read and planned"
many 400 base >"$CONTEXT/Dockerfile"
expect "stages" 869 "$(grep -c '^FROM' "$CONTEXT/Dockerfile")"
expect "copies" 1330 "$(grep -c '^COPY' "$CONTEXT/Dockerfile")"
expect "commands" 2407 "$(grep -c '^RUN' "$CONTEXT/Dockerfile")"
expect "check" "Check complete, no warnings found." "$(varve build --check "$CONTEXT" 2>"$LOG")"
expect "targets" 870 "$(varve build --call=targets "$CONTEXT" 2>"$LOG" | wc -l)"
varve build --call=outline "$CONTEXT" >out 2>"$LOG"
expect "outline" "TARGET: unified" "$(head -n 1 out)"

echo "fewer of them are built, each of their steps once"
many 13 base >"$CONTEXT/Dockerfile"
build -t many "$CONTEXT"
expect "the last one" "$(printf 'build 13\ndone')" "$(varve cat many:/lock/logs/13)"
expect "what another made" "start 1" "$(varve cat many:/lock/builds/1/lock | head -n 1)"
expect "a heredoc in one" "  the third of 7" "$(varve cat many:/lock/builds/7/lock | tail -n 1)"
done=$(count DONE)
build -t many "$CONTEXT"
expect "nothing is done again" 0 "$(count DONE)"
[ "$done" -gt 90 ] || fail "only $done steps were done"

echo "other stages in between, and other numbers of lines: what is the same is known"
sed -e '1i # generated again' -e 's/^FROM start AS lock-7$/FROM start AS other\nRUN true\n\n&/' \
	"$CONTEXT/Dockerfile" >again
mv again "$CONTEXT/Dockerfile"
build -t many "$CONTEXT"
expect "nothing is done again" 0 "$(count DONE)"

echo "a stage that has begun is gone on with before the next begins"
for i in $(seq 40); do
	printf 'FROM base AS s%s\nRUN true 1 of %s\nRUN true 2 of %s\n' "$i" "$i" "$i"
done >"$CONTEXT/Dockerfile"
build -j 1 --all-stages "$CONTEXT"
sed -n 's/^#[0-9]* \[s[0-9]* [23].3\] RUN true \([12]\) of .*/\1/p' "$LOG" | uniq >order
expect "steps one after another" 80 "$(wc -l <order | tr -d ' ')"

echo "only so many filesystems wait for a next step that may never come"
"$VARVE" build -j 2 --no-cache --all-stages "$CONTEXT" >"$LOG" 2>&1 &
pid=$!
most=0
while kill -0 $pid 2>/dev/null; do
	servers
	# shellcheck disable=SC2086
	set -- $found
	[ $# -le $most ] || most=$#
	sleep 0.02
done
wait $pid || fail "$(cat "$LOG")"
echo "most at once: $most"
[ $most -gt 1 ] && [ $most -le 30 ] || fail "$most servers at once"

echo "a stage of 300 copies, and no limit to layers"
{
	echo "FROM base AS source"
	echo 'RUN i=0; while [ $i -lt 300 ]; do echo $i >/$i; i=$((i + 1)); done'
	echo "FROM base"
	for i in $(seq 0 299); do
		echo "COPY --from=source /$i /out/$i"
	done
} >"$CONTEXT/Dockerfile"
build --output type=oci,dest=all,tar=false --output type=oci,layers=pack:100,dest=packed,tar=false \
	"$CONTEXT"
layers() {
	cat "$1"/blobs/sha256/* | grep -ao '"mediaType":"[^"]*layer[^"]*"' | wc -l
}
expect "layers" 301 "$(layers all)"
expect "fewer when asked" 100 "$(layers packed)"
expect "the last file" 299 "$(at last cat "$AT/out/299")"
if command -v skopeo >/dev/null; then
	skopeo copy -q --insecure-policy "oci:$PWD/all" "dir:$PWD/copied" || fail "skopeo"
fi
