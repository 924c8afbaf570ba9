# SPDX-License-Identifier: Apache-2.0
# Sourced by the cases that talk to registries, behind build.sh. All of them are on loopback, and end
# with the shell that starts them.
# shellcheck shell=sh disable=SC2034,SC2154

registries=''
trap 'kill $registries 2>/dev/null || true' EXIT
export HOME="$TEST_TMP/home"
mkdir -p "$HOME"
unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_RUNTIME_DIR XDG_CONFIG_HOME VARVE_REGISTRY_INSECURE
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

# free_port: one that nobody listens to
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

listens() {
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' \
		"$1" 2>/dev/null
}

# start_registry NAME [AUTH]: Debian's, at $REGISTRY, with its files in $TEST_TMP/NAME, its process
# $registry_pid and what it was asked in $ASKED; AUTH are more lines of its configuration
# With $REGISTRY_TLS, what make_certificates has made, it speaks https, and with $REGISTRY_CLIENTS to
# those alone whom the same authority vouches for.
start_registry() {
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	command -v python3 >/dev/null || skip "no python3"
	port=$(free_port)
	mkdir -p "$TEST_TMP/$1"
	registry_tls=''
	[ -z "${REGISTRY_TLS:-}" ] ||
		registry_tls=", tls: {certificate: $REGISTRY_TLS/server.crt, key: $REGISTRY_TLS/server.key${REGISTRY_CLIENTS:+, clientcas: [$REGISTRY_TLS/ca.crt]}}"
	cat >"$TEST_TMP/$1.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $TEST_TMP/$1}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"$registry_tls}
${2:-}
END
	ASKED=$TEST_TMP/$1.log
	docker-registry serve "$TEST_TMP/$1.yml" >"$ASKED" 2>&1 &
	registry_pid=$!
	registries="$registries $registry_pid"
	REGISTRY=127.0.0.1:$port
	wait_for 20 listens "$port"
}

# make_certificates DIR: an authority, a server at 127.0.0.1 that it vouches for, and a client
make_certificates() {
	command -v openssl >/dev/null || skip "openssl is not installed"
	mkdir -p "$1"
	(
		cd "$1"
		exec >log 2>&1
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=case authority" -keyout ca.key -out ca.crt
		echo "subjectAltName = IP:127.0.0.1" >names
		for who in server client; do
			openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
			openssl x509 -req -in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $who.crt
		done
	) || fail "openssl: $(cat "$1/log")"
}

# start_fake ARGUMENT...: tests/lib/registry_fake.py, likewise; what it was asked is in $ASKED
start_fake() {
	command -v python3 >/dev/null || skip "no python3"
	rm -f "$TEST_TMP/fake.port"
	ASKED=$TEST_TMP/fake.log
	: >"$ASKED"
	python3 "$REGISTRY_FAKE" "$TEST_TMP/fake.port" "$ASKED" "$@" 2>"$TEST_TMP/fake.err" &
	registry_pid=$!
	registries="$registries $registry_pid"
	wait_for 20 test -s "$TEST_TMP/fake.port"
	REGISTRY=127.0.0.1:$(cat "$TEST_TMP/fake.port")
}

stop_registry() {
	kill "$registry_pid"
	wait "$registry_pid" 2>/dev/null || true
}

# asked PATTERN: how often; each request is one line that begins with the address
asked() {
	grep -cE -- "^127.*$1" "$ASKED" || true
}

# forget: a store with nothing in it
forget() {
	chmod -R u+w "$VARVE_STORE" 2>/dev/null || true
	rm -rf "$VARVE_STORE"
}

# refused WORDS COMMAND…: it fails and says so
refused() {
	refused_words=$1
	shift
	refused_status=0
	"$@" >"$LOG" 2>&1 || refused_status=$?
	[ "$refused_status" != 0 ] || fail "it went well: $*"
	grep -qF -- "$refused_words" "$LOG" || fail "not '$refused_words': $(cat "$LOG")"
}

# layout DIR: an image of two layers, "base" with a file /word on top
layout() {
	printf 'FROM base\nCOPY word /word\n' >"$CONTEXT/Dockerfile"
	echo hello >"$CONTEXT/word"
	build -o "type=oci,tar=false,dest=$1" "$CONTEXT"
}

# repack LAYOUT: its layers compressed by another program, with other bytes and digests
repack() {
	python3 - "$1" <<'END'
import gzip, hashlib, json, os, sys
blobs = os.path.join(sys.argv[1], 'blobs/sha256')
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open(os.path.join(blobs, digest), 'wb').write(data)
    return {'digest': 'sha256:' + digest, 'size': len(data)}
def get(digest):
    return open(os.path.join(blobs, digest.split(':')[1]), 'rb').read()
place = os.path.join(sys.argv[1], 'index.json')
index = json.load(open(place))
manifest = json.loads(get(index['manifests'][0]['digest']))
for layer in manifest['layers']:
    layer.update(put(gzip.compress(gzip.decompress(get(layer['digest'])), 1, mtime=1)))
index['manifests'][0].update(put(json.dumps(manifest).encode()))
json.dump(index, open(place, 'w'))
END
}

# layers_of REGISTRY NAME: the digests of its layers, lowest first
layers_of() {
	python3 - "$1" "${2%:*}" "${2##*:}" <<'END'
import json, sys, urllib.request
host, name, tag = sys.argv[1:]
request = urllib.request.Request('http://%s/v2/%s/manifests/%s' % (host, name, tag), headers={
    'Accept': 'application/vnd.oci.image.manifest.v1+json, '
    'application/vnd.docker.distribution.manifest.v2+json'})
for layer in json.load(urllib.request.urlopen(request))['layers']:
    print(layer['digest'])
END
}

# layers_in LAYOUT: the same of an OCI layout
layers_in() {
	layers_manifest=$(jq -r '.manifests[0].digest' "$1/index.json")
	jq -r '.layers[].digest' "$1/blobs/sha256/${layers_manifest#sha256:}"
}

# publish LAYOUT NAME [ARGUMENT…]: by another tool
publish() {
	command -v skopeo >/dev/null || skip "skopeo is not installed"
	publish_from=$1 publish_to=$2
	shift 2
	REGISTRY_AUTH_FILE="$TEST_TMP/none.json" skopeo copy --quiet --insecure-policy --dest-tls-verify=false "$@" "oci:$publish_from" \
		"docker://$REGISTRY/$publish_to"
}

# digest_of NAME: of the manifest that the registry has
digest_of() {
	python3 - "$REGISTRY" "${1%:*}" "${1##*:}" <<'END'
import hashlib, sys, urllib.request
host, name, tag = sys.argv[1:]
request = urllib.request.Request('http://%s/v2/%s/manifests/%s' % (host, name, tag), headers={
    'Accept': 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, '
    'application/vnd.docker.distribution.manifest.v2+json'})
print('sha256:' + hashlib.sha256(urllib.request.urlopen(request).read()).hexdigest())
END
}
