# SPDX-License-Identifier: Apache-2.0
# The whole history as one tree.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
RUN echo one >/one && ln /one /two
RUN echo "a/b" >/three; rm /one
FROM base
COPY --from=build /three /three
END

refresh() {
	sleep 0.7
}

echo "before any build there are images"
varve mount --all "$AT"
expect "names" "base:latest" "$(ls "$AT")"
grep -q root "$AT/base:latest/etc/passwd"

echo "states appear as builds go on"
build -t example.org/team/app:1 "$CONTEXT"
refresh
first=$(readlink "$AT/last")
expect "names" "base:latest example.org last" "$(ls "$AT" | grep -v "^$first$" | xargs)"
expect "stages" "build stage-1" "$(cd "$AT/last" && echo *)"
expect "steps" "01-FROM-docker.io-library-base-latest 02-RUN-echo-one-one-ln-one-two 03-RUN-echo-a-b-three-rm-one" \
	"$(cd "$AT/last/build" && echo *)"
expect "one" one "$(cat "$AT/last/build"/02-*/one)"
[ ! -e "$(echo "$AT/last/build"/03-*)/one" ] || fail "a file that was removed is there"
grep -q a/b "$AT/example.org/team/app:1/three"
grep -q a/b "$AT/$first/stage-1"/02-*/three

echo "hard links are of one state"
a=$(stat -c '%i %h' "$AT/last/build"/02-*/one)
expect "the other name" "$a" "$(stat -c '%i %h' "$AT/last/build"/02-*/two)"
b=$(stat -c %i "$AT/last/build"/03-*/two)
[ "${a% *}" != "$b" ] || fail "files of two states have one number"

echo "numbers are the same in every mount"
ls -iR "$AT" | grep -v ' last$' >"$TEST_TMP/before"
varve umount "$AT"
varve mount --all "$AT"
ls -iR "$AT" | grep -v ' last$' >"$TEST_TMP/after"
cmp "$TEST_TMP/before" "$TEST_TMP/after" || fail "numbers changed"

echo "the last build is another one now, and one that failed is known"
printf 'FROM base\nRUN echo x >/x; exit 3\n' >"$CONTEXT/failing"
expect "status" 1 "$(code build -f "$CONTEXT/failing" "$CONTEXT" 2>/dev/null)"
refresh
[ "$(readlink "$AT/last")" != "$first" ] || fail "'last' is still the first build"
expect "last-failed" "$(readlink "$AT/last")" "$(readlink "$AT/last-failed")"
grep -q x "$AT/last-failed/stage-0"/02-*/x
grep -q a/b "$AT/$first/build"/03-*/three

echo "an image that gets another state shows it"
varve import --name moving "$TEST_TMP/base.tar" >/dev/null
refresh
[ -e "$AT/moving:latest/bin/sh" ] && [ ! -e "$AT/moving:latest/three" ]
build -t moving "$CONTEXT"
refresh
grep -q a/b "$AT/moving:latest/three"

echo "it cannot be written to"
for path in new last/new "$first/build/new" "base:latest/new"; do
	! mkdir "$AT/$path" 2>/dev/null || fail "$path could be made"
done

echo "what is being looked at is not collected"
varve gc >/dev/null
grep -q a/b "$AT/$first/build"/03-*/three
varve umount "$AT"

echo "with --all no state is given"
expect "status" 125 "$(code varve mount --all last "$AT" 2>"$TEST_TMP/error")"
expect "status" 125 "$(code varve mount --all --rw "$AT" 2>"$TEST_TMP/error")"
grep -q "one state" "$TEST_TMP/error"
