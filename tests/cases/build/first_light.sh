# SPDX-License-Identifier: Apache-2.0
# Real software, built on a real distribution, read by other tools.
. "$CASE_LIB"
. "$BUILD_LIB"

[ -f "$FIXTURE/debian.tar" ] && [ -d "$FIXTURE/lua" ] || skip "the fixture could not be made"

echo "import"
varve import --name debian:min "$FIXTURE/debian.tar"
varve images | grep -q '^debian:min ' || fail "varve images: $(varve images)"

cp -r "$FIXTURE/lua" "$CONTEXT/lua"
cp "$(dirname "$0")/first_light/Dockerfile" "$CONTEXT/Dockerfile"
echo unseen >"$CONTEXT/lua/unseen"
echo '**/unseen' >"$CONTEXT/.dockerignore"

echo "build"
build -t app --output "type=oci,dest=$TEST_TMP/app.tar" "$CONTEXT"
grep -q 'Setting up build-essential' "$LOG" || fail "no output of apt-get"

echo "the same again runs nothing"
build -t app --output "type=oci,dest=$TEST_TMP/again.tar" "$CONTEXT"
expect "steps that ran" 0 "$(count DONE)"
cmp "$TEST_TMP/app.tar" "$TEST_TMP/again.tar" || fail "the same image came out different"

echo "a changed line compiles again, and installs nothing"
sed -i 's/PUC-Rio/PUC Rio/' "$CONTEXT/lua/src/lua.h"
build "$CONTEXT"
expect "apt-get" CACHED "$(step 'apt-get update')"
expect "compilation" DONE "$(step 'make -j2 linux && cp')"
cp "$FIXTURE/lua/src/lua.h" "$CONTEXT/lua/src/lua.h"

echo "the configuration"
skopeo inspect --config "oci-archive:$TEST_TMP/app.tar" >"$TEST_TMP/config"
look() {
	python3 -c 'import json, sys
config = json.load(open(sys.argv[1]))
print(json.dumps(eval(sys.argv[2])))' "$TEST_TMP/config" "$1"
}
expect "Entrypoint" '["/opt/lua-plain"]' "$(look 'config["config"]["Entrypoint"]')"
expect "Cmd" '["/opt/words.lua"]' "$(look 'config["config"]["Cmd"]')"
expect "User" '"games"' "$(look 'config["config"]["User"]')"
expect "WorkingDir" '"/opt"' "$(look 'config["config"]["WorkingDir"]')"
expect "Labels" '{"org.opencontainers.image.title": "lua of four kinds"}' \
	"$(look 'config["config"]["Labels"]')"
expect "Env" '["KIND=small", "LANG=C.UTF-8"]' "$(look 'config["config"]["Env"][1:]')"
layers=$(look 'len(config["rootfs"]["diff_ids"])')
expect "layers of the history" "$layers" \
	"$(look 'len([h for h in config["history"] if not h.get("empty_layer")])')"
skopeo inspect "oci-archive:$TEST_TMP/app.tar" >/dev/null

# check_files DIRECTORY: modes, links and times, and owners where they can be
check_files() {
	expect "said" "words words words words" "$(tr '\n' ' ' <"$1/opt/said" | sed 's/ $//')"
	expect "mode" 4755 "$(stat -c %a "$1/opt/lua-debug")"
	expect "mode of --chmod" 700 "$(stat -c %a "$1/opt/lua-fast")"
	expect "hard link" "$(stat -c %i "$1/opt/lua-debug")" "$(stat -c %i "$1/opt/hard")"
	expect "symlink" lua-debug "$(readlink "$1/opt/soft")"
	expect "time" "$(date -d '2001-02-03 04:05:06 UTC' +%s)" "$(stat -c %Y "$1/opt/old")"
	[ -p "$1/opt/pipe" ] || fail "the pipe is none"
	[ ! -e "$1/build" ] && [ ! -e "$1/var/cache/apt/archives/sudo*" ] || fail "too much is there"
}

echo "the files, as umoci unpacks them"
if [ "$(id -u)" = 0 ]; then rootless=''; else rootless=--rootless; fi
mkdir "$TEST_TMP/layout"
skopeo copy "oci-archive:$TEST_TMP/app.tar" "oci:$TEST_TMP/layout:app" >"$TEST_TMP/skopeo" 2>&1 ||
	fail "$(cat "$TEST_TMP/skopeo")"
umoci unpack $rootless --image "$TEST_TMP/layout:app" "$TEST_TMP/bundle" >"$TEST_TMP/umoci" 2>&1 ||
	fail "$(cat "$TEST_TMP/umoci")"
check_files "$TEST_TMP/bundle/rootfs"

echo "type=local and type=tar hold the same"
build --output "type=local,dest=$TEST_TMP/local" --output "type=tar,dest=$TEST_TMP/files.tar" "$CONTEXT"
check_files "$TEST_TMP/local"
tar -tvf "$TEST_TMP/files.tar" --numeric-owner >"$TEST_TMP/list"
grep -q '^-rwxr-xr-x 5/50 .* opt/lua-plain$' "$TEST_TMP/list" ||
	fail "owner of --chown=games:staff: $(grep lua-plain "$TEST_TMP/list")"
grep -q '^-rwxr-xr-x 1/2 .* opt/lua-small$' "$TEST_TMP/list" || fail "owner of --chown=1:2"
grep -q ' opt/hard link to opt/lua-debug$\| opt/lua-debug link to opt/hard$' "$TEST_TMP/list" ||
	fail "hard link in the archive"
# Without root umoci makes files in place of devices.
(cd "$TEST_TMP/bundle/rootfs" && find . ! -path './dev/*' | sort) >"$TEST_TMP/unpacked"
(cd "$TEST_TMP/local" && find . ! -path './dev/*' | sort) | diff "$TEST_TMP/unpacked" - >"$TEST_TMP/diff" ||
	fail "the directory differs: $(head "$TEST_TMP/diff")"
(cd "$TEST_TMP/bundle/rootfs" && find . -type f -readable ! -path './dev/*' -exec md5sum {} + | sort) >"$TEST_TMP/sums"
(cd "$TEST_TMP/local" && md5sum --quiet -c "$TEST_TMP/sums") || fail "contents differ"

echo "an image that was loaded is the same"
VARVE_STORE=$TEST_TMP/other varve load "$TEST_TMP/app.tar"
VARVE_STORE=$TEST_TMP/other varve images | grep -q '^app:latest ' || fail "its name is lost"
printf 'FROM app\n' >"$TEST_TMP/again.df"
VARVE_STORE=$TEST_TMP/other varve build -q -f "$TEST_TMP/again.df" \
	--output "type=local,dest=$TEST_TMP/again" "$CONTEXT"
check_files "$TEST_TMP/again"
printf 'FROM it\nUSER root\nRUN test -x /opt/lua-plain\n' >"$TEST_TMP/layout.df"
build -f "$TEST_TMP/layout.df" --build-context "it=oci-layout://$TEST_TMP/layout:app" "$CONTEXT"

echo "states"
first=$(varve history --format json | tail -n 1 | sed 's/.*"id":"\([^"]*\)".*/\1/')
at "$first@build:4" test ! -e "$AT/build/lua"
at "$first@build:6" test -x "$AT/build/lua/src/lua"
at app test -x "$AT/opt/lua-small"
varve fsck
chmod -R u+rwX "$TEST_TMP"
