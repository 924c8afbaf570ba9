# SPDX-License-Identifier: Apache-2.0
# Sourced by the shell cases. case-run gives TEST_TMP, meson the paths of the programs.
# shellcheck shell=sh disable=SC2046

# shellcheck disable=SC1091
. "${CASE_LIB%/*}/check.sh"

# What it has started goes with it.
fail() {
	echo "FAILED: $*" >&2
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
	exit 1
}

# make_root DIR: a root filesystem of one static program, with what a builder would have as ghosts
make_root() {
	[ -x /bin/busybox ] || skip "busybox-static is not installed"
	mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/proc" "$1/sys" "$1/dev" "$1/root" "$1/mnt"
	cp /bin/busybox "$1/bin/busybox"
	for name in sh ls cat echo id true false sleep mount umount hostname grep chown chmod stat \
		mkdir rm ln touch readlink pwd env kill ps sync dd head wc sort tr date mv cp \
		nc ip wget nslookup find ulimit test cut sed df md5sum tee mkfifo uname; do
		ln -sf busybox "$1/bin/$name"
	done
	cp "$INSIDE" "$1/bin/inside"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	: >"$1/etc/hosts"
	: >"$1/etc/resolv.conf"
	: >"$1/etc/hostname"
	chmod 1777 "$1/tmp"
}

# run OPTIONS -- COMMAND: a step on $ROOT without a network, unless told otherwise
run() {
	"$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" --network none --quiet "$@"
}

# start OPTIONS -- COMMAND: the same for "start … &", whose $! is then the builder
start() {
	exec "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" --network none --quiet "$@"
}

# code COMMAND…: its exit status, for statuses that are not 0
code() {
	code_status=0
	"$@" || code_status=$?
	echo "$code_status"
}

# wait_for SECONDS COMMAND…: until it succeeds
wait_for() {
	wait_left=$(($1 * 50))
	shift
	until "$@"; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || fail "waited in vain for: $*"
		sleep 0.02
	done
}

# Whether steps have more than one user here.
has_all_ids() {
	[ "$(id -u)" = 0 ] || grep -q "^$(id -un):" /etc/subuid
}

ROOT=$TEST_TMP/root
RUNTIME=$TEST_TMP/run
mkdir -p "$RUNTIME"
make_root "$ROOT"
