# SPDX-License-Identifier: Apache-2.0
# One build for several platforms.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base
host=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
other=$([ "$host" = arm64 ] && echo amd64 || echo arm64)
both=linux/$host,linux/$other
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
# fails OPTIONS…: what it shows goes to $LOG
fails() {
	! varve build "$@" >"$LOG" 2>&1 || fail "no failure of: $*"
}

# steps PATTERN: how many there are
steps() {
	grep "$1" "$LOG" | sort -u | wc -l
}

# A stage that compiles for other machines, and what each machine gets of it.
cat >"$CONTEXT/Dockerfile" <<'END2'
FROM --platform=$BUILDPLATFORM base AS build
ARG BUILDPLATFORM
RUN echo once >>/same; echo "$BUILDPLATFORM" >/builder
ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT
RUN echo "$TARGETPLATFORM $TARGETOS $TARGETARCH <$TARGETVARIANT>" >/made
FROM scratch
COPY --from=build /same /builder /made /
ARG TARGETARCH
LABEL for=$TARGETARCH
END2

echo "what all platforms share runs once, also anew"
build --no-cache --platform "$both" -t app -o "type=oci,dest=$TEST_TMP/app.tar" \
	-o "type=oci,tar=false,dest=$TEST_TMP/layout" --metadata-file "$TEST_TMP/meta" \
	--iidfile "$TEST_TMP/iid" "$CONTEXT"
expect "the shared RUN" 1 "$(steps "^#[0-9]* \[linux/$host build 2/3\] RUN")"
expect "the native one" 1 "$(steps "^#[0-9]* \[linux/$host build 3/3\] RUN")"
expect "the cross one" 1 "$(steps "^#[0-9]* \[linux/$host->$other build 3/3\] RUN")"
for arch in "$host" "$other"; do
	expect "COPY for $arch" 1 "$(steps "^#[0-9]* \[linux/$arch stage-1 2/2\] COPY")"
done
expect "steps that ran" 5 "$(count DONE)"
expect "questions about base" 1 "$(grep -c 'load metadata for base' "$LOG")"

echo "the next build has all of it, and gives the same bytes"
build --platform "$both" -o "type=oci,dest=$TEST_TMP/again.tar" "$CONTEXT"
expect "steps that were cached" 6 "$(count CACHED)"
expect "no table of stages" 0 "$(grep -c '^STAGE' "$LOG")"
build --platform "linux/$other" "$CONTEXT"
expect "steps of a build for one of them" 4 "$(count CACHED)"

echo "the index has a manifest for each"
index=$TEST_TMP/layout/blobs/sha256/$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' \
	"$TEST_TMP/layout/index.json")
expect "platforms" "$host $other" \
	"$(grep -o '"platform":{[^}]*}' "$index" | sed 's/.*"architecture":"\([^"]*\)".*/\1/' | xargs)"
expect "iidfile" "sha256:$(basename "$index")" "$(cat "$TEST_TMP/iid")"
grep -q "\"containerimage.digest\":\"sha256:$(basename "$index")\"" "$TEST_TMP/meta" ||
	fail "no digest in $(cat "$TEST_TMP/meta")"
grep -q '"containerimage.descriptor":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:[0-9a-f]*","size":[0-9]*}' \
	"$TEST_TMP/meta" || fail "no descriptor in $(cat "$TEST_TMP/meta")"
! grep -q 'config.digest' "$TEST_TMP/meta" || fail "an index has no configuration"
if command -v skopeo >/dev/null; then
	expect "as skopeo sees it" "$host $other" \
		"$(skopeo inspect --raw "oci:$TEST_TMP/layout:latest" |
			grep -o '"architecture":"[^"]*"' | cut -d '"' -f 4 | xargs)"
	for arch in "$host" "$other"; do
		skopeo copy -q --override-arch "$arch" --override-os linux \
			"oci-archive:$TEST_TMP/app.tar:latest" "oci:$TEST_TMP/one-$arch:x" >/dev/null ||
			fail "skopeo cannot copy $arch"
		expect "label of $arch" "$arch" "$(skopeo inspect --config --raw "oci:$TEST_TMP/one-$arch:x" |
			grep -o '"for": *"[^"]*"' | cut -d '"' -f 4)"
		command -v umoci >/dev/null || continue
		umoci unpack --rootless --image "$TEST_TMP/one-$arch:x" "$TEST_TMP/bundle-$arch" \
			>"$TEST_TMP/umoci.log" 2>&1 || fail "umoci: $(cat "$TEST_TMP/umoci.log")"
		expect "files for $arch" "once linux/$host linux/$arch linux $arch <>" \
			"$(cd "$TEST_TMP/bundle-$arch/rootfs" && cat same builder made | xargs)"
	done
fi

echo "the store has one name for both, and each serves as a base"
expect "images" "linux/$host linux/$other" \
	"$(varve images --format json | grep -o '"platform":"[^"]*"' | cut -d '"' -f 4 | grep -v '^$' |
		tail -n +1 | sort -u | xargs)"
printf 'FROM app\nCOPY Dockerfile /\n' >"$CONTEXT/on-top"
build --platform "$both" -f "$CONTEXT/on-top" -o "$TEST_TMP/files" "$CONTEXT"
for arch in "$host" "$other"; do
	expect "made for $arch" "linux/$arch linux $arch <>" \
		"$(cat "$TEST_TMP/files/linux_$arch/made")"
