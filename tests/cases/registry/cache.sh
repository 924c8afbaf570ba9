# SPDX-License-Identifier: Apache-2.0
# Steps of one store for another one, through a registry: --cache-to and --cache-from type=registry.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry data
data=$REGISTRY
make_base
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
# machine NAME: what has nothing but the base image
machine() {
	rm -rf "$TEST_TMP/store-$1"
	export VARVE_STORE="$TEST_TMP/store-$1"
	varve import --name base "$TEST_TMP/base.tar" >"$TEST_TMP/base.id"
}
# files DIR: all that can be said of them
files() {
	(cd "$1" && find . | sort | xargs -d '\n' stat -c '%n %a %s %F %h %Y' | sed 's/ [0-9]*$//' &&
		find . -type f | sort | xargs sha256sum)
}
# raw NAME TAG: the manifest as the registry has it
raw() {
	python3 -c 'import sys, urllib.request
request = urllib.request.Request("http://%s/v2/%s/manifests/%s" % tuple(sys.argv[1:]), headers={
    "Accept": "application/vnd.oci.image.manifest.v1+json"})
sys.stdout.buffer.write(urllib.request.urlopen(request).read())' "$data" "$1" "$2"
}
uploads() {
	asked 'PUT.*/blobs/uploads/'
}
cat >"$CONTEXT/Dockerfile" <<'END2'
FROM base AS build
RUN date +%N >/stamp; head -c 300000 /dev/urandom >/large; ln /stamp /link; mkdir -p /d/e; chmod 700 /d
FROM base
COPY Dockerfile /
WORKDIR /w
COPY --from=build /stamp /large /w/
RUN date +%N >/other; head -c 20000000 /dev/zero >/w/sparse; echo x >>/w/sparse
COPY word /word
RUN cat /word >/copy; echo y >>/w/sparse; rm /bin/inside
END2
echo first >"$CONTEXT/word"
cache=type=registry,ref=$data/app:cache

echo "another store runs nothing that this one has run"
machine one
build -t app --cache-to "$cache,mode=max" "$CONTEXT"
said "exporting cache to registry"
said "writing cache image manifest sha256:"
expect "steps that ran" 7 "$(count DONE)"
build -o "$TEST_TMP/first" "$CONTEXT"
machine two
build --cache-from "$cache" -o "$TEST_TMP/second" "$CONTEXT"
said "importing cache manifest from $data/app:cache"
expect "steps that ran" 0 "$(count DONE)"
files "$TEST_TMP/first" >"$TEST_TMP/a"
files "$TEST_TMP/second" >"$TEST_TMP/b"
cmp "$TEST_TMP/a" "$TEST_TMP/b" || fail "other files: $(diff "$TEST_TMP/a" "$TEST_TMP/b")"
varve fsck >"$LOG" 2>&1 || fail "the store: $(cat "$LOG")"
build "$CONTEXT"
expect "steps that ran without it" 0 "$(count DONE)"

echo "the base image, which is here, is not fetched; nor is anything that nobody asks for"
machine three
: >"$ASKED"
build --cache-from "$data/app:cache" --target build "$CONTEXT"
expect "the step" CACHED "$(step 'RUN date')"
expect "blobs: the configuration, a layer, how the base came about" 3 "$(asked 'GET.*/blobs/')"
base=$(raw app cache | jq -r '.layers | max_by(.size) | .digest')
expect "the files of the base" 0 "$(asked "GET.*$base")"

echo "it is an artifact as others know them"
raw app cache >"$TEST_TMP/manifest"
jq -e '.config.mediaType == "application/vnd.varve.cache.config.v1+json" and
	(.layers | length) > 5 and
	(.layers | all(.mediaType == "application/vnd.varve.cache.objects.v1+zstd"))' \
	"$TEST_TMP/manifest" >/dev/null || fail "$(cat "$TEST_TMP/manifest")"
if command -v skopeo >/dev/null; then
	REGISTRY_AUTH_FILE="$TEST_TMP/none.json" skopeo inspect --raw --tls-verify=false \
		"docker://$data/app:cache" >"$TEST_TMP/skopeo"
	cmp "$TEST_TMP/manifest" "$TEST_TMP/skopeo" || fail "skopeo sees something else"
fi

echo "what has changed runs, and nothing else; only that is sent"
machine two-again
build --cache-from "$cache" --cache-to "$cache,mode=max" "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"
: >"$ASKED"
build --cache-to "$cache,mode=max" "$CONTEXT"
said "steps, 0 of 10 layers"
expect "uploads" 0 "$(uploads)"
expect "layers that were fetched" 1 "$(asked 'GET.*/blobs/')"
echo second >"$CONTEXT/word"
: >"$ASKED"
build --cache-to "$cache,mode=max" "$CONTEXT"
expect "steps that ran" 2 "$(count DONE)"
expect "uploads: two layers and the configuration" 3 "$(uploads)"
machine four
build --cache-from "$cache" "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"
echo first >"$CONTEXT/word"
build --cache-from "$cache" "$CONTEXT"
expect "COPY of what it was before" DONE "$(step 'COPY word')"
expect "the step before it" CACHED "$(step 'RUN date +%N >/other')"

