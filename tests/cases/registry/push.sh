# SPDX-License-Identifier: Apache-2.0
# Images to a registry: what other tools read there, and what is sent of them.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry data
make_base
printf 'FROM base\nCOPY word /word\nRUN echo step >/step; chmod 600 /step\nENV A=b\n' >"$CONTEXT/Dockerfile"
echo hello >"$CONTEXT/word"

# look NAME [FORMAT]: what skopeo says of it
look() {
	REGISTRY_AUTH_FILE="$TEST_TMP/none.json" skopeo inspect --tls-verify=false ${2:+--format "$2"} \
		"docker://$REGISTRY/$1"
}

echo "--push sends all, and the digest is known"
build --push -t "$REGISTRY/app:1" --metadata-file "$TEST_TMP/metadata" "$CONTEXT"
digest=$(jq -r '."containerimage.digest"' "$TEST_TMP/metadata")
expect "the registry's digest" "$digest" "$(digest_of app:1)"
grep -qF "pushing manifest for $REGISTRY/app:1" "$LOG" || fail "$(cat "$LOG")"
if command -v skopeo >/dev/null; then
	expect "skopeo's digest" "$digest" "$(look app:1 '{{.Digest}}')"
	expect "layers" 3 "$(look app:1 | jq '.Layers | length')"
	look app:1 | jq -e '.Env | index("A=b")' >/dev/null || fail "no environment"
fi

echo "pushing again sends no blob"
: >"$ASKED"
build --push -t "$REGISTRY/app:1" "$CONTEXT"
expect "uploads" 0 "$(asked '(POST|PATCH).*/blobs/')"
expect "blobs looked for" 4 "$(asked 'HEAD.*/blobs/')"

echo "what is pulled is what was pushed"
before=$(varve inspect "$REGISTRY/app:1" | jq -re .root)
forget
varve pull -q "$REGISTRY/app:1" >"$TEST_TMP/pulled"
expect "the digest" "$digest" "$(cat "$TEST_TMP/pulled")"
expect "the root" "$before" "$(varve inspect "$REGISTRY/app:1" | jq -re .root)"
expect "the file" hello "$(varve cat "$REGISTRY/app:1:/word")"
at "$REGISTRY/app:1" cmp "$CONTEXT/word" "$AT/word"

echo "push sends what was pulled with its old digest, under another name"
expect "the digest" "Pushed $REGISTRY/other:2: $digest" "$(varve push "$REGISTRY/app:1" "$REGISTRY/other:2" 2>/dev/null)"
expect "what is there" "$digest" "$(digest_of other:2)"
expect "and quietly" "$digest" "$(varve push -q "$REGISTRY/app:1" "$REGISTRY/other:2")"

echo "several names, and outputs that push"
printf 'FROM %s/app:1\nLABEL x=1\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
build -o "type=registry,\"name=$REGISTRY/three:1,$REGISTRY/three:2\"" "$CONTEXT"
expect "the same" "$(digest_of three:1)" "$(digest_of three:2)"
build -o "type=image,name=$REGISTRY/four,push=true" "$CONTEXT"
expect "in the store as well" hello "$(varve cat "$REGISTRY/four:/word")"
expect "and there" "$(digest_of three:1)" "$(digest_of four:latest)"

echo "push-by-digest leaves tags alone"
old=$(digest_of four:latest)
printf 'FROM %s/app:1\nLABEL x=2\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
build -o "type=image,name=$REGISTRY/four,push=true,push-by-digest=true" \
	--metadata-file "$TEST_TMP/metadata" "$CONTEXT"
expect "the tag" "$old" "$(digest_of four:latest)"
new=$(jq -r '."containerimage.digest"' "$TEST_TMP/metadata")
[ "$new" != "$old" ] || fail "it is the same image"
varve pull -q "$REGISTRY/four@$new" >/dev/null || fail "it is not there"

echo "bake --push"
mkdir "$TEST_TMP/bake"
cp "$CONTEXT/Dockerfile" "$TEST_TMP/bake"
echo '{"target":{"default":{"tags":["'"$REGISTRY"'/baked:1"]}}}' >"$TEST_TMP/bake/docker-bake.json"
(cd "$TEST_TMP/bake" && varve bake --push >"$LOG" 2>&1) || fail "$(cat "$LOG")"
expect "what it made" "$new" "$(digest_of baked:1)"

echo "what cannot be pushed is told before the build"
refused "it takes a name to push to" varve build --push "$CONTEXT"
! grep -q "load build definition" "$LOG" || fail "it had begun"

echo "a registry that is not there"
stop_registry
refused "cannot push '$REGISTRY/app:1': $REGISTRY: sha256:" varve push "$REGISTRY/app:1"
