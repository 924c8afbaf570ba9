# SPDX-License-Identifier: Apache-2.0
# Files of states, straight from the store: varve ls, varve cat.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
RUN mkdir /d /d/sub; echo small >/d/small; chmod 4750 /d/small; ln -s small /d/link; \
	ln -s nowhere /d/broken; ln -s /d/sub /d/to; echo deep >/d/sub/deep; : >/d/.hidden
RUN dd if=/dev/zero of=/big bs=1M count=3; echo end >>/big; mkfifo /d/fifo
END
build -t app "$CONTEXT"

echo "ls lists names, of a directory or the top"
expect "the directory" ".hidden broken link small sub to" \
	"$(varve ls last@build:2:/d | tr '\n' ' ' | sed 's/ $//')"
varve ls last@build:3 | grep -qx big || fail "the top: $(varve ls last@build:3)"
expect "through a symlink" deep "$(varve ls app:/d/to)"
expect "the symlink itself" to "$(varve ls -d app:/d/to)"
expect "one that leads nowhere" broken "$(varve ls app:/d/broken)"
expect "all below" "sub
sub/deep" "$(varve ls -R app:/d | grep sub)"

echo "ls -l says what there is to say"
expect_match "a file" "-rwsr-x---  *0:0 *6 *20*Z *small" "$(varve ls -l app:/d | grep '  small$')"
expect_match "a symlink" "l*0:0*link -> small" "$(varve ls -l app:/d/ | grep 'link')"
expect_match "the top" "drwx*/" "$(varve ls -ld app:/ | tail -n 1)"
varve ls --format json app:/d >"$TEST_TMP/json"
grep -q '"mode":"4750","owner":"0:0","size":6,.*"path":"small","type":"file"' "$TEST_TMP/json" ||
	fail "JSON: $(cat "$TEST_TMP/json")"
grep -q '"path":"link".*"target":"small"' "$TEST_TMP/json" || fail "JSON of a symlink"

echo "cat writes what is in them"
expect "small ones, and through symlinks" "small small deep" \
	"$(varve cat app:/d/small app:/d/link app:/d/to/deep | tr '\n' ' ' | sed 's/ $//')"
varve cat app:/big >"$TEST_TMP/big"
expect "size of a large one" 3145732 "$(wc -c <"$TEST_TMP/big" | tr -d ' ')"
expect "its end" end "$(tail -c 4 "$TEST_TMP/big")"
expect "an empty one" "" "$(varve cat app:/d/.hidden)"

echo "what cannot be done is said so"
for wrong in app:/d app:/d/fifo app:/d/broken app:/nosuch nosuch:/d app:/d/small/x; do
	expect "status for $wrong" 125 "$(code varve cat $wrong 2>"$TEST_TMP/error")"
	grep -q "varve: " "$TEST_TMP/error" || fail "no message for $wrong"
done
status=0
varve cat app:/big >/dev/full 2>/dev/null || status=$?
expect "status of a full disk" 125 $status
expect "nothing is mounted for it" 0 "$(grep -c "$VARVE_STORE" /proc/mounts || true)"
