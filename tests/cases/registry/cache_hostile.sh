# SPDX-License-Identifier: Apache-2.0
# --cache-from a registry that has something else there, or lies, or breaks off: a warning, and the
# build goes on.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry data
data=$REGISTRY
make_base
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
cp -a "$VARVE_STORE" "$TEST_TMP/fresh"
# machine NAME: what has nothing but the base image
machine() {
	rm -rf "$TEST_TMP/store-$1"
	export VARVE_STORE="$TEST_TMP/store-$1"
	cp -a "$TEST_TMP/fresh" "$VARVE_STORE"
}
# raw NAME TAG: the manifest as the registry has it
raw() {
	python3 -c 'import sys, urllib.request
request = urllib.request.Request("http://%s/v2/%s/manifests/%s" % tuple(sys.argv[1:]), headers={
    "Accept": "application/vnd.oci.image.manifest.v1+json"})
sys.stdout.buffer.write(urllib.request.urlopen(request).read())' "$data" "$1" "$2"
}
printf 'FROM base\nRUN head -c 300000 /dev/urandom >/large; echo a >/a\nRUN cat /a >/b\n' >"$CONTEXT/Dockerfile"
printf 'FROM base\nRUN echo small >/small\n' >"$CONTEXT/small"
cache=type=registry,ref=$data/app:cache
machine one
build --cache-to "$cache,mode=max,compression=gzip" "$CONTEXT"

echo "what is not there, or is no cache, is warned of, and the build goes on"
build -t "$data/app:image" --push "$CONTEXT"
warned() {
	build --cache-from "$1" --cache-from "$cache" -f "$CONTEXT/small" "$CONTEXT"
	said "cache '$1' is not used: "
	said "$2"
}
warned "$data/app:missing" "404"
warned "$data/app:image" "it is an image that does not say which steps its layers are of"
port=$(free_port)
warned "127.0.0.1:$port/app:cache" "127.0.0.1:$port"

echo "a cache of BuildKit is called by its name"
# put NAME TAG TYPE: standard input as a manifest, whose blobs it gets
put() {
	python3 - "$data" "$@" <<'END2'
import hashlib, sys, urllib.request
host, name, tag, kind = sys.argv[1:]
def send(method, url, data, media='application/octet-stream'):
    request = urllib.request.Request(url, data=data, method=method, headers={'Content-Type': media})
    return urllib.request.urlopen(request)
def blob(data):
    digest = 'sha256:' + hashlib.sha256(data).hexdigest()
    where = send('POST', 'http://%s/v2/%s/blobs/uploads/' % (host, name), b'').headers['Location']
    send('PUT', where + ('&' if '?' in where else '?') + 'digest=' + digest, data)
    return '{"mediaType":"%s","digest":"%s","size":%d}' % ('%s', digest, len(data))
layer, config = blob(b'layer'), blob(b'{"layers":[],"records":[]}')
oci = 'application/vnd.oci.image.'
if kind == 'index':
    inner = '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[]}' % (
        oci + 'manifest.v1+json', config % (oci + 'config.v1+json'))
    digest = hashlib.sha256(inner.encode()).hexdigest()
    send('PUT', 'http://%s/v2/%s/manifests/sha256:%s' % (host, name, digest), inner.encode(), oci + 'manifest.v1+json')
    text = '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"sha256:%s","size":%d},{"mediaType":"application/vnd.buildkit.cacheconfig.v0","digest":"sha256:%s","size":%d}]}' % (
        oci + 'index.v1+json', oci + 'manifest.v1+json', digest, len(inner), digest, len(inner))
    media = oci + 'index.v1+json'
else:
    types = {'buildkit': ('application/vnd.buildkit.cacheconfig.v0', oci + 'layer.v1.tar+gzip'),
             'nonsense': ('application/vnd.varve.cache.config.v1+json', 'application/vnd.varve.cache.objects.v1+zstd'),
             'later': ('application/vnd.varve.cache.config.v2+json', 'application/x'),
             'layers': ('application/vnd.varve.cache.config.v1+json', 'application/x')}[kind]
    text = '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' % (
        oci + 'manifest.v1+json', config % types[0], layer % types[1])
    media = oci + 'manifest.v1+json'
send('PUT', 'http://%s/v2/%s/manifests/%s' % (host, name, tag), text.encode(), media)
END2
}
put app buildkit buildkit
warned "$data/app:buildkit" "it is a cache in BuildKit's format (application/vnd.buildkit.cacheconfig.v0)"
put app index index
warned "$data/app:index" "it is a cache in BuildKit's format"
put app nonsense nonsense
warned "$data/app:nonsense" "its configuration: .groups is missing"
put app later later
warned "$data/app:later" "it is of type 'application/vnd.varve.cache.config.v2+json'"
put app layers layers
warned "$data/app:layers" "layer 0 is of media type 'application/x'"
build --cache-to "type=registry,ref=$data/app:buildkit" "$CONTEXT"
warned "$data/app:nonsense" "its configuration: .groups is missing"
build --cache-from "$data/app:buildkit" "$CONTEXT"
! grep -q "is not used" "$LOG" || fail "$(cat "$LOG")"

