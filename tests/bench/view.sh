# SPDX-License-Identifier: Apache-2.0
# Sourced by bench/run behind builder.sh: looking at past states, and what varve itself costs.
# shellcheck shell=sh disable=SC2034

version_round() {
	case $1 in
	varve) timed varve "$VARVE" --version ;;
	buildah) timed buildah buildah --version ;;
	esac
}

bench_version() {
	rounds 21 "$(among "varve buildah")" version_round
}

# buildah can mount a state if somebody has noted its id.
mount_round() {
	case $1 in
	varve)
		timed varve "$VARVE" mount last:2 "$AT"
		quietly "$VARVE" umount "$AT"
		;;
	buildah)
		timed buildah sh -c "c=\$($BUILDAH from --pull-never tree) && $BUILDAH mount \$c"
		quietly sh -c "$BUILDAH rm --all"
		;;
	esac
}

bench_mount_state() {
	begin
	mount_systems=varve
	# An ordinary user's buildah mounts only inside its own namespace.
	[ "$(id -u)" != 0 ] || mount_systems='varve buildah'
	BUILDAH="buildah --root $SCRATCH/buildah --runroot $SCRATCH/buildah-run --storage-driver overlay"
	mount_systems=$(among "$mount_systems")
	for system in $mount_systems; do
		with_tree "$system"
	done
	printf 'FROM tree\nRUN : after\n' >"$SCRATCH/Dockerfile"
	quiet_build varve "$SCRATCH/Dockerfile" after
	AT=$SCRATCH/at
	mkdir -p "$AT"
	rounds 5 "$mount_systems" mount_round
}

diff_round() {
	timed varve "$VARVE" diff last:2
}

# 100 changes among a million files: 50 copies of the tree, which are grafts of one directory.
bench_diff_states() {
	begin
	with_tree varve
	{
		echo FROM base
		for number in $(seq 50); do
			echo "COPY --from=tree /tree /tree$number"
		done
	} >"$SCRATCH/Dockerfile"
	quiet_build varve "$SCRATCH/Dockerfile" million
	cat >"$SCRATCH/Dockerfile" <<-EOF
		FROM million
		RUN for n in \$(seq 50); do echo changed >/tree\$n/d\$n/f1; rm /tree\$n/d1/f2; done
	EOF
	quiet_build varve "$SCRATCH/Dockerfile" changed
	[ "$("$VARVE" diff last:2 | wc -l)" = 100 ] || die "diff-states: not 100 changes"
	rounds 5 "$(among varve)" diff_round
}

# How much room the largest process takes: builder, step and server are all waited for.
memory_build_round() {
	untar_touch_round "$1"
	record "$1" "largest process" MiB "$(awk '{ printf "%.1f", $3 / 1024 }' "$SCRATCH/measured")"
}

bench_memory_build() {
	begin
	rounds 3 "$(among "varve buildah")" memory_build_round
}
