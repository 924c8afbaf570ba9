# SPDX-License-Identifier: Apache-2.0
# What an image says of the steps that its layers came from: --cache-to type=inline, and --cache-from
# that image with a store that has nothing.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry data
data=$REGISTRY
make_base
varve tag base "$data/base:1"
varve push "$data/base:1" >"$LOG" 2>&1 || fail "the base: $(cat "$LOG")"
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
silent() {
	! grep -q "WARN\|is not used\|is of no use" "$LOG" || fail "a warning: $(cat "$LOG")"
}
# machine NAME: what has nothing at all
machine() {
	chmod -R u+w "$TEST_TMP/store-$1" 2>/dev/null || true
	rm -rf "$TEST_TMP/store-$1"
	export VARVE_STORE="$TEST_TMP/store-$1"
}
# config NAME:TAG: the configuration of an image in the registry
config() {
	python3 - "$data" "${1%:*}" "${1##*:}" <<'END2'
import json, sys, urllib.request
host, name, tag = sys.argv[1:]
def get(place, accept='*/*'):
    return urllib.request.urlopen(urllib.request.Request(
        'http://%s/v2/%s/%s' % (host, name, place), headers={'Accept': accept})).read()
manifest = json.loads(get('manifests/' + tag, 'application/vnd.oci.image.manifest.v1+json, '
                          'application/vnd.docker.distribution.manifest.v2+json'))
sys.stdout.buffer.write(get('blobs/' + manifest['config']['digest']))
END2
}
dockerfile() {
	cat >"$CONTEXT/Dockerfile" <<END2
FROM $data/base:1
RUN date +%N >/stamp; head -c 100000 /dev/urandom >/large; ln /stamp /link
ENV A=1
WORKDIR /w
WORKDIR /w
COPY word /w/word
LABEL l=m
RUN cat /w/word >/copy; date +%N >/other; rm /bin/inside
ENTRYPOINT ["/bin/sh"]
RUN cat /stamp /other >/both; echo \$A
END2
}
dockerfile
echo first >"$CONTEXT/word"

echo "a store with nothing runs nothing, and makes the same image"
machine one
build -t "$data/app:1" --cache-to type=inline --push "$CONTEXT"
said "preparing layers for inline cache"
digest=$(digest_of app:1)
machine two
: >"$ASKED"
build -t "$data/app:2" --cache-from "$data/app:1" --cache-to type=inline --push "$CONTEXT"
said "importing cache manifest from $data/app:1"
silent
expect "steps that ran" 0 "$(count DONE)"
expect "the image" "$digest" "$(digest_of app:2)"
expect "layers and the configuration that were sent" 0 "$(asked 'PUT.*/blobs/uploads/')"
varve fsck >"$LOG" 2>&1 || fail "the store: $(cat "$LOG")"
build -o "$TEST_TMP/files" "$CONTEXT"
expect "steps that ran without it" 0 "$(count DONE)"
[ "$(cat "$TEST_TMP/files/both")" = "$(cat "$TEST_TMP/files/stamp" "$TEST_TMP/files/other")" ] ||
	fail "files of other runs"
[ ! -e "$TEST_TMP/files/bin/inside" ] || fail "what was deleted is there"

echo "each step that is a layer is named once, with the layers below it"
config app:1 >"$TEST_TMP/config"
jq -e '."varve.cache.v1".steps as $steps | (.rootfs.diff_ids | length) as $layers |
	($steps | length) == 6 and $layers == 7 and
	($steps | map(.layers)) == [2, 3, 4, 5, 6, 7] and
	($steps | all((.keys | length) == 2))' "$TEST_TMP/config" >/dev/null ||
	fail "$(cat "$TEST_TMP/config")"

echo "other tools take it for the image that it is"
if command -v skopeo >/dev/null; then
	export REGISTRY_AUTH_FILE="$TEST_TMP/none.json"
	skopeo inspect --tls-verify=false "docker://$data/app:1" >"$TEST_TMP/skopeo" || fail "skopeo inspect"
	expect "layers" 7 "$(jq '.Layers | length' "$TEST_TMP/skopeo")"
	skopeo copy --quiet --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
		"docker://$data/app:1" "oci:$TEST_TMP/copy:1" || fail "skopeo copy"
	publish "$TEST_TMP/copy:1" app:copied --format v2s2
	machine copied
	build --cache-from "type=registry,ref=$data/app:copied" "$CONTEXT"
	silent
	expect "steps that ran with a copy in Docker's words" 0 "$(count DONE)"
fi

echo "a step that has changed runs, and those behind it; what is below it does not"
sed -i 's/cat .w.word >.copy/cp \/w\/word \/copy2/' "$CONTEXT/Dockerfile"
machine three
: >"$ASKED"
build --cache-from "$data/app:1" -o "$TEST_TMP/changed" "$CONTEXT"
silent
expect "COPY" CACHED "$(step 'COPY word')"
expect "steps that ran" 2 "$(count DONE)"
expect "layers and configurations that were fetched" 7 "$(asked 'GET.*/blobs/')"
expect "the file of the first step" "$(cat "$TEST_TMP/files/stamp")" "$(cat "$TEST_TMP/changed/stamp")"
[ -e "$TEST_TMP/changed/copy2" ] && [ ! -e "$TEST_TMP/changed/copy" ] || fail "files of another step"
dockerfile