echo "a registry that lies or breaks off: a warning with its reason, and no hit"
python3 - "$TEST_TMP/layout" "$TEST_TMP/data" <<'END2' "$(raw app cache)"
import hashlib, json, os, sys
layout, data, text = sys.argv[1:]
os.makedirs(layout + '/blobs/sha256')
def keep(content):
    digest = hashlib.sha256(content).hexdigest()
    open(layout + '/blobs/sha256/' + digest, 'wb').write(content)
    return digest
for item in [json.loads(text)['config']] + json.loads(text)['layers']:
    name = item['digest'][7:]
    keep(open('%s/docker/registry/v2/blobs/sha256/%s/%s/data' % (data, name[:2], name), 'rb').read())
json.dump({'schemaVersion': 2, 'manifests': [{'mediaType': 'application/vnd.oci.image.manifest.v1+json',
    'digest': 'sha256:' + keep(text.encode()), 'size': len(text)}]}, open(layout + '/index.json', 'w'))
END2
# with FAULT: a registry that has it, and a store with nothing but the base image
with() {
	[ -z "${fake_pid:-}" ] || { kill "$fake_pid" 2>/dev/null || true; wait "$fake_pid" 2>/dev/null || true; }
	start_fake "$1" "$TEST_TMP/layout"
	fake_pid=$registry_pid
	machine "fake"
	build --cache-from "$REGISTRY/app:1" "$CONTEXT"
}
for fault in none cut; do
	with $fault
	expect "steps that ran with $fault" 0 "$(count DONE)"
done
for fault in corrupt short cut-for-ever gone; do
	with $fault
	said "cache '$REGISTRY/app:1' is of no use for a step: "
	expect "steps that ran with $fault" 2 "$(count DONE)"
done
for fault in type auth; do
	with $fault
	said "cache '$REGISTRY/app:1' is not used: "
	expect "steps that ran with $fault" 2 "$(count DONE)"
done

echo "layers that are what their digests say, and nonsense"
# forge WAY: what is in the layers, and who needs whom
forge() {
	rm -rf "$TEST_TMP/forged"
	PYTHONPATH=${CASE_LIB%/*} PYTHONDONTWRITEBYTECODE=1 \
		python3 - "$TEST_TMP/layout" "$TEST_TMP/forged" "$1" <<'END2'
import gzip, struct, sys
from forge import Forged
way = sys.argv[3]
image = Forged(sys.argv[1], sys.argv[2])
manifest, config = image.manifest, image.config
head = b'varve bundle 1\n'
def change(data):
    return {'garbage': data[:40] + bytes(200), 'cut': data[:-9],
            'empty': gzip.compress(head + b'\xff'),
            'pieces': gzip.compress(head + b'\x05' + struct.pack('<Q', 64) + b'OSEX' +
                                    struct.pack('<IQ', 1, 5) + b'z' * 32 + struct.pack('<QQ', 0, 5) + b'\xff'),
            }.get(way, data)
for layer in manifest['layers']:
    layer.update(image.keep(change(image.load(layer['digest']))))
for i, group in enumerate(config['groups']):
    if way == 'needs':
        group['needs'] = list(range(len(config['groups'])))
    if way == 'swapped':
        group['blobs'] = config['groups'][i - 1]['blobs']
    if way == 'position':
        group['blobs'] = [99]
for step in config['steps']:
    if way == 'wrong-state':
        step['group'] = 0
    if way == 'no-group':
        step['group'] = 99
image.write()
END2
	[ -z "${fake_pid:-}" ] || { kill "$fake_pid" 2>/dev/null || true; wait "$fake_pid" 2>/dev/null || true; }
	start_fake none "$TEST_TMP/forged"
	fake_pid=$registry_pid
	machine "fake"
	build --cache-from "$REGISTRY/app:1" "$CONTEXT"
	varve fsck >"$LOG.fsck" 2>&1 || fail "the store after $1: $(cat "$LOG.fsck")"
}
for way in none needs; do
	forge $way
	expect "steps that ran with $way" 0 "$(count DONE)"
done
for way in garbage cut empty pieces swapped wrong-state; do
	forge $way
	said "cache '$REGISTRY/app:1' is of no use for a step: "
	expect "steps that ran with $way" 2 "$(count DONE)"
done
for way in position no-group; do
	forge $way
	said "cache '$REGISTRY/app:1' is not used: its configuration: "
	expect "steps that ran with $way" 2 "$(count DONE)"
done

echo "one that says nothing is left at a signal"
start_fake stall "$TEST_TMP/layout"
machine "fake"
"$VARVE" build --cache-from "$REGISTRY/app:1" "$CONTEXT" >"$LOG" 2>&1 &
builder=$!
wait_for 20 grep -q 'GET.*blobs' "$ASKED"
sleep 0.5
began=$(date +%s)
kill -TERM "$builder"
status=0
wait "$builder" || status=$?
expect "status" 130 "$status"
[ $(($(date +%s) - began)) -lt 5 ] || fail "it took its time"
