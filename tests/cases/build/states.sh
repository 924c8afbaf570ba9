# SPDX-License-Identifier: Apache-2.0
# States of past builds: listing them, looking into them, comparing them.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
RUN echo one >/one; chmod 640 /one
RUN echo two >/two; rm /one; mkdir /dir; ln -s two /link; ln /two /hard
WORKDIR /work
FROM build
RUN echo last >/last
END
build -t app "$CONTEXT"

echo "every step of every stage has a line"
varve states last >"$TEST_TMP/states"
expect "lines" 7 "$(wc -l <"$TEST_TMP/states")"
for state in build:1 build:2 build:3 build:4 stage-1:1 stage-1:2; do
	grep -q "@$state " "$TEST_TMP/states" || fail "no state $state: $(cat "$TEST_TMP/states")"
done
expect_match "what step 3 did" '*done*8B*+4 *-1*' "$(grep @build:3 "$TEST_TMP/states")"
varve states --format json last | grep -q '"stage":"build","step":3' || fail "states as JSON"

echo "a step that is found again says what it took"
printf 'FROM base\nRUN sleep 1.2\n' >"$CONTEXT/slow"
build -f "$CONTEXT/slow" "$CONTEXT"
build -f "$CONTEXT/slow" "$CONTEXT"
expect_match "its line" '*cached*[1-9].[0-9]s*RUN sleep*' "$(varve states last | grep sleep)"
build -t app "$CONTEXT"

echo "a state can be mounted, and is what it was"
check() {
	expect "one" one "$(cat "$AT/one")"
	expect "its mode" 640 "$(stat -c %a "$AT/one")"
	[ ! -e "$AT/two" ] || fail "a later step shows"
	# The owner may be shown as another user here, but not as root to whoever is not.
	! echo x 2>/dev/null >"$AT/one" || fail "it can be written to"
}
at last@build:2 check
check() {
	expect "link" two "$(readlink "$AT/link")"
	expect "hard link" "$(stat -c %i "$AT/two")" "$(stat -c %i "$AT/hard")"
	expect "number of links" 2 "$(stat -c %h "$AT/two")"
	[ ! -e "$AT/one" ] || fail "what was deleted shows"
}
at last@build:3 check
at app test -e "$AT/last"
at last test -e "$AT/last"
at last@build test -d "$AT/work"

echo "mounting is quick"
start=$(date +%s%N)
varve mount last@build:3 "$AT"
took=$((($(date +%s%N) - start) / 1000000))
varve umount "$AT"
[ $took -lt 1000 ] || fail "it took $took ms"

echo "a throw-away copy can be written to"
varve mount --rw last@build:3 "$AT"
echo changed >"$AT/two"
expect "two" changed "$(cat "$AT/hard")"
varve umount "$AT"
at last@build:3 grep -q two "$AT/two"

echo "diff lists what changed"
expect "diff of a step" "D /one
A /dir
A /hard
A /link
A /two" "$(varve diff last@build:3 | sort -r -k1,1 -s)"
expect "diff of two states" "A /last
A /work" "$(varve diff last@build:3 last | grep -v '/$' | sort -k2)"

echo "a RUN that fails leaves its state"
printf 'FROM app\nRUN echo written >/before; echo said; exit 7\n' >"$CONTEXT/failing"
expect "status" 1 "$(code build -f "$CONTEXT/failing" "$CONTEXT" 2>/dev/null)"
at last-failed grep -q written "$AT/before"
at last-failed test -e "$AT/last"
varve history -n 1 | grep -q failed || fail "the history: $(varve history)"

echo "what does not exist is said so"
for wrong in nosuch last@nosuch last@build:9 last@build:x; do
	expect "status of $wrong" 125 "$(code varve mount $wrong "$AT" 2>"$TEST_TMP/error")"
	grep -q "varve: " "$TEST_TMP/error" || fail "no message for $wrong"
done
! mountpoint -q "$AT" || fail "something is mounted"