echo "with fewer layers, the steps that end one are there"
machine four
build --cache-from "$data/app:1" --build-arg BUILDKIT_INLINE_CACHE=1 \
	-o "type=registry,name=$data/app:squash,layers=squash" \
	-o "type=registry,name=$data/app:pack,layers=pack:4" "$CONTEXT"
silent
expect "steps" '[2]' "$(config app:squash | jq -c '[."varve.cache.v1".steps[].layers]')"
expect "layers" 4 "$(config app:pack | jq '.rootfs.diff_ids | length')"
expect "steps" '[2,3,4]' "$(config app:pack | jq -c '[."varve.cache.v1".steps[].layers]')"
machine five
build --cache-from "$data/app:pack" -t "$data/app:mixed" --push "$CONTEXT"
silent
expect "a step within a layer" DONE "$(step 'RUN date')"
expect "one that ends a layer" CACHED "$(step 'RUN cat /stamp')"

echo "what comes on top of other files is no longer the layer that it was"
printf 'FROM %s/app:mixed\n' "$data" >"$CONTEXT/mixed"
build -f "$CONTEXT/mixed" -o "$TEST_TMP/state" "$CONTEXT"
machine mixed
build -f "$CONTEXT/mixed" -o "$TEST_TMP/pulled" "$CONTEXT"
expect "the file of the step that ran again" "$(cat "$TEST_TMP/state/stamp")" "$(cat "$TEST_TMP/pulled/stamp")"

echo "what is built on such an image does not say so of its own layers"
machine six
printf 'FROM %s/app:1\nRUN echo more >/more\n' "$data" >"$CONTEXT/on"
build -t "$data/app:on" --push -f "$CONTEXT/on" "$CONTEXT"
expect "what it says" null "$(config app:on | jq '."varve.cache.v1"')"
build -t "$data/app:on" --push --cache-to type=inline,mode=min -f "$CONTEXT/on" "$CONTEXT"
expect "what it says" '[8]' "$(config app:on | jq -c '[."varve.cache.v1".steps[].layers]')"
build --build-arg BUILDKIT_INLINE_CACHE=0 -t "$data/app:on" --push -f "$CONTEXT/on" "$CONTEXT"
expect "what it says" null "$(config app:on | jq '."varve.cache.v1"')"

echo "nor of steps that had secrets"
printf 'FROM %s/base:1\nRUN --mount=type=secret,id=s cp /run/secrets/s /leaked\nRUN date +%%N >/d\n' "$data" \
	>"$CONTEXT/secret"
echo hush >"$TEST_TMP/secret"
build -f "$CONTEXT/secret" --secret "id=s,src=$TEST_TMP/secret" --cache-to type=inline -t "$data/app:secret" \
	--push "$CONTEXT"
expect "steps" '[3]' "$(config app:secret | jq -c '[."varve.cache.v1".steps[].layers]')"

echo "several platforms, each from its own image"
printf 'FROM scratch\nARG TARGETARCH\nCOPY word /word-$TARGETARCH\nWORKDIR /$TARGETARCH\n' >"$CONTEXT/several"
build --platform linux/amd64,linux/arm64 -f "$CONTEXT/several" --cache-to type=inline -t "$data/app:all" --push "$CONTEXT"
machine seven
build --platform linux/amd64,linux/arm64 -f "$CONTEXT/several" --cache-from "$data/app:all" "$CONTEXT"
silent
expect "steps that ran" 0 "$(count DONE)"
machine eight
: >"$ASKED"
build --platform linux/arm64 -f "$CONTEXT/several" --cache-from "$data/app:all" "$CONTEXT"
expect "steps that ran for one" 0 "$(count DONE)"
expect "its layers and its configuration" 3 "$(asked 'GET.*/blobs/')"
build --platform linux/riscv64 -f "$CONTEXT/several" --cache-from "$data/app:all" "$CONTEXT"
said "cache '$data/app:all' is not used: it has no image for the platform"

echo "an image that says nothing is a miss, and a line"
build --cache-from "$data/base:1" "$CONTEXT"
said "cache '$data/base:1' is not used: it is an image that does not say which steps its layers are of"
expect "how often that is said" 1 "$(grep -c "WARN.*is not used" "$LOG")"

echo "what makes no sense is refused before anything is done"
refused "mode=max: an image has the layers of its own steps alone" varve build --cache-to type=inline,mode=max "$CONTEXT"
refused "there is no attribute 'ref'" varve build --cache-to "type=inline,ref=$data/app:1" "$CONTEXT"
refused "name it, with type=registry,ref=NAME" varve build --cache-from type=inline "$CONTEXT"
