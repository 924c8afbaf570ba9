# SPDX-License-Identifier: Apache-2.0
# What --resource gives a RUN: a control group with limits, or a word about why not.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$FAMILY_LIB"
make_base

echo "what is no limit is refused, with what would be one"
refused() {
	status=0
	varve build --resource "$1" "$CONTEXT" >"$LOG" 2>&1 || status=$?
	expect "status of $1" 1 $status
	grep -qF -e "$2" "$LOG" || fail "$1: $(cat "$LOG")"
}
printf 'FROM base\nRUN true\n' >"$CONTEXT/Dockerfile"
refused memory "'memory' is not of the form NAME=VALUE"
refused memory=much "such as 512m"
refused memory=1m "at least 6m"
refused cpus=2 "there is no resource 'cpus'; there are memory,"
refused cpu-shares=1 "from 2 to 262144"
refused cpu-quota=0 "no number above 0"
refused cpuset-cpus=all "such as 0-2,4"
refused memory-swap=1g "give memory, too"
refused memory=2g,memory-swap=1g "cannot be less than memory"

echo "old flags have no effect, and say what has"
build --memory 64m -c 5 "$CONTEXT"
grep -q 'limits are given with --resource' "$LOG" || fail "$(cat "$LOG")"

# Where are this process's groups, and may it make more of them?
own=$(sed -n 's/^[0-9]*:\([^:]*,\)*memory\(,[^:]*\)*://p' /proc/self/cgroup)
top=$(sed -n 's/^.* - cgroup .*\bmemory\b.*$/&/p' /proc/self/mountinfo | cut -d ' ' -f 5 | head -n 1)
warning='steps have no limits of memory'
if [ "$(id -u)" != 0 ] && [ -n "$own" ]; then
	echo "who may make no groups builds without them, and is told the way out"
	build --no-cache --resource memory=64m "$CONTEXT"
	grep -qF "$warning: control groups are those of version 1" "$LOG" || fail "$(cat "$LOG")"
	grep -qF 'systemd.unified_cgroup_hierarchy=1' "$LOG" || fail "$(cat "$LOG")"
	grep -q '^#[0-9]* DONE' "$LOG" || fail "$(cat "$LOG")"
	expect "times it is said" 1 "$(grep -cF "WARN: $warning" "$LOG")"
	echo "nobody is told who builds nothing"
	build --resource memory=64m "$CONTEXT"
	! grep -qF "$warning" "$LOG" || fail "$(cat "$LOG")"
	exit 0
fi
build --no-cache --resource memory=64m "$CONTEXT"
if grep -qF "$warning" "$LOG"; then
	grep -qE 'delegated|mounted|the kernel has' "$LOG" || fail "$(cat "$LOG")"
	skip "no groups can be made here: $(grep -F "$warning" "$LOG" | head -n 1)"
fi
# In a hierarchy of version 1 they are in our own group, in the unified one anywhere above it, too.
groups_called() {
	if [ -n "$own" ]; then
		find "$top$own" -maxdepth 1 -name "$1"
	else
		find /sys/fs/cgroup -type d -name "$1" 2>/dev/null || true # others' groups go meanwhile
	fi
}
left() {
	groups_called "varve-*-[0-9]*"
}
before=$(left)

echo "a RUN that wants more memory is killed, and it is said for what"
# At once: a program that goes on in small steps at its limit has its own pages taken away and read
# again, over and over, which the kernel takes for progress.
cat >"$CONTEXT/greedy" <<'END'
FROM base
RUN --mount=type=tmpfs,target=/t dd if=/dev/zero bs=20000000 count=1 of=/t/some && echo some
RUN dd if=/dev/zero bs=100000000 count=1 of=/dev/null
END
status=0
varve build --resource memory=12m -f "$CONTEXT/greedy" "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
grep -q "^ERROR: .*killed: the step's memory limit of 12 MiB was reached" "$LOG" ||
	fail "not said: $(cat "$LOG")"
status=0
varve build --resource memory=64m -f "$CONTEXT/greedy" "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
expect "what fits" DONE "$(step 'of=/t/some')"
grep -q "killed: the step's memory limit of 64 MiB was reached" "$LOG" || fail "$(cat "$LOG")"
build --resource memory=400m -f "$CONTEXT/greedy" "$CONTEXT"

echo "it is no part of the key, and with enough of it nothing is said"
expect "what fits" CACHED "$(step 'of=/t/some')"
! grep -q 'limit' "$LOG" || fail "$(cat "$LOG")"
build --resource memory=500m -f "$CONTEXT/greedy" "$CONTEXT"
expect "done again" 0 "$(count DONE)"

