# SPDX-License-Identifier: Apache-2.0
# Images of a registry as bases: which, when they are asked for, and what is fetched of them.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry data
make_base
layout "$TEST_TMP/layout"
publish "$TEST_TMP/layout" app:1
first=$(digest_of app:1)

# word NAME: what is in /word of it
word() {
	varve cat "$1:/word"
}

echo "FROM fetches what the store has not"
forget
printf 'FROM %s/app:1\nRUN cat /word >/copy\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
build -t own "$CONTEXT"
expect "the file" hello "$(varve cat own:/copy)"
grep -qF "[internal] load metadata for $REGISTRY/app:1" "$LOG" || fail "$(cat "$LOG")"
grep -qE '^#[0-9]+ sha256:[0-9a-f]{64} [0-9.]+[kM]?B / [0-9.]+[kM]?B' "$LOG" || fail "$(cat "$LOG")"
grep -qE '^#[0-9]+ extracting sha256:[0-9a-f]{64} .* done$' "$LOG" || fail "$(cat "$LOG")"
varve images >"$LOG"
grep -qF "$REGISTRY/app:1 " "$LOG" || fail "$(cat "$LOG")"

echo "and asks nobody for what it has"
: >"$ASKED"
build "$CONTEXT"
expect "requests" 0 "$(asked /v2/)"

echo "--pull asks, and fetches nothing when nothing has changed"
build --pull "$CONTEXT"
expect "blobs" 0 "$(asked 'GET.*/blobs/')"
expect "manifests read" 0 "$(asked 'GET.*/manifests/')"
expect "asked for the manifest" 1 "$(asked 'HEAD.*/manifests/')"
expect "the step" CACHED "$(step 'RUN cat')"

echo "a layer that is there is not fetched again"
echo again >"$CONTEXT/word"
printf 'FROM base\nCOPY word /word\n' >"$CONTEXT/Dockerfile.next"
make_base
build -f "$CONTEXT/Dockerfile.next" -o "type=oci,tar=false,dest=$TEST_TMP/next" "$CONTEXT"
publish "$TEST_TMP/next" app:1
forget
varve pull "$REGISTRY/app@$first" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "by its digest" hello "$(word "$REGISTRY/app@$first")"
: >"$ASKED"
expect_match "what is printed" "Pulled $REGISTRY/app:1: sha256:*" "$(varve pull "$REGISTRY/app:1" 2>/dev/null)"
expect "configuration and layer" 2 "$(asked 'GET.*/blobs/')"
expect "the new file" again "$(word "$REGISTRY/app:1")"

echo "--pull follows a tag that has moved"
publish "$TEST_TMP/layout" app:1
build "$CONTEXT"
expect "without it" again "$(varve cat last:/copy)"
build --pull "$CONTEXT"
expect "with it" hello "$(varve cat last:/copy)"

echo "what the tag has moved away from is dangling, and goes with prune"
dangling() {
	varve du --format json | jq -r 'select(.type == "dangling") | .description'
}
dangling >"$LOG"
expect "how many" 1 "$(wc -l <"$LOG")"
old=$(cat "$LOG")
expect_match "which" "$REGISTRY/app@sha256:*" "$old"
expect "it is there" again "$(varve cat "$old:/word")"
varve prune --force --filter type=state >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "left by another type" "$old" "$(dangling)"
varve prune --force --dry-run >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "left by a dry run" "$old" "$(dangling)"
varve prune --force >"$LOG" 2>&1 || fail "$(cat "$LOG")"
grep -qF "$old" "$LOG" || fail "not listed: $(cat "$LOG")"
expect "dangling" "" "$(dangling)"
refused "app@" varve cat "$old:/word"
expect "the tag has its image" hello "$(varve cat "$REGISTRY/app:1:/word")"

echo "a digest is asked for only when it is not there"
: >"$ASKED"
printf 'FROM %s/app:1@%s\n' "$REGISTRY" "$first" >"$CONTEXT/Dockerfile"
build "$CONTEXT"
expect "requests" 0 "$(asked /v2/)"
expect_match "what is printed" "Unchanged $REGISTRY/app@$first: $first" \
	"$(varve pull "$REGISTRY/app@$first" 2>/dev/null)"

echo "what is not there is told with its name"
none=sha256:$(printf '%064d' 0)
refused "$REGISTRY: manifest of none: it answers 404: not found" varve pull "$REGISTRY/app:none"
refused "$REGISTRY: manifest of latest: it answers 404" varve pull "$REGISTRY/nothing"
refused "it answers 404" varve pull "$REGISTRY/app@$none"
printf 'FROM %s/nothing\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
refused "cannot pull '$REGISTRY/nothing'" varve build "$CONTEXT"
grep -qF "varve load FILE" "$LOG" || fail "no way out: $(cat "$LOG")"

echo "--check and --call ask nobody"
: >"$ASKED"
varve build --check "$CONTEXT" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "requests" 0 "$(asked /v2/)"

echo "a registry that is not there"
stop_registry
forget
printf 'FROM %s/app:1\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
refused "cannot pull '$REGISTRY/app:1': $REGISTRY: manifest of 1: cannot fetch" varve build "$CONTEXT"
grep -qE "[Cc]onnect" "$LOG" || fail "no reason: $(cat "$LOG")"
