# SPDX-License-Identifier: Apache-2.0
# Layers of base images stay the blobs that they came as, wherever they go.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$REGISTRY_LIB"
start_registry first
first=$REGISTRY first_log=$ASKED first_pid=$registry_pid
make_base
layout "$TEST_TMP/layout"
layers_in "$TEST_TMP/layout" >"$TEST_TMP/own"
repack "$TEST_TMP/layout"
layers_in "$TEST_TMP/layout" >"$TEST_TMP/base"
! cmp -s "$TEST_TMP/own" "$TEST_TMP/base" || fail "it is compressed as varve does it"
publish "$TEST_TMP/layout" app:1
forget
printf 'FROM %s/app:1\nCOPY more /more\n' "$first" >"$CONTEXT/Dockerfile"
echo more >"$CONTEXT/more"

# same FILE: the two lowest layers there are those of the base image
same() {
	head -n 2 "$1" >"$TEST_TMP/lowest"
	cmp "$TEST_TMP/base" "$TEST_TMP/lowest" || fail "other layers: $(cat "$1")"
}

# bytes_kept: what written layers take
bytes_kept() {
	find "$VARVE_STORE/layers" -name '*.blob' | wc -l
}

echo "to another repository of the registry they come from: nothing is sent but what is new"
build -t own "$CONTEXT"
: >"$ASKED"
varve push own "$first/own:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
layers_of "$first" own:1 >"$TEST_TMP/there"
same "$TEST_TMP/there"
expect "taken over" 2 "$(asked 'POST.*mount=sha256.* 201 ')"
expect "sent" 2 "$(asked 'PUT.*/blobs/uploads/')"
expect "fetched" 0 "$(asked 'GET.*/blobs/')"
expect "kept" 1 "$(bytes_kept)"

echo "what was made here is taken over, too"
: >"$ASKED"
varve push own "$first/again:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "taken over" 3 "$(asked 'POST.*mount=sha256.* 201 ')"
expect "sent: the configuration" 1 "$(asked 'PUT.*/blobs/uploads/')"
expect "the digest" "$(digest_of own:1)" "$(digest_of again:1)"

echo "a manifest is told without asking anybody"
: >"$ASKED"
varve inspect --part manifest own | jq -r '.layers[].digest' >"$TEST_TMP/there"
same "$TEST_TMP/there"
expect "requests" 0 "$(asked /v2/)"

echo "to another registry: they are fetched from the one and sent to the other"
start_registry second
: >"$first_log"
varve push own "$REGISTRY/own:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
layers_of "$REGISTRY" own:1 >"$TEST_TMP/there"
same "$TEST_TMP/there"
expect "the same image" "$(layers_of "$first" own:1)" "$(cat "$TEST_TMP/there")"
expect "fetched" 2 "$(ASKED=$first_log asked 'GET.*/blobs/')"
expect "sent" 4 "$(asked 'PUT.*/blobs/uploads/')"
grep -qE '^#[0-9]+ fetching sha256:' "$LOG" || fail "$(cat "$LOG")"

echo "and then they are kept as other written layers are"
: >"$first_log"
build -o "type=oci,tar=false,dest=$TEST_TMP/out" "$CONTEXT"
layers_in "$TEST_TMP/out" >"$TEST_TMP/there"
same "$TEST_TMP/there"
expect "fetched" 0 "$(ASKED=$first_log asked 'GET.*/blobs/')"
varve du >"$LOG" 2>&1
grep -q layers "$LOG" || fail "$(cat "$LOG")"

echo "prune lets go of them, and an archive has them fetched again"
varve prune --filter type=layers --force >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "kept" 0 "$(bytes_kept)"
: >"$first_log"
varve save --format oci -o "$TEST_TMP/out.tar" own 2>"$LOG" || fail "$(cat "$LOG")"
mkdir "$TEST_TMP/saved"
tar -C "$TEST_TMP/saved" -xf "$TEST_TMP/out.tar"
layers_in "$TEST_TMP/saved" >"$TEST_TMP/there"
same "$TEST_TMP/there"
: >"$first_log"
varve save -o "$TEST_TMP/docker.tar" own 2>"$LOG" || fail "$(cat "$LOG")"
tar -tf "$TEST_TMP/docker.tar" >"$TEST_TMP/names"
while read -r digest; do
	grep -q "${digest#sha256:}" "$TEST_TMP/names" || fail "not there: $digest"
done <"$TEST_TMP/base"
expect "fetched" 0 "$(ASKED=$first_log asked 'GET.*/blobs/')"

echo "another compression is for what is made here; force-compression is for all"
build -o "type=oci,tar=false,dest=$TEST_TMP/zstd,compression=zstd" "$CONTEXT"
layers_in "$TEST_TMP/zstd" >"$TEST_TMP/there"
same "$TEST_TMP/there"
build -o "type=oci,tar=false,dest=$TEST_TMP/forced,compression=zstd,force-compression=true" "$CONTEXT"
layers_in "$TEST_TMP/forced" >"$TEST_TMP/there"
expect "of the base" 0 "$(grep -cf "$TEST_TMP/base" "$TEST_TMP/there" || true)"
echo "and what has the kind that is forced stays"
build -o "type=oci,tar=false,dest=$TEST_TMP/gzip,compression=gzip,force-compression=true" "$CONTEXT"
layers_in "$TEST_TMP/gzip" >"$TEST_TMP/there"
same "$TEST_TMP/there"

echo "a registry that is gone: another one that has got them will do"
varve prune --filter type=layers --force >"$LOG" 2>&1 || fail "$(cat "$LOG")"
second_pid=$registry_pid registry_pid=$first_pid
stop_registry
build -o "type=oci,tar=false,dest=$TEST_TMP/gone" "$CONTEXT"
layers_in "$TEST_TMP/gone" >"$TEST_TMP/there"
same "$TEST_TMP/there"

echo "all gone: they are compressed here, and that is told"
varve prune --filter type=layers --force >"$LOG" 2>&1 || fail "$(cat "$LOG")"
registry_pid=$second_pid
stop_registry
build -o "type=oci,tar=false,dest=$TEST_TMP/lost" "$CONTEXT"
expect "warnings" 2 "$(grep -c '^#0 WARN.*compressed anew and gets another digest: .*[Cc]onnect' "$LOG")"
layers_in "$TEST_TMP/lost" | head -n 2 | cmp - "$TEST_TMP/own" || fail "other layers"
start_registry third
varve push own "$REGISTRY/lost:1" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
grep -q "compressed anew" "$LOG" || fail "$(cat "$LOG")"
layers_of "$REGISTRY" lost:1 >"$TEST_TMP/there"
head -n 2 "$TEST_TMP/there" | cmp - "$TEST_TMP/own" || fail "other layers"

echo "what came out of a file is compressed here, but what varve wrote itself comes out the same"
forget
varve load --name loaded "$TEST_TMP/layout" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
varve save --format oci -o "$TEST_TMP/out.tar" loaded 2>"$LOG" || fail "$(cat "$LOG")"
expect "warnings" 2 "$(grep -c 'nothing is known of a registry that has it' "$LOG")"
forget
varve load --name loaded "$TEST_TMP/forced" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
varve save --format oci -o "$TEST_TMP/out.tar" loaded 2>"$LOG" || fail "$(cat "$LOG")"
expect "warnings" "" "$(cat "$LOG")"
