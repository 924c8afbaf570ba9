# SPDX-License-Identifier: Apache-2.0
# Images for several platforms, and a registry with passwords.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
command -v htpasswd >/dev/null || skip "no htpasswd"
htpasswd -Bbn user secret >"$TEST_TMP/passwords"
start_registry data "auth: {htpasswd: {realm: case, path: $TEST_TMP/passwords}}"
mkdir -p "$HOME/.docker"

# login PASSWORD
login() {
	printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$REGISTRY" "$(printf 'user:%s' "$1" | base64)" \
		>"$HOME/.docker/config.json"
}

# An image for each platform, and an index of both under one name.
cat >"$TEST_TMP/index.py" <<'END'
import hashlib, json, sys, urllib.request
host = sys.argv[1]
def call(method, path, data=None, kind=None):
    request = urllib.request.Request('http://%s/v2/app/%s' % (host, path), data, method=method)
    request.add_header('Authorization', 'Basic dXNlcjpzZWNyZXQ=')
    request.add_header('Accept', 'application/vnd.oci.image.manifest.v1+json')
    if kind:
        request.add_header('Content-Type', kind)
    return urllib.request.urlopen(request).read()
entries = []
for platform in 'amd64', 'arm64':
    data = call('GET', 'manifests/' + platform)
    entries.append({'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'size': len(data),
                    'digest': 'sha256:' + hashlib.sha256(data).hexdigest(),
                    'platform': {'os': 'linux', 'architecture': platform}})
kind = 'application/vnd.oci.image.index.v1+json'
call('PUT', 'manifests/1', json.dumps(
    {'schemaVersion': 2, 'mediaType': kind, 'manifests': entries}).encode(), kind)
END

echo "pushing takes the right password"
printf 'FROM scratch\nARG TARGETARCH\nCOPY <<E /arch\n$TARGETARCH\nE\n' >"$CONTEXT/Dockerfile"
refused "it wants a user and a password" \
	varve build --push --platform linux/arm64 -t "$REGISTRY/app:arm64" "$CONTEXT"
login wrong
refused "it answers 401" varve build --push --platform linux/arm64 -t "$REGISTRY/app:arm64" "$CONTEXT"
login secret
for arch in amd64 arm64; do
	build --push --platform "linux/$arch" -t "$REGISTRY/app:$arch" "$CONTEXT"
done
python3 "$TEST_TMP/index.py" "$REGISTRY"

echo "of an index only what the platform needs is fetched"
forget
: >"$ASKED"
varve pull --platform linux/arm64 "$REGISTRY/app:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "the file" arm64 "$(varve cat "$REGISTRY/app:1:/arch")"
expect "the index and one manifest" 2 "$(asked 'GET.*/manifests/.* 200 ')"
expect "configuration and layer" 2 "$(asked 'GET.*/blobs/.* 200 ')"

echo "both can be here under one name"
printf 'FROM --platform=linux/amd64 %s/app:1\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
build --platform linux/amd64 "$CONTEXT"
expect "the file" amd64 "$(varve cat last:/arch)"
expect "platforms" 2 "$(varve images | grep -c "$REGISTRY/app:1 ")"
: >"$ASKED"
varve pull --platform linux/arm64 "$REGISTRY/app:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "requests for what is there" 0 "$(asked 'GET.*/(blobs|manifests)/')"

echo "a build for both has them at once, and both get the name"
forget
printf 'FROM %s/app:1\nCOPY Dockerfile /\n' "$REGISTRY" >"$CONTEXT/Dockerfile"
build --platform linux/amd64,linux/arm64 -o "type=oci,dest=$TEST_TMP/both.tar" "$CONTEXT"
expect "platforms" 2 "$(varve images | grep -c "$REGISTRY/app:1 ")"
expect "news" 2 "$(grep '^#[0-9]* \[internal\] load metadata for' "$LOG" | sort -u | wc -l)"

echo "a platform that there is none for"
refused "there is no image for linux/riscv64; there are: linux/amd64, linux/arm64" \
	varve pull --platform linux/riscv64 "$REGISTRY/app:1"

echo "pulling takes the right password"
forget
login wrong
refused "it answers 401" varve pull "$REGISTRY/app:1"
rm "$HOME/.docker/config.json"
refused "it wants a user and a password; 'docker login'" varve pull "$REGISTRY/app:1"
