# SPDX-License-Identifier: Apache-2.0
# Registries that speak https, and by whom they are trusted.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
make_certificates "$TEST_TMP/tls"
unset SSL_CERT_FILE SSL_CERT_DIR
export REGISTRY_TLS="$TEST_TMP/tls"
start_registry data
make_base
printf 'FROM base\nCOPY word /word\n' >"$CONTEXT/Dockerfile"
echo hello >"$CONTEXT/word"
build -t own "$CONTEXT"

push() {
	varve push own "$REGISTRY/app:1"
}

# trusted: it is pushed to and pulled from
trusted() {
	push >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	varve rmi "$REGISTRY/app:1" >/dev/null 2>&1 || true
	varve pull "$REGISTRY/app:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	expect "the file" hello "$(varve cat "$REGISTRY/app:1:/word")"
}

echo "whom nobody vouches for is refused, with the ways out"
refused "certificate" push
grep -qF "$REGISTRY: " "$LOG" || fail "no name: $(cat "$LOG")"
grep -qF "certs.d/$REGISTRY/ca.crt" "$LOG" || fail "no way out: $(cat "$LOG")"
grep -qF "SSL_CERT_FILE" "$LOG" || fail "no way out: $(cat "$LOG")"
expect "requests that got through" 0 "$(asked /v2/own)"
printf 'FROM %s/app:1\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
refused "certs.d/$REGISTRY/ca.crt" varve build "$CONTEXT"

echo "SSL_CERT_FILE"
SSL_CERT_FILE=$TEST_TMP/tls/ca.crt trusted

echo "the directories of Podman and Docker, by the name that images have"
for tool in containers docker; do
	dir=$HOME/.config/$tool/certs.d/$REGISTRY
	mkdir -p "$dir"
	cp "$TEST_TMP/tls/ca.crt" "$dir/ca.crt"
	trusted
	mv "$dir/ca.crt" "$dir/any-name.crt"
	trusted
	rm -r "$HOME/.config/$tool"
done
export XDG_CONFIG_HOME="$TEST_TMP/config"
mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY" "$XDG_CONFIG_HOME/containers/certs.d/127.0.0.1"
cp "$TEST_TMP/tls/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/127.0.0.1"
refused "certificate" push
cp "$TEST_TMP/tls/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY"
trusted

echo "an authority that vouches for others is no help"
make_certificates "$TEST_TMP/other"
cp "$TEST_TMP/other/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY"
refused "certs.d/$REGISTRY/ca.crt" push
rm -r "$XDG_CONFIG_HOME"

echo "--insecure, and the setting, trust whoever it is"
varve push --insecure own "$REGISTRY/app:2" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
VARVE_REGISTRY_INSECURE=$REGISTRY trusted

echo "a registry that wants to know who asks"
stop_registry
export REGISTRY_CLIENTS=1
start_registry data
dir=$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY
mkdir -p "$dir"
cp "$TEST_TMP/tls/ca.crt" "$dir"
refused "$REGISTRY: " push
cp "$TEST_TMP/tls/client.crt" "$dir/client.cert"
refused "$REGISTRY: " push
cp "$TEST_TMP/tls/client.key" "$dir"
trusted
