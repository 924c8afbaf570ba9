# SPDX-License-Identifier: Apache-2.0
# Mounts of one RUN inside each other: each finds a place, and the state gets nothing of it.
# shellcheck shell=sh disable=SC1090,SC2005,SC2016,SC2046
. "$CASE_LIB"
step() { # OPTIONS -- COMMAND
	"$RUN_STEP" --store "$TEST_TMP/store" --root "$ROOT" --tar tar "$@"
}
names() { # of the last state, that begin with $1
	tar tf tar | grep "^$1" || true
}
ln -s /run "$ROOT/etc/run"
mkdir "$ROOT/var"
ln -s ../srv "$ROOT/var/link"
mkdir "$ROOT/srv"

expect "a cache in a tmpfs" 0 "$(code step --mount type=tmpfs,target=/a \
	--mount type=cache,target=/a/b/c,id=x -- sh -c 'echo 1 >/a/b/c/kept; touch /a/gone /a/b/gone')"
expect "nothing in the state" "" "$(names a)"
expect "the order does not count" 1 "$(step --mount type=cache,target=/a/b/c,id=x \
	--mount type=tmpfs,target=/a -- cat /a/b/c/kept)"
expect "a tmpfs in a cache" "tmpfs in" "$(step --mount type=cache,target=/a,id=y \
	--mount type=tmpfs,target=/a/t/u -- sh -c 'touch /a/in; echo $(stat -f -c %T /a/t/u; ls /a | grep in)')"
expect "nothing in the cache but what was written" "in" \
	"$(step --mount type=cache,target=/a,id=y -- ls /a)"
expect "a cache in a cache" "in kept" "$(step --mount type=cache,target=/a,id=y \
	--mount type=cache,target=/a/deep/er,id=x -- sh -c 'echo $(ls /a | grep in; ls /a/deep/er)')"
expect "the inner one is not kept in the outer" "in" \
	"$(step --mount type=cache,target=/a,id=y -- ls /a)"
expect "where a link of the root leads" kept "$(step --mount type=tmpfs,target=/run \
	--mount type=cache,target=/etc/run/c,id=x -- ls /run/c)"
expect "a link that is relative" kept \
	"$(step --mount type=cache,target=/var/link/c,id=x -- ls /srv/c)"
expect "nothing at its end" "srv/" "$(names srv)"
expect "what is made in a place stays" "srv/ srv/c/ srv/c/d/" "$(step \
	--mount type=cache,target=/srv/c/d/e,id=x -- mkdir /srv/c/d/f >/dev/null; echo $(names srv | grep -v f/))"

expect "the working directory in a tmpfs" /a/w/x \
	"$(step --mount type=tmpfs,target=/a --cwd /a/w/x -- pwd)"
expect "the working directory in a cache" /a/w/x \
	"$(step --mount type=cache,target=/a,id=y --cwd /a/w/x -- pwd)"
expect "nothing in the cache" "in" "$(step --mount type=cache,target=/a,id=y -- ls /a)"
expect "a working directory that is missing" "/no/such" "$(step --cwd /no/such -- pwd)"
expect "it is not in the state" "" "$(names no)"
expect "a working directory that is a file" 125 "$(code step --cwd /bin/busybox -- true 2>/dev/null)"
