# SPDX-License-Identifier: Apache-2.0
# Cache mounts: shared, locked and private, in one build and between several.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

echo "a cache keeps what a step wrote, also for another Dockerfile"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
ARG N
RUN --mount=type=cache,id=kept,target=/c echo "$N" >>/c/list
RUN --mount=type=cache,id=kept,target=/elsewhere cat /elsewhere/list >/seen
END
build --build-arg N=1 "$CONTEXT"
build --build-arg N=2 "$CONTEXT"
check() {
	expect "the list" "1 2" "$(tr '\n' ' ' <"$AT/seen" | sed 's/ $//')"
	[ ! -e "$AT/c" ] || fail "the mount point stayed"
}
at last check

echo "a step that fails leaves the cache as it was"
printf 'FROM base\nRUN --mount=type=cache,id=kept,target=/c echo bad >>/c/list; exit 1\n' \
	>"$CONTEXT/bad"
expect "status" 1 "$(code build -f "$CONTEXT/bad" "$CONTEXT" 2>/dev/null)"
printf 'FROM base\nRUN --mount=type=cache,id=kept,target=/c cat /c/list >/seen; date +%%N\n' \
	>"$CONTEXT/look"
build --no-cache -f "$CONTEXT/look" "$CONTEXT"
at last check

echo "shared: stages that run at once see each other's files and locks"
cat >"$CONTEXT/shared" <<'END'
FROM base AS one
RUN --mount=type=cache,id=s2,target=/c echo 1 >/c/one; until test -e /c/two; do sleep 0.05; done
FROM base AS two
RUN --mount=type=cache,id=s2,target=/c echo 2 >/c/two; until test -e /c/one; do sleep 0.05; done
FROM base
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
END
build -f "$CONTEXT/shared" "$CONTEXT"

echo "shared: also between two builds"
printf 'FROM base\nRUN --mount=type=cache,id=s3,target=/c echo 1 >/c/one; until test -e /c/two; do sleep 0.05; done\n' \
	>"$CONTEXT/first"
printf 'FROM base\nRUN --mount=type=cache,id=s3,target=/c echo 2 >/c/two; until test -e /c/one; do sleep 0.05; done\n' \
	>"$CONTEXT/second"
varve build -f "$CONTEXT/first" "$CONTEXT" >"$TEST_TMP/first" 2>&1 &
first=$!
build -f "$CONTEXT/second" "$CONTEXT"
wait $first || fail "$(cat "$TEST_TMP/first")"

echo "locked: one after another, and it says what it waits for"
cat >"$CONTEXT/locked" <<'END'
FROM base AS one
RUN --mount=type=cache,id=l,target=/c,sharing=locked mkdir /c/mine; sleep 1; rmdir /c/mine
FROM base AS two
RUN --mount=type=cache,id=l,target=/c,sharing=locked mkdir /c/mine && sleep 1.1 && rmdir /c/mine
FROM base AS three
RUN --mount=type=cache,id=l,target=/c,sharing=locked mkdir /c/mine && sleep 0.1 && rmdir /c/mine
FROM base
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
COPY --from=three /bin/sh /three
END
build -f "$CONTEXT/locked" "$CONTEXT"
grep -q "waiting for .*cache" "$LOG" || fail "it did not say that it waits: $(cat "$LOG")"

echo "locked: also between two builds, each of which keeps its files while it waits"
printf 'FROM base\nRUN --mount=type=cache,id=l2,target=/c,sharing=locked echo 1 >>/c/list; sleep 1\n' \
	>"$CONTEXT/first"
printf 'FROM base\nRUN --mount=type=cache,id=l2,target=/c,sharing=locked echo 2 >>/c/list; cat /c/list >/seen\n' \
	>"$CONTEXT/second"
said() {
	grep -qs "$2" "$1"
}
varve build -f "$CONTEXT/first" "$CONTEXT" >"$TEST_TMP/first" 2>&1 &
first=$!
wait_for 5 said "$TEST_TMP/first" 'RUN --mount'
build -f "$CONTEXT/second" "$CONTEXT"
wait $first || fail "$(cat "$TEST_TMP/first")"

echo "private: each has a copy, which begins warm"
cat >"$CONTEXT/private" <<'END'
FROM base AS zero
RUN --mount=type=cache,id=p,target=/c echo warm >/c/warm
FROM zero AS one
RUN --mount=type=cache,id=p,target=/c,sharing=private cat /c/warm && echo 1 >/c/mine && sleep 0.5 && test "$(cat /c/mine)" = 1
FROM zero AS two
RUN --mount=type=cache,id=p,target=/c,sharing=private cat /c/warm && echo 2 >/c/mine && sleep 0.5 && test "$(cat /c/mine)" = 2
FROM base
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
END
build -f "$CONTEXT/private" "$CONTEXT"

echo "a value of the platform in an id"
printf 'FROM base\nARG TARGETARCH\nRUN --mount=type=cache,id=x-${TARGETARCH},target=/c-$TARGETARCH ls -d /c-*64\n' \
	>"$CONTEXT/arch"
case $(uname -m) in x86_64 | aarch64) build -f "$CONTEXT/arch" "$CONTEXT" ;; esac

echo "a build that is killed leaves the cache as it was kept last"
printf 'FROM base\nRUN --mount=type=cache,id=kept,target=/c echo killed >>/c/list; sleep 60\n' \
	>"$CONTEXT/killed"
"$VARVE" build -f "$CONTEXT/killed" "$CONTEXT" >"$TEST_TMP/killed" 2>&1 &
victim=$!
sleep 1
kill -KILL $victim
wait $victim 2>/dev/null || true
build --no-cache -f "$CONTEXT/look" "$CONTEXT"
check() {
	expect "the list" "1 2" "$(tr '\n' ' ' <"$AT/seen" | sed 's/ $//')"
}
at last check
varve fsck

echo "one that is killed while its step is committed leaves no version without the step"
for sharing in shared locked private; do
	id=whole-$sharing
	printf 'FROM base\nRUN %s,sharing=%s head -c 250000000 /dev/urandom >/big; echo %s >>/c/list\n' \
		"--mount=type=cache,id=$id,target=/c" $sharing $sharing >"$CONTEXT/big"
	"$VARVE" build -f "$CONTEXT/big" "$CONTEXT" >"$TEST_TMP/killed" 2>&1 &
	victim=$!
	running() {
		inits
		[ -n "$found" ]
	}
	ended() {
		! running
	}
	wait_for 20 running
	wait_for 60 ended
	# Either the state of the step or its cache is being written; neither comes to its end.
	# It may also have been too quick for us.
	servers
	# shellcheck disable=SC2086
	[ -z "$found" ] || kill -STOP $found
	kill -KILL $victim 2>/dev/null || true
	# shellcheck disable=SC2086
	[ -z "$found" ] || kill -CONT $found
	wait $victim 2>/dev/null || true
	wait_for 20 alone
	versions=$(varve cache ls --format json | grep -c "\"id\":\"$id\",\"version\"" || true)
	build -f "$CONTEXT/big" "$CONTEXT"
	result=$(step 'RUN --mount')
	echo "$sharing: $versions versions, the step is $result"
	[ "$versions" = 0 ] || [ "$result" = CACHED ] || fail "a version of a step that was not kept"
done
