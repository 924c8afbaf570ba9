# SPDX-License-Identifier: Apache-2.0
# --cache-from an image that lies about the steps of its layers, or whose layers are others, or break
# off: a warning, and the build goes on.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
make_base
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
cp -a "$VARVE_STORE" "$TEST_TMP/fresh"
# machine: what has nothing but the base image
machine() {
	rm -rf "$TEST_TMP/store-fake"
	export VARVE_STORE="$TEST_TMP/store-fake"
	cp -a "$TEST_TMP/fresh" "$VARVE_STORE"
}
printf 'FROM base\nCOPY a /a\nCOPY b /b\n' >"$CONTEXT/Dockerfile"
head -c 100000 /dev/urandom >"$CONTEXT/a"
echo b >"$CONTEXT/b"
build --cache-to type=inline -o "type=oci,tar=false,dest=$TEST_TMP/layout" "$CONTEXT"

# serve FAULT LAYOUT
serve() {
	[ -z "${fake_pid:-}" ] || { kill "$fake_pid" 2>/dev/null || true; wait "$fake_pid" 2>/dev/null || true; }
	start_fake "$1" "$2"
	fake_pid=$registry_pid
}
# with STEPS: how many run
with() {
	machine
	build --cache-from "$REGISTRY/app:1" "$CONTEXT"
	expect "steps that ran" "$1" "$(count DONE)"
	varve fsck >"$LOG.fsck" 2>&1 || fail "the store: $(cat "$LOG.fsck")"
}
# forge WAY: an image that is what its digests say
forge() {
	rm -rf "$TEST_TMP/forged"
	PYTHONPATH=${CASE_LIB%/*} PYTHONDONTWRITEBYTECODE=1 \
		python3 - "$TEST_TMP/layout" "$TEST_TMP/forged" "$1" <<'END2'
import gzip, hashlib, sys
from forge import Forged
way = sys.argv[3]
image = Forged(sys.argv[1], sys.argv[2])
manifest, config = image.manifest, image.config
steps = config['varve.cache.v1']['steps']
diff_ids = config['rootfs']['diff_ids']
for i, layer in enumerate(manifest['layers']):
    data = image.load(layer['digest'])
    if way == 'nonsense' and i == 2:
        data = gzip.compress(b'no archive at all' * 100)
        diff_ids[i] = 'sha256:' + hashlib.sha256(gzip.decompress(data)).hexdigest()
    layer.update(image.keep(data))
if way == 'string':
    config['varve.cache.v1'] = 'x'
elif way == 'past-the-end':
    steps[1]['layers'] = 4
elif way == 'no-id':
    steps[0]['keys'][1] = steps[0]['keys'][1][:-1] + 'g'
elif way == 'buildkit':
    del config['varve.cache.v1']
    config['moby.buildkit.cache.v0'] = 'e30='
elif way == 'diff-id':
    diff_ids[2] = diff_ids[1]
elif way == 'fewer':
    manifest['layers'].pop()
elif way == 'history':
    config['history'] = [{'created': '9999-99-99'}, {'created': 'x'}, {}]
elif way == 'other-keys':
    for step in steps:
        step['keys'] = [hashlib.sha256(key.encode()).hexdigest() for key in step['keys']]
image.write()
END2
	serve none "$TEST_TMP/forged"
}

echo "it is used when nothing is wrong, whatever the history says"
for way in none history; do
	forge $way
	with 0
	! grep -q WARN "$LOG" || fail "a warning: $(cat "$LOG")"
done
forge other-keys
with 2
! grep -q WARN "$LOG" || fail "a warning: $(cat "$LOG")"

echo "documents that make no sense are warned of, and not used"
# unused WAY WORDS
unused() {
	forge "$1"
	with 2
	said "cache '$REGISTRY/app:1' is not used: "
	said "$2"
}
unused string "its configuration: .varve.cache.v1 is not an object"
unused past-the-end ".steps[1].layers is more than the 3 of the image"
unused no-id ".steps[0].keys[1] is no id"
unused fewer "it has 2 layers, its configuration 3"
unused buildkit "its steps are BuildKit's (moby.buildkit.cache.v0)"

echo "an image that others lied about is a base image all the same"
forge string
machine
printf 'FROM %s/app:1\nCOPY b /c\n' "$REGISTRY" >"$CONTEXT/on"
build -f "$CONTEXT/on" "$CONTEXT"

echo "layers that are others: what is below them is used"
for way in diff-id nonsense; do
	forge $way
	with 1
	said "cache '$REGISTRY/app:1' is of no use for a step: "
done

echo "a registry that lies or breaks off"
for fault in corrupt cut-for-ever; do
	serve $fault "$TEST_TMP/layout"
	with 2
	said "cache '$REGISTRY/app:1' is "
done
