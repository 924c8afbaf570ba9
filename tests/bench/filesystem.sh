# SPDX-License-Identifier: Apache-2.0
# Sourced by bench/run: benches of a writable view on a lower tree. Each round has a fresh mount of
# each system, and what is not measured happens before it.
#
# "native" is a copy of the lower tree on the same disk, "overlayfs" the kernel's with "volatile",
# "fuse-overlayfs" without fsync, "varve" a throw-away copy of a state.
# shellcheck shell=sh disable=SC2034

FILESYSTEMS='varve overlayfs fuse-overlayfs native'
LOWER=$SCRATCH/lower
MOUNTS=$SCRATCH/mounts

# The lower tree: the base image with what the benches read in /bench.
make_lower() {
	[ "$(id -u)" = 0 ] || die "$BENCH: needs root to mount overlayfs"
	# A bench of builds may have thrown the store away.
	if [ ! -d "$LOWER" ]; then
		say "making the lower tree"
		mkdir -p "$LOWER/bench" "$MOUNTS"
		tar -C "$LOWER" --numeric-owner --exclude './dev/*' -xf "$MATERIAL/base.tar"
		tar -C "$LOWER/bench" -xf "$MATERIAL/tree.tar"
		cp -r "$MATERIAL/lua" "$MATERIAL/packages" "$LOWER/bench/"
		head -c 1G /dev/urandom >"$LOWER/bench/huge"
	fi
	if [ ! -e "$SCRATCH/lower-store.ready" ]; then
		VARVE_STORE=$SCRATCH/lower-store quietly "$VARVE" import --name lower "$LOWER"
		: >"$SCRATCH/lower-store.ready"
	fi
}

# Who is root in a namespace only may not use trusted.* attributes.
overlayfs_options() {
	if grep -q '^ *0 *0 *4294967295$' /proc/self/uid_map; then
		echo volatile
	else
		echo volatile,userxattr
	fi
}

# mounted SYSTEM: a fresh view at $AT
mounted() {
	AT=$MOUNTS/$1
	mkdir -p "$AT"
	case $1 in
	varve) VARVE_STORE=$SCRATCH/lower-store quietly "$VARVE" mount --rw lower "$AT" ;;
	overlayfs)
		mkdir -p "$SCRATCH/upper" "$SCRATCH/work"
		mount -t overlay overlay "$AT" -o \
			"lowerdir=$LOWER,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work,$(overlayfs_options)"
		;;
	fuse-overlayfs)
		mkdir -p "$SCRATCH/upper" "$SCRATCH/work"
		quietly fuse-overlayfs -o \
			"lowerdir=$LOWER,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work,fsync=0" "$AT"
		;;
	native) cp -a "$LOWER/." "$AT" ;;
	esac
	MOUNTED=$1
}

unmounted() {
	case $MOUNTED in
	varve) VARVE_STORE=$SCRATCH/lower-store quietly "$VARVE" umount "$AT" ;;
	native) rm -rf "$AT" ;;
	*)
		umount "$AT"
		rm -rf "$SCRATCH/upper" "$SCRATCH/work"
		;;
	esac
	MOUNTED=
}

# One bench is one script, and maybe one that prepares.
fs_round() {
	mounted "$1"
	[ -z "$FS_BEFORE" ] || (cd "$AT" && quietly sh -ec "$FS_BEFORE")
	(cd "$AT" && timed "$1" env "MATERIAL=$MATERIAL" sh -ec "$FS_SCRIPT")
	unmounted
}

# fs COUNT BEFORE SCRIPT: of ordinary benches
fs() {
	make_lower
	FS_BEFORE=$2 FS_SCRIPT=$3
	# shellcheck disable=SC2086
	rounds "$1" "$(among "$FILESYSTEMS")" fs_round
}

bench_fs_untar() {
	# shellcheck disable=SC2016
	fs 3 '' 'mkdir new; tar -C new -xf "$MATERIAL/tree.tar"'
}

bench_fs_touch() {
	fs 3 '' 'find bench/tree -type f -exec touch {} +'
}

bench_fs_rm_new() {
	fs 3 "mkdir new; tar -C new -xf $MATERIAL/tree.tar" 'rm -rf new'
}

bench_fs_rm_lower() {
	fs 5 '' 'rm -rf bench/tree'
}

bench_fs_chown() {
	fs 5 '' 'chown -R 1:1 bench/tree'
}

bench_fs_find_fresh() {
	fs 5 '' 'find . -size +1000000M'
}

bench_fs_find_warm() {
	fs 5 'find . -size +1000000M' 'find . -size +1000000M'
}

bench_fs_grep_fresh() {
	fs 5 '' 'grep -rc nothing-like-it bench/tree >/dev/null || :'
}

bench_fs_grep_warm() {
	fs 5 'grep -rc nothing-like-it bench/tree >/dev/null || :' \
		'grep -rc nothing-like-it bench/tree >/dev/null || :'
}

bench_fs_append_huge() {
	fs 5 '' 'printf x >>bench/huge'
}

bench_fs_read_huge() {
	fs 3 '' 'cat bench/huge >/dev/null'
}

# In 100 directories: fuse-overlayfs takes minutes for so many in one.
bench_fs_small_files() {
	# shellcheck disable=SC2016
	fs 3 'mkdir new; cd new; seq 100 | xargs mkdir' 'cd new; awk "BEGIN {
		for (i = 0; i < 20000; i++) { file = i % 100 + 1 \"/\" i; print i >file; close(file) } }"'
}

bench_fs_write() {
	fs 5 '' 'dd if=/dev/zero of=new bs=1M count=1024 status=none'
}

bench_fs_append() {
	fs 5 '' 'dd if=/dev/zero of=new bs=100 count=200000 status=none'
}

bench_fs_compile() {
	fs 3 '' 'make -s -j2 -C bench/lua'
}

# Maintainer scripts want /dev/null, and a mount of varve has no devices of its own. What is mounted
# below /dev an ordinary user cannot leave out.
bench_fs_dpkg() {
	fs 3 '' 'mount --rbind /dev dev
		mount --make-rprivate dev
		trap "umount -l dev" EXIT
		DEBIAN_FRONTEND=noninteractive chroot . sh -c "dpkg -i --force-depends /bench/packages/*.deb"'
}

# What the server of a mount holds when all of the tree has been looked at.
fs_memory_round() {
	mounted "$1"
	quietly find "$AT" -size +1000000M
	case $1 in
	varve) fs_memory_pid=$(pgrep -n -f "varve mount --rw lower $AT") ;;
	*) fs_memory_pid=$(pgrep -n -f "fuse-overlayfs .*$AT") ;;
	esac
	record "$1" "peak of the server" MiB \
		"$(awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$fs_memory_pid/status")"
	unmounted
}

bench_fs_memory() {
	make_lower
	rounds 3 "$(among "varve fuse-overlayfs")" fs_memory_round
}
