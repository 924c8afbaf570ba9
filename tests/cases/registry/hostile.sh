# SPDX-License-Identifier: Apache-2.0
# Registries that lie, break off, or do not let everybody in.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
make_base
layout "$TEST_TMP/layout"

# with FAULT: a registry that has it, and a store with nothing in it
with() {
	[ -z "${registry_pid:-}" ] || stop_registry
	start_fake "$1" "$TEST_TMP/layout"
	forget
}

pull() {
	varve pull "$REGISTRY/app:1"
}

# whole: it went well
whole() {
	pull >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	expect "the file" hello "$(varve cat "$REGISTRY/app:1:/word")"
}

# nothing_left: no image, no file on its way
nothing_left() {
	expect "images" "" "$(varve images | sed 1d)"
	expect "files" "" "$(find "$VARVE_STORE" -name 'download-*')"
}

echo "one that is honest"
with none
whole

echo "no digest in the answer to HEAD"
with no-digest
whole

echo "a connection that breaks: the rest is asked for"
with cut
whole
expect "the rest" 2 "$(asked 'bytes=[1-9]')"

echo "what passes is tried again"
with passing
whole
expect "refusals" 2 "$(asked ' 503 ')"

echo "bytes that are not what was promised"
with corrupt
refused "instead of sha256:" pull
nothing_left
with long
refused "is longer than" pull
nothing_left
with short
refused "bytes instead of" pull
nothing_left
with cut-for-ever
refused "cannot fetch" pull
nothing_left

echo "manifests that are none"
with other-manifest
refused "the manifest has the digest" pull
with type
refused "a manifest of type 'text/html'" pull
with huge-manifest
refused "answers with too much" pull

echo "headers without an end, circles, and ways out of http"
with headers
refused "$REGISTRY: manifest of 1" pull
with many-headers
refused "answers with too much" pull
with loop
refused "more than 10 redirections" pull
with downgrade
refused "cannot pull" pull
nothing_left
with nonsense
refused "its WWW-Authenticate makes no sense" pull

echo "a registry that says nothing is left at a signal"
with stall
"$VARVE" pull "$REGISTRY/app:1" >"$LOG" 2>&1 &
pulling=$!
wait_for 20 grep -q 'GET.*blobs' "$ASKED"
sleep 0.5
kill -TERM "$pulling" 2>/dev/null || fail "it was not there any more: $(cat "$LOG")"
began=$(date +%s)
status=0
wait "$pulling" || status=$?
expect "status" 130 "$status"
[ $(($(date +%s) - began)) -lt 5 ] || fail "it took its time"
nothing_left

echo "who the user is: a token, which the store of blobs does not get to see"
with auth
refused "incorrect username or password; 'docker login'" pull
mkdir -p "$HOME/.docker"
auth() {
	printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$REGISTRY" "$(printf %s "$1" | base64)"
}
auth user:wrong >"$HOME/.docker/config.json"
refused "incorrect username or password" pull
auth user:secret >"$HOME/.docker/config.json"
whole
expect "tokens" 1 "$(($(asked 'GET /token.* 200 ')))"

echo "Basic, from podman's file, and from a helper"
with basic
rm "$HOME/.docker/config.json"
refused "it wants a user and a password; 'docker login'" pull
mkdir -p "$TEST_TMP/run/containers"
auth user:secret >"$TEST_TMP/run/containers/auth.json"
export XDG_RUNTIME_DIR="$TEST_TMP/run"
whole
unset XDG_RUNTIME_DIR
forget
mkdir "$TEST_TMP/bin"
cat >"$TEST_TMP/bin/docker-credential-case" <<'END'
#!/bin/sh
read -r server || true
case $1:$server in
get:127.0.0.1:*) echo '{"ServerURL":"x","Username":"user","Secret":"secret"}' ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac
END
chmod +x "$TEST_TMP/bin/docker-credential-case"
echo '{"credsStore":"case"}' >"$HOME/.docker/config.json"
refused "the credential helper 'docker-credential-case' is not installed" pull
PATH="$TEST_TMP/bin:$PATH" whole
echo 'not json' >"$HOME/.docker/config.json"
forget
refused "config.json" pull
