# SPDX-License-Identifier: Apache-2.0
# Where the builder itself is in a container of some kind.
# shellcheck shell=sh disable=SC1090,SC2016,SC2086
. "$CASE_LIB"
command -v unshare >/dev/null || skip "unshare is not installed"

nested() { # OPTIONS of unshare -- OPTIONS of the sandbox -- COMMAND
	nested_words=
	while [ "$1" != -- ]; do
		nested_words="$nested_words $1"
		shift
	done
	shift
	unshare -Ur $nested_words "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" --network none \
		--quiet "$@"
}

expect "in a user namespace" "uid=0,0,0 gid=0,0,0 nnp=0" "$(nested -- -- inside ids)"
expect "with mounts of its own" ok "$(nested -m -- -- echo ok)"
expect "with pids of its own" "1 2 " \
	"$(nested -m -p -f --mount-proc -- -- sh -c 'cd /proc; echo -n [0-9]*; echo " "')"
expect_match "what is missing is said" "warning: other users than root are emulated in steps: this environment*" \
	"$(unshare -Ur "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" --network none -- true 2>&1)"

# A builder outside and one inside do not get each other's holder.
start -- sh -c 'echo up; sleep 100' >up &
builder=$!
wait_for 5 grep -q up up
expect "beside one outside" ok "$(nested -- -- echo ok)"
kill $builder

# Part of /proc is covered, as docker does: no new one is to be had, so the steps see that.
cat >covered.sh <<'EOF'
mount -t proc proc /proc
mount -t tmpfs none /proc/acpi
mount --bind /dev/null /proc/keys
"$@"
EOF
run_covered() {
	unshare -Urmpf sh -eu covered.sh "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" \
		--network none "$@"
}
expect "covered /proc" ok "$(run_covered --quiet -- echo ok)"
expect_match "it is said" "*warning: steps see the processes of this container*systempaths=unconfined*" \
	"$(run_covered -- true 2>&1)"
expect "it still cannot kill them" 1 "$(code run_covered --quiet -- sh -c 'kill -9 1 2>/dev/null; exit 1')"
expect "pid 1 of the step is still not to be looked into" "" \
	"$(run_covered --quiet -- sh -c 'for p in /proc/[0-9]*; do readlink $p/exe; done' |
		grep varve-init || true)"
expect "nor is anything of the host to be had through them" "" \
	"$(run_covered --quiet -- sh -c 'ls /proc/[0-9]*/root/etc/debian_version 2>/dev/null' || true)"