done
build --platform "$both" -o "type=tar,dest=$TEST_TMP/files.tar" "$CONTEXT"
expect "an archive" "linux_$host/made linux_$other/made" \
	"$(tar -tf "$TEST_TMP/files.tar" | grep made | sort | xargs)"

echo "each state has an address"
build --platform "$both" "$CONTEXT"
expect "cross-compiled" "linux/$other" "$(varve cat "last@build+linux_$other:3:/made" | cut -d ' ' -f 1)"
expect "what is shared" "linux/$host" "$(varve cat "last@build+linux_$other:2:/builder")"
expect "without a platform" "linux/$host" "$(varve cat last@build:3:/made | cut -d ' ' -f 1)"
expect "the target" "linux/$other" "$(varve cat last:/made | cut -d ' ' -f 1)"
expect "in the list" "3 3" "$(for arch in "$host" "$other"; do
	varve states last | grep -c "@build+linux_$arch:"
done | xargs)"

echo "a failure ends all, and says what it was for"
printf 'FROM --platform=$BUILDPLATFORM base\nARG TARGETARCH\nRUN [ $TARGETARCH = %s ]\n' "$host" \
	>"$CONTEXT/failing"
fails --platform "$both" -f "$CONTEXT/failing" "$CONTEXT"
said "[linux/$host->$other 2/2] RUN"
said "exit code: 1"

echo "what is found in the file is said once"
printf 'FROM scratch AS x\nCOPY $nothing /\n' >"$CONTEXT/warned"
varve build --check --platform "$both" -f "$CONTEXT/warned" "$CONTEXT" >"$LOG" 2>&1 || true
expect "findings" 1 "$(grep -c "Usage of undefined variable" "$LOG")"

echo "what cannot be is refused before anything is done"
fails --no-cache --platform "$both" -o "type=docker,dest=$TEST_TMP/x" "$CONTEXT"
said "type=docker: docker exporter does not currently support exporting manifest lists"
expect "steps that ran" 0 "$(count DONE)"
fails --platform "linux/$host,,x" "$CONTEXT"
said "--platform linux/$host,,x: '' is no platform"
fails --platform "$both" --target build,stage-1 -t x "$CONTEXT"
said "--tag is for one target, and --target names 2: build, stage-1"
build --platform "linux/$host,linux/$host" -o "type=docker,dest=$TEST_TMP/x" "$CONTEXT"

echo "several stages for several platforms are states"
build --platform "$both" --target build,stage-1 "$CONTEXT"
expect "in the table" 4 "$(grep -c 'cached$' "$LOG")"

echo "bake has them, too"
cat >"$CONTEXT/docker-bake.json" <<END2
{ "target": { "default": { "platforms": [ "linux/$host", "linux/$other" ],
	"output": [ "type=oci,dest=$TEST_TMP/baked.tar" ] } } }
END2
(cd "$CONTEXT" && varve bake --allow "fs.write=$TEST_TMP" >"$LOG" 2>&1) || fail "bake: $(cat "$LOG")"
cmp "$TEST_TMP/baked.tar" "$TEST_TMP/again.tar" || fail "bake makes something else"

echo "a program for another machine is not run, and the error says what helps"
[ "$other" = arm64 ] && machine='\267' || machine='\076'
cp -a "$ROOT" "$TEST_TMP/foreign"
rm "$TEST_TMP/foreign/bin/sh"
head='\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000'$machine'\000'
{ printf "$head" && head -c 200 /dev/zero; } >"$TEST_TMP/foreign/bin/sh"
chmod 755 "$TEST_TMP/foreign/bin/sh"
tar -C "$TEST_TMP/foreign" --numeric-owner --owner=0 --group=0 -cf "$TEST_TMP/foreign.tar" .
varve import --platform "linux/$other" --name foreign "$TEST_TMP/foreign.tar" >"$TEST_TMP/id"
printf 'FROM foreign\nRUN echo hi\n' >"$CONTEXT/foreign"
fails --platform "linux/$other" -f "$CONTEXT/foreign" "$CONTEXT"
said "/bin/sh is a program for $other, and"
said "install qemu-user-static"

# From Linux 6.7 on each user namespace may have handlers of its own.
cat >"$TEST_TMP/handlers" <<'END2'
handlers=/proc/sys/fs/binfmt_misc
mount -t binfmt_misc none $handlers 2>/dev/null && [ -w $handlers/register ] || exit 77
for program in none /bin/echo /no/such; do
	[ $program = none ] || echo ":case:M::$MAGIC::$program:" >$handlers/register
	"$VARVE" build --no-cache --platform "linux/$OTHER" -f "$CONTEXT/foreign" "$CONTEXT" >"$LOG" 2>&1 || true
	case $program in
	none) grep -q "nothing runs those on this host" "$LOG" || exit 1 ;;
	/bin/echo) grep -q '^#[0-9]* [0-9.]* /bin/sh -c echo hi$' "$LOG" || exit 2 ;;
	*) grep -q "'/no/such', is not in the image: register it with the flag F" "$LOG" || exit 3 ;;
	esac
	[ $program = none ] || echo -1 >$handlers/case
done
END2
export CONTEXT LOG
[ "$other" = arm64 ] && machine='\xb7' || machine='\x3e'
export OTHER="$other" MAGIC='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'$machine'\x00'
status=0
unshare --user --map-root-user --mount sh -e "$TEST_TMP/handlers" || status=$?
case $status in
0) echo "with a handler it is run" ;;
77) echo "no handlers can be tried here" ;;
*) fail "handlers: $status: $(cat "$LOG")" ;;
esac
