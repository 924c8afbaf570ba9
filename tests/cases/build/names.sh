# SPDX-License-Identifier: Apache-2.0
# Names of images and states: varve tag, rmi, pin, unpin, inspect, save.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

printf 'FROM base\nENV A=b\nRUN echo one >/one\nRUN echo two >/two\n' >"$CONTEXT/Dockerfile"
build -t app "$CONTEXT"

echo "an image gets more names, a state becomes an image"
varve tag app other:v2 example.com/third
varve tag last@stage-0:2 half
expect "the file by another name" two "$(varve cat other:v2:/two)"
expect "the other one" two "$(varve cat example.com/third:/two)"
expect "status of what is not in it" 125 "$(code varve cat half:/two 2>/dev/null)"
printf 'FROM half\nRUN test -e /one && ! test -e /two && test $A = b\n' >"$CONTEXT/from"
build -f "$CONTEXT/from" "$CONTEXT"
expect "status of no name" 125 "$(code varve tag app 'Not A Name' 2>/dev/null)"
expect "status of no image" 125 "$(code varve tag nosuch x 2>/dev/null)"

echo "rmi takes names away"
expect "what it says" "Untagged: other:v2" "$(varve rmi other:v2)"
expect "status of a name that is gone" 125 "$(code varve rmi other:v2 2>/dev/null)"
varve rmi --force other:v2
id=$(varve inspect app | sed 's/{"id":"\([0-9a-f]*\)".*/\1/')
expect "status of an id with two names" 125 "$(code varve rmi "$id" 2>/dev/null)"
expect "both" 2 "$(varve rmi --force "$id" | wc -l | tr -d ' ')"
! varve images | grep -q app || fail "it is still there: $(varve images)"

echo "a pin keeps a state"
varve pin --name kept last@stage-0:2 >"$TEST_TMP/out"
expect "what it says" kept "$(cat "$TEST_TMP/out")"
build -f "$CONTEXT/Dockerfile" "$CONTEXT"
varve pin last@stage-0:2 >"$TEST_TMP/name"
varve rmi half >/dev/null
sleep 0.3
varve prune --all --force >/dev/null
expect "its file" one "$(varve cat kept:/one)"
expect "by the name it was given" one "$(varve cat "$(cat "$TEST_TMP/name"):/one")"
varve pin | grep -q "^kept  *[0-9a-f]\{64\}" || fail "the list: $(varve pin)"
varve unpin kept "$(cat "$TEST_TMP/name")"
expect "status without the pin" 125 "$(code varve unpin kept 2>/dev/null)"
varve prune --all --force >/dev/null
expect "status of the state" 125 "$(code varve cat kept:/one 2>/dev/null)"

echo "inspect tells what is known"
build -t app "$CONTEXT"
varve inspect app >"$TEST_TMP/json"
grep -q '"names":\["docker.io/library/app:latest"\]' "$TEST_TMP/json" || fail "$(cat "$TEST_TMP/json")"
grep -q '"config":{.*"Env":\["A=b"\|"A=b"' "$TEST_TMP/json" || fail "$(cat "$TEST_TMP/json")"
varve inspect --part config app | grep -q '"diff_ids"' || fail "the configuration"
varve inspect --part manifest app | grep -q '"mediaType".*"layers"' || fail "the manifest"

echo "save writes what load reads"
varve save -o "$TEST_TMP/app.tar" app
varve save --format oci app >"$TEST_TMP/oci.tar"
varve save -o "$TEST_TMP/again.tar" app
cmp "$TEST_TMP/app.tar" "$TEST_TMP/again.tar" || fail "not the same bytes"
tar -tf "$TEST_TMP/app.tar" | grep -qx manifest.json || fail "no archive of docker"
tar -tf "$TEST_TMP/oci.tar" | grep -qx index.json || fail "no OCI layout"
tar -xOf "$TEST_TMP/app.tar" manifest.json | grep -q 'app:latest' || fail "no name in it"
export VARVE_STORE="$TEST_TMP/second"
expect "what load says" "Loaded image: app:latest" "$(varve load "$TEST_TMP/app.tar")"
expect "its file" two "$(varve cat app:/two)"

echo "SOURCE_DATE_EPOCH of the environment is a build argument, unless one is given"
make_base
printf 'FROM base\nARG SOURCE_DATE_EPOCH\nRUN echo epoch=$SOURCE_DATE_EPOCH >/epoch\n' \
	>"$CONTEXT/Dockerfile"
SOURCE_DATE_EPOCH=1000000000 build -t epoch "$CONTEXT"
at epoch cp "$AT/epoch" "$TEST_TMP/epoch"
expect "the argument" epoch=1000000000 "$(cat "$TEST_TMP/epoch")"
varve inspect epoch | grep -q '"created": *"2001-09-09T01:46:40Z"' ||
	fail "the time of the image: $(varve inspect epoch)"
! grep -q "not used" "$LOG" || fail "it was warned of: $(cat "$LOG")"
SOURCE_DATE_EPOCH=1000000000 build -t epoch --build-arg SOURCE_DATE_EPOCH=1100000000 "$CONTEXT"
at epoch cp "$AT/epoch" "$TEST_TMP/epoch"
expect "the one that is given" epoch=1100000000 "$(cat "$TEST_TMP/epoch")"
SOURCE_DATE_EPOCH='' build -t epoch "$CONTEXT"
at epoch cp "$AT/epoch" "$TEST_TMP/epoch"
expect "an empty one" epoch= "$(cat "$TEST_TMP/epoch")"
SOURCE_DATE_EPOCH=soon
export SOURCE_DATE_EPOCH
expect "status" 1 "$(code varve build "$CONTEXT" 2>"$TEST_TMP/error")"
grep -q 'invalid SOURCE_DATE_EPOCH: "soon"' "$TEST_TMP/error" || fail "$(cat "$TEST_TMP/error")"