echo "a shell is limited as well, and so are the steps of a bake file"
status=0
varve shell --resource memory=64m last -- dd if=/dev/zero bs=100000000 count=1 of=/dev/null \
	</dev/null >"$LOG" 2>&1 || status=$?
expect "status of the shell" 137 $status
grep -q 'the memory limit of 64 MiB was reached' "$LOG" || fail "not said: $(cat "$LOG")"
varve shell --resource memory=400m last -- dd if=/dev/zero bs=100000000 count=1 of=/dev/null \
	</dev/null >"$LOG" 2>&1 || fail "$(cat "$LOG")"
printf '{"target":{"default":{"context":"%s","dockerfile":"greedy"}}}' "$CONTEXT" >"$TEST_TMP/bake.json"
status=0
varve bake -f "$TEST_TMP/bake.json" --no-cache --resource memory=64m >"$LOG" 2>&1 || status=$?
expect "status of the bake" 1 $status
grep -q "killed: the step's memory limit of 64 MiB was reached" "$LOG" || fail "$(cat "$LOG")"

echo "a failure for another reason has nothing to do with it"
printf 'FROM base\nRUN exit 137\n' >"$CONTEXT/other"
status=0
varve build --resource memory=64m -f "$CONTEXT/other" "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
! grep -q 'memory limit' "$LOG" || fail "$(cat "$LOG")"

echo "the step sees nothing of its groups"
printf 'FROM base\nRUN grep -E ":(memory|cpu)?:" /proc/self/cgroup | cut -d : -f 3 | sort -u >/groups\n' \
	>"$CONTEXT/see"
sed -i 's/sort -u/sort | tr "\\n" " "/' "$CONTEXT/see"
build --resource memory=64m,cpu-shares=512 -f "$CONTEXT/see" "$CONTEXT"
expect_match "groups" "/*" "$(varve cat last:/groups)"
expect "groups" "" "$(varve cat last:/groups | tr -d '/ ')"

echo "processors: as many as are named, and no more time than that"
printf 'FROM base\nRUN grep ^Cpus_allowed_list /proc/self/status >/cpus\n' >"$CONTEXT/cpus"
build --resource cpuset-cpus=0,cpuset-mems=0 -f "$CONTEXT/cpus" "$CONTEXT"
expect "processors" "$(printf 'Cpus_allowed_list:\t0')" "$(varve cat last:/cpus)"
# Both in hundredths of a second: what passes, and what is worked.
cat >"$CONTEXT/busy" <<'END'
FROM base
RUN read -r up rest </proc/uptime; from=${up%.*}${up#*.}; \
	i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; \
	read -r up rest </proc/uptime; to=${up%.*}${up#*.}; \
	read -r a b c d e f g h i j k l m user system rest </proc/self/stat; \
	echo $((to - from)) $((user + system)) >/took
END
build --resource cpu-period=50000 --resource cpu-quota=5000 -f "$CONTEXT/busy" "$CONTEXT"
# shellcheck disable=SC2046
set -- $(varve cat last:/took)
echo "with a tenth of a processor $1 hundredths of a second for $2 of work"
[ "$2" -gt 5 ] && [ "$1" -ge $(($2 * 4)) ] || fail "it had more than that"
status=0
varve build --no-cache --resource cpuset-cpus=4000 "$CONTEXT" >"$LOG" 2>&1 || status=$?
expect "status" 1 $status
grep -q 'ERROR.*--resource: the limit cpuset.cpus=4000 is refused' "$LOG" || fail "$(cat "$LOG")"

echo "nothing is left of them, and what a killed build leaves goes with the next"
wait_for 10 alone
expect "groups left" "$before" "$(left)"
printf 'FROM base\nRUN sleep 30\n' >"$CONTEXT/sleep"
"$VARVE" build --resource memory=64m -f "$CONTEXT/sleep" "$CONTEXT" >"$LOG" 2>&1 &
pid=$!
sleeping() {
	inits
	[ -n "$found" ]
}
wait_for 10 sleeping
of_build() {
	groups_called "varve-$pid-[0-9]*"
}
[ -n "$(of_build)" ] || fail "where is its group?"
kill -KILL $pid
wait $pid 2>/dev/null || true
wait_for 10 alone
[ -n "$(of_build)" ] || fail "who removed its group?"
build --no-cache --resource memory=64m "$CONTEXT"
expect "groups left" "" "$(of_build)"