echo "mode=min has the steps of the result alone"
build --cache-to "type=registry,ref=$data/app:min" "$CONTEXT"
machine five
build --cache-from "$data/app:min" "$CONTEXT"
expect "the step of another stage" DONE "$(step '[build 2/2] RUN')"
expect "the first steps of the result" CACHED "$(step 'WORKDIR /w')"

echo "the same states make the same layers, whoever sends them"
machine six
build --cache-from "$cache" "$CONTEXT"
: >"$ASKED"
build --cache-to "type=registry,ref=$data/app:once,mode=max" "$CONTEXT"
[ "$(uploads)" -gt 0 ] || fail "nothing was sent"
: >"$ASKED"
build --cache-to "type=registry,ref=$data/app:twice,mode=max" "$CONTEXT"
expect "uploads" 0 "$(uploads)"

echo "layers that the registry has lost are sent again"
digest=$(raw app twice | jq -r '.layers[1].digest')
find "$TEST_TMP/data" -path "*/app/_layers/sha256/${digest#sha256:}" -exec rm -r {} +
build --cache-to "type=registry,ref=$data/app:twice,mode=max" "$CONTEXT"
said "steps, 1 of 9 layers"
machine seven
build --cache-from "$data/app:twice" "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"

echo "compressed as it is asked for"
for way in gzip uncompressed zstd,compression-level=7; do
	build --cache-to "type=registry,ref=$data/app:other,compression=$way" "$CONTEXT"
	machine "way"
	build --cache-from "$data/app:other" --target build "$CONTEXT"
	build --cache-from "$data/app:other" "$CONTEXT"
	expect "the first steps of the result with $way" CACHED "$(step 'WORKDIR /w')"
done

echo "steps with secrets are not given away"
printf 'FROM base\nRUN --mount=type=secret,id=s cp /run/secrets/s /leaked\n' >"$CONTEXT/secret"
echo hush >"$TEST_TMP/secret"
build -f "$CONTEXT/secret" --secret "id=s,src=$TEST_TMP/secret" \
	--cache-to "type=registry,ref=$data/app:secret,mode=max" "$CONTEXT"
machine nine
build -f "$CONTEXT/secret" --secret "id=s,src=$TEST_TMP/secret" --cache-from "$data/app:secret" "$CONTEXT"
expect "the step" DONE "$(step 'RUN --mount')"

echo "one that is killed leaves what the name stood for"
for delay in 0.05 0.2 0.5; do
	echo "$delay" >"$CONTEXT/word"
	"$VARVE" build --cache-to "$cache,mode=max" "$CONTEXT" >"$LOG" 2>&1 &
	builder=$!
	sleep $delay
	kill -KILL $builder 2>/dev/null || true
	wait $builder 2>/dev/null || true
	rm -rf "$TEST_TMP/store-killed"
	VARVE_STORE=$TEST_TMP/store-killed
	varve import --name base "$TEST_TMP/base.tar" >"$TEST_TMP/base.id"
	build --cache-from "$cache" "$CONTEXT"
	! grep -q WARN "$LOG" || fail "killed after $delay: $(cat "$LOG")"
	expect "the first steps of the result" CACHED "$(step 'WORKDIR /w')"
	VARVE_STORE=$TEST_TMP/store-nine
done

echo "what cannot be written fails the build, unless that is to be ignored"
printf 'FROM base\nRUN echo small >/small\n' >"$CONTEXT/small"
fails() {
	! varve build "$@" >"$LOG" 2>&1 || fail "no failure of: $*"
}
port=$(free_port)
fails --cache-to "type=registry,ref=127.0.0.1:$port/x" -f "$CONTEXT/small" "$CONTEXT"
said "cache '127.0.0.1:$port/x': 127.0.0.1:$port: "
build --cache-to "type=registry,ref=127.0.0.1:$port/x,ignore-error=true" -f "$CONTEXT/small" "$CONTEXT"
said "cache '127.0.0.1:$port/x': 127.0.0.1:$port: "
fails --cache-to "type=registry" "$CONTEXT"
said "it has no ref"
fails --cache-to "type=registry,ref=UPPER" "$CONTEXT"
fails --cache-to "type=registry,ref=a/b@sha256:$(printf x | sha256sum | cut -d ' ' -f 1)" "$CONTEXT"
said "a name with a digest cannot be written to"
fails --cache-to "type=registry,ref=a/b,compression=estargz" "$CONTEXT"
said "compression 'estargz' is not supported"
fails --cache-from "type=registry,ref=a/b,mode=max" "$CONTEXT"
said "there is no attribute 'mode'"
