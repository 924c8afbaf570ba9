# SPDX-License-Identifier: Apache-2.0
# What was mounted when a build began ends with its umount, however long the build goes on: the
# build's namespaces begin as copies of the host's, and must keep nothing of it.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

gone() {
	! kill -0 "$1" 2>/dev/null
}

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN echo "has begun"; sleep 600
END
varve mount base "$AT"
# The newest: one that has ended may not have been waited for.
server=$(pgrep -n -u "$(id -u)" -f "mount base $AT")
# Not from "/": where a process stands is what it keeps.
(cd "$CONTEXT" && exec "$VARVE" build --network none .) >"$LOG" 2>&1 &
build=$!
wait_for 20 grep -q "^#[0-9]* .*has begun$" "$LOG"
varve umount "$AT"
wait_for 5 gone "$server"
kill -0 $build || fail "the build has ended: $(cat "$LOG")"
kill -TERM $build
wait $build || true
