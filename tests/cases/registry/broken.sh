# SPDX-License-Identifier: Apache-2.0
# Uploads that registries break off or refuse, and layers that they do not keep.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
make_base
layout "$TEST_TMP/layout"
build -t own "$CONTEXT"

# with FAULT [LAYOUT]: a registry that has it
with() {
	[ -z "${registry_pid:-}" ] || stop_registry
	start_fake "$1" "${2:-$TEST_TMP/layout}"
}

push() {
	varve push own "$REGISTRY/own:1"
}

echo "an upload that breaks off is begun anew, as nobody knows what is there of it"
with push-cut
push >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "broken off" 1 "$(asked '"PUT" cut')"
expect "begun" 4 "$(asked 'POST.*/blobs/uploads/ ')"
expect "the manifest" 1 "$(asked 'PUT.*/manifests/1.* 201 ')"

echo "so is one that the registry could not take just now"
with push-passing
push >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "refusals" 3 "$(asked 'PUT.* 503 ')"

echo "it is given up in the end, with the reason, and the name does not change"
with push-cut-for-ever
began=$(date +%s)
refused "cannot push '$REGISTRY/own:1': $REGISTRY: sha256:" push
grep -qF "cannot send to 'http://$REGISTRY/v2/own/blobs/uploads/" "$LOG" || fail "$(cat "$LOG")"
[ $(($(date +%s) - began)) -lt 20 ] || fail "it took its time"
expect "tries" 3 "$(asked '"PUT" cut')"
expect "manifests" 0 "$(asked 'PUT.*/manifests/')"

echo "what is refused is not tried again"
with push-refused
refused "it answers 403: not by you" push
expect "manifests" 0 "$(asked 'PUT.*/manifests/')"

echo "layers that others may not hand on: taken where the registry has them"
cp -r "$TEST_TMP/layout" "$TEST_TMP/foreign"
python3 - "$TEST_TMP/foreign" <<'END'
import hashlib, json, os, sys
place = os.path.join(sys.argv[1], 'index.json')
blobs = os.path.join(sys.argv[1], 'blobs/sha256')
index = json.load(open(place))
top = index['manifests'][0]
manifest = json.load(open(os.path.join(blobs, top['digest'][7:])))
manifest['layers'][0].update({
    'mediaType': 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'urls': ['https://example.invalid/layer']})
data = json.dumps(manifest).encode()
top.update({'digest': 'sha256:' + hashlib.sha256(data).hexdigest(), 'size': len(data)})
open(os.path.join(blobs, top['digest'][7:]), 'wb').write(data)
json.dump(index, open(place, 'w'))
END
with none "$TEST_TMP/foreign"
forget
varve pull "$REGISTRY/app:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "the file" hello "$(varve cat "$REGISTRY/app:1:/word")"
echo "and handed on as any other"
varve inspect --part manifest "$REGISTRY/app:1" >"$LOG"
expect "kinds" "application/vnd.oci.image.layer.v1.tar+gzip" "$(jq -r '.layers[].mediaType' "$LOG" | sort -u)"
expect "the digests" "$(layers_in "$TEST_TMP/layout")" "$(jq -r '.layers[].digest' "$LOG")"

echo "where it has them not, that is told, with the way out"
with elsewhere "$TEST_TMP/foreign"
forget
refused "is not kept by the registry but elsewhere, and foreign layers are not fetched; 'skopeo copy'" \
	varve pull "$REGISTRY/app:1"
expect "images" "" "$(varve images | sed 1d)"
echo "a layer that is missing is not called that"
with elsewhere
refused "it answers 404" varve pull "$REGISTRY/app:1"
! grep -q foreign "$LOG" || fail "$(cat "$LOG")"
