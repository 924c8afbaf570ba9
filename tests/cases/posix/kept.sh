# SPDX-License-Identifier: Apache-2.0
# What a RUN makes is the same in the next one, in a mount for the host, and after a layer.
. "$CASE_LIB"
. "$BUILD_LIB"
cp "$POSIX" "$ROOT/bin/posix"
mkdir "$ROOT/files"
step() { # OPTIONS -- COMMAND
	"$RUN_STEP" --store "$VARVE_STORE" "$@"
}
bytes() { # that the store takes on disk
	du -s --block-size=1 "$VARVE_STORE" | cut -f1
}

echo "in the step that made it and the next one"
step --root "$ROOT" --id made -- sh -c 'posix make /files && posix verify /files'
step --from "$(cat made)" --id next -- sh -c 'posix verify /files && touch /files/new'
step --from "$(cat next)" -- posix verify /files

echo "holes take no room in the store"
[ "$(bytes)" -lt 30000000 ] || fail "it has $(bytes) bytes"

echo "in a mount for the host"
varve mount "$(cat made)" "$AT"
"$POSIX" verify "$AT/files"
varve umount "$AT"
