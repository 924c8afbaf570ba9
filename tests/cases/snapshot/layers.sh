# SPDX-License-Identifier: Apache-2.0
# Layers made by a shell script: keys, kinds, parents.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

snapshot() {
	varve snapshot "$@"
}

# refuse PATTERN ARGUMENTS...
refuse() {
	pattern=$1
	shift
	expect "status of 'snapshot $*'" 125 "$(code snapshot "$@" 2>"$TEST_TMP/error")"
	expect_match "snapshot $*" "$pattern" "$(cat "$TEST_TMP/error")"
}

kind() {
	snapshot stat --format json "$1" | sed 's/.*"kind":"\([a-z]*\)".*/\1/'
}

echo "a layer on an image"
snapshot prepare work base
expect "kind" active "$(kind work)"
(
	PATH="$TEST_TMP/path:$PATH"
	mkdir "$TEST_TMP/path"
	ln -s "$VARVE" "$TEST_TMP/path/varve"
	export PATH
	eval "$(varve snapshot mounts work "$AT")"
)
mkdir "$AT/srv"
echo hello >"$AT/srv/file"
chmod 4711 "$AT/srv/file"
ln "$AT/srv/file" "$AT/srv/hard"
rm "$AT/etc/hostname"
expect "owner" "$(id -u)" "$(stat -c %u "$AT/srv/file")"
refuse "*'work' is mounted at '$AT'*umount*" commit one work
refuse "*'work' is mounted at*" rm work
expect "status of a second mount" 125 "$(code varve mount snapshot:work "$CONTEXT" 2>/dev/null)"
varve umount "$AT"
id=$(snapshot commit --tag example.org/one:1 one work)
expect "kind" committed "$(kind one)"
refuse "*no snapshot 'work'*" stat work

echo "is a state like any other"
expect "changes" "D /etc/hostname
A /srv
A /srv/file
A /srv/hard" "$(varve diff one)"
expect "the same" "" "$(varve diff one "$id")"
check() {
	expect "file" hello "$(cat "$AT/srv/hard")"
	expect "its owner" 0 "$(stat -c %u "$AT/srv/file")"
	expect "its mode" 4711 "$(stat -c %a "$AT/srv/file")"
	[ ! -e "$AT/etc/hostname" ] || fail "what was removed is there"
}
at one check
at snapshot:one check
at example.org/one:1 check

echo "and an image to build on"
printf 'FROM example.org/one:1\nRUN test "$(cat /srv/file)" = hello && echo two >/two\n' \
	>"$CONTEXT/Dockerfile"
build -t two "$CONTEXT"
at two grep -q two "$AT/two"

echo "keys are one space"
refuse "*'one' already*committed*" prepare one
snapshot prepare other one
refuse "*'other' already*active*" view other one
refuse "*'other' already*active*" commit other other
refuse "*'other' is active*" prepare third snapshot:other
refuse "*'one' is committed*" commit again one
refuse "*no snapshot 'nosuch'*" commit again nosuch
refuse "*no state*'nosuch'*" prepare x nosuch

echo "parents stay as long as they have children"
refuse "*'other' was made from 'one'*" rm one
snapshot view look one
snapshot rm other
refuse "*'look' was made from 'one'*" rm one
at snapshot:look test -f "$AT/srv/file"
refuse "*'look' is a view*" commit x look
snapshot rm look one
refuse "*no snapshot 'one'*" rm one

echo "odd keys, and an empty beginning"
key='sha256:0/a b%.%s"'\''x'
snapshot prepare "$key"
varve mount "snapshot:$key" "$AT"
expect "names" "" "$(ls -A "$AT")"
varve umount "$AT"
snapshot ls --format json | grep -q '"key":"sha256:0/a b%.%s\\"'
refuse "*control*" prepare "$(printf 'a\tb')"
snapshot rm "$key"
