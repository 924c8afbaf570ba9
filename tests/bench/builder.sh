# SPDX-License-Identifier: Apache-2.0
# Sourced by bench/run: benches of whole builds, varve against buildah.
#
# "buildah" is --isolation chroot on the kernel's overlayfs, "buildah-fuse" the same on
# fuse-overlayfs. Both lack a network of the step's own, which varve has in all of these.
# shellcheck shell=sh disable=SC2034

BUILDERS='varve buildah buildah-fuse'
CONTEXT=$SCRATCH/context
export VARVE_STORE="$SCRATCH/varve"
export BUILDAH_HISTORY=false BUILDKIT_PROGRESS=plain

# buildah_of SYSTEM COMMAND…: with the storage of this system
buildah_of() {
	buildah_system=$1
	shift
	case $buildah_system in
	buildah-fuse) set -- --storage-opt "overlay.mount_program=$(command -v fuse-overlayfs)" "$@" ;;
	esac
	$HOW buildah --root "$SCRATCH/$buildah_system" --runroot "$SCRATCH/$buildah_system-run" \
		--storage-driver overlay "$@"
}

# build SYSTEM DOCKERFILE TAG OPTIONS…: of what lies in $CONTEXT; $HOW is "timed SYSTEM" or "quietly"
build() {
	build_system=$1 build_file=$2 build_tag=$3
	shift 3
	case $build_system in
	varve) $HOW "$VARVE" build -f "$build_file" -t "$build_tag" "$@" "$CONTEXT" ;;
	*)
		buildah_of "$build_system" bud --layers --isolation chroot --pull-never \
			-f "$build_file" -t "$build_tag" "$@" "$CONTEXT"
		;;
	esac
}

timed_build() {
	HOW="timed $1"
	build "$@"
}

quiet_build() {
	HOW=quietly
	build "$@"
}

# Every bench has a context of its own, and the base image in each store.
begin() {
	rm -rf "$CONTEXT"
	mkdir -p "$CONTEXT"
	for begin_system in $(among "$BUILDERS"); do
		if [ ! -e "$SCRATCH/$begin_system.ready" ]; then
			make_base "$begin_system"
			: >"$SCRATCH/$begin_system.ready"
		fi
		renew "$begin_system"
	done
}

# renew SYSTEM: varve stores nothing twice, so where a round makes the same files as the one before
# it begins with a store that does not know them.
renew() {
	[ "$1" = varve ] || return 0
	rm -rf "$SCRATCH/varve"
	cp -a "$SCRATCH/varve-base" "$SCRATCH/varve"
}

make_base() {
	say "making the base image for $1"
	HOW=quietly
	case $1 in
	varve)
		VARVE_STORE=$SCRATCH/varve-base quietly "$VARVE" import --name base "$MATERIAL/base.tar"
		;;
	*)
		cp "$MATERIAL/base.tar" "$CONTEXT/base.tar"
		printf 'FROM scratch\nADD base.tar /\n' >"$SCRATCH/Dockerfile.base"
		build "$1" "$SCRATCH/Dockerfile.base" base
		rm "$CONTEXT/base.tar"
		;;
	esac
}

# stored SYSTEM: MiB of all its states and images
stored() {
	if [ "$1" = varve ]; then
		quietly "$VARVE" gc
	fi
	size "$SCRATCH/$1"
}

# 100 steps that do nothing: what a step costs.
write_empty_steps() {
	{
		echo FROM base
		for number in $(seq 100); do
			echo "RUN : $number"
		done
	} >"$SCRATCH/Dockerfile"
}

empty_steps_round() {
	timed_build "$1" "$SCRATCH/Dockerfile" "round$ROUND" --no-cache
}

bench_empty_steps() {
	begin
	write_empty_steps
	rounds 3 "$(among "varve buildah")" empty_steps_round
}

cached_steps_round() {
	timed_build "$1" "$SCRATCH/Dockerfile" again
}

bench_cached_steps() {
	begin
	write_empty_steps
	for system in $(among "varve buildah"); do
		quiet_build "$system" "$SCRATCH/Dockerfile" again
	done
	rounds 5 "$(among "varve buildah")" cached_steps_round
}

# Every round has files that no store has seen.
untar_touch_round() {
	rm -rf "$CONTEXT/tree.tar"
	cp "$MATERIAL/tree.tar" "$CONTEXT/tree.tar"
	cat >"$SCRATCH/Dockerfile" <<-EOF
		FROM base
		COPY tree.tar /
		RUN tar -xf tree.tar && for d in /tree/*; do \
			for f in \$d/*; do echo $1 $ROUND >>\$f; done; done
		RUN find /tree -type f -exec touch {} +
	EOF
	timed_build "$1" "$SCRATCH/Dockerfile" tree --no-cache
}

bench_untar_touch() {
	begin
	rounds 3 "$(among "$BUILDERS")" untar_touch_round
}

# The same files again and again need not be hashed twice, nor copied.
copy_context_round() {
	echo "$1 $ROUND" >"$CONTEXT/tree/changed"
	timed_build "$1" "$SCRATCH/Dockerfile" copied
}

bench_copy_context() {
	begin
	tar -C "$CONTEXT" -xf "$MATERIAL/tree.tar"
	printf 'FROM base\nCOPY tree /tree\n' >"$SCRATCH/Dockerfile"
	for system in $(among "varve buildah"); do
		quiet_build "$system" "$SCRATCH/Dockerfile" copied
	done
	rounds 5 "$(among "varve buildah")" copy_context_round
}

compile_round() {
	renew "$1"
	timed_build "$1" "$SCRATCH/Dockerfile" lua --no-cache --build-arg "ROUND=$ROUND"
}

bench_compile_lua() {
	begin
	cp -r "$MATERIAL/lua" "$CONTEXT/lua"
	printf 'FROM base\nARG ROUND\nCOPY lua /lua\nRUN make -j2 -C /lua\n' >"$SCRATCH/Dockerfile"
	rounds 3 "$(among "$BUILDERS")" compile_round
}

dpkg_round() {
	renew "$1"
	timed_build "$1" "$SCRATCH/Dockerfile" packages --no-cache --build-arg "ROUND=$ROUND"
}

write_packages() {
	cp -r "$MATERIAL/packages" "$CONTEXT/packages"
	cat >"$SCRATCH/Dockerfile" <<-EOF
		FROM base
		COPY packages /packages
		RUN DEBIAN_FRONTEND=noninteractive dpkg -i --force-depends /packages/*.deb
	EOF
}

bench_dpkg() {
	begin
	write_packages
	rounds 3 "$(among "$BUILDERS")" dpkg_round
}

# with_tree SYSTEM: an image "tree" of 20,000 files
with_tree() {
	tar -C "$CONTEXT" -xf "$MATERIAL/tree.tar"
	printf 'FROM base\nCOPY tree /tree\n' >"$SCRATCH/Dockerfile"
	quiet_build "$1" "$SCRATCH/Dockerfile" tree
	rm -rf "$CONTEXT/tree"
}

rm_tree_round() {
	printf 'FROM tree\nRUN rm -rf /tree # %s\n' "$ROUND" >"$SCRATCH/Dockerfile"
	timed_build "$1" "$SCRATCH/Dockerfile" empty --no-cache
}

bench_rm_tree() {
	begin
	for system in $(among "$BUILDERS"); do
		with_tree "$system"
	done
	rounds 5 "$(among "$BUILDERS")" rm_tree_round
}

append_round() {
	append_before=$(stored "$1")
	printf 'FROM huge\nRUN printf %s >>/huge\n' "$ROUND" >"$SCRATCH/Dockerfile"
	timed_build "$1" "$SCRATCH/Dockerfile" longer
	record "$1" growth MiB "$(echo "$append_before $(stored "$1")" | awk '{ printf "%.3f", $2 - $1 }')"
}

bench_append_huge() {
	begin
	head -c 1G /dev/urandom >"$CONTEXT/huge"
	printf 'FROM base\nCOPY huge /huge\n' >"$SCRATCH/Dockerfile"
	for system in $(among "varve buildah"); do
		quiet_build "$system" "$SCRATCH/Dockerfile" huge
	done
	rm "$CONTEXT/huge"
	rounds 3 "$(among "varve buildah")" append_round
	forget
}

# forget: gives back the room of what a bench has made
forget() {
	for forget_system in $(among 'buildah buildah-fuse'); do
		HOW=quietly
		buildah_of "$forget_system" rmi --all --force
		rm -f "$SCRATCH/$forget_system.ready"
	done
}

# 100 directories of 100 files each, out of another stage.
copy_from_round() {
	timed_build "$1" "$SCRATCH/Dockerfile" copies --no-cache
}

bench_copy_from() {
	begin
	for system in $(among "varve buildah"); do
		with_tree "$system"
	done
	{
		echo FROM base
		for number in $(seq 100); do
			echo "COPY --from=tree /tree/d$number /copy$number"
		done
	} >"$SCRATCH/Dockerfile"
	rounds 3 "$(among "varve buildah")" copy_from_round
}

stages_round() {
	case $1 in
	varve) timed_build "$1" "$SCRATCH/Dockerfile" stages --no-cache ;;
	*) timed_build "$1" "$SCRATCH/Dockerfile" stages --no-cache --jobs 4 ;;
	esac
}

# 30 stages that write 1 MiB each, and one that collects.
bench_stages() {
	begin
	{
		for number in $(seq 30); do
			echo "FROM base AS s$number"
			echo "RUN head -c 1M /dev/urandom >/made$number"
		done
		echo FROM base
		for number in $(seq 30); do
			echo "COPY --from=s$number /made$number /"
		done
	} >"$SCRATCH/Dockerfile"
	rounds 3 "$(among "varve buildah")" stages_round
}

# clones_growth SYSTEM COUNT: MiB that this many stages cost that each clone and repack
clones_growth() {
	{
		for number in $(seq "$2"); do
			echo "FROM withgit AS s$number"
			echo "RUN git clone -q --no-hardlinks /repository /clone && cd /clone && git repack -qadf &&" \
				"echo $number >/clone/made"
		done
		echo FROM withgit
		for number in $(seq "$2"); do
			echo "COPY --from=s$number /clone /clone$number"
		done
	} >"$SCRATCH/Dockerfile"
	clones_before=$(stored "$1")
	quiet_build "$1" "$SCRATCH/Dockerfile" "clones$2" --no-cache
	echo "$clones_before $(stored "$1")" | awk '{ printf "%.3f", $2 - $1 }'
}

clones_round() {
	record "$1" "one clone" MiB "$(clones_growth "$1" 1)"
	record "$1" "8 clones" MiB "$(clones_growth "$1" 8)"
}

bench_clones() {
	begin
	write_packages
	has git || die "clones: git is not installed"
	mkdir "$CONTEXT/repository"
	(
		cd "$CONTEXT/repository" || exit
		git init -q
		cp -r "$MATERIAL/lua" .
		head -c 4M /dev/urandom >large
		for number in $(seq 20); do
			echo "$number" >>lua/lua.h
			head -c 100000 /dev/urandom >"random$number"
			git add -A
			git -c user.name=bench -c user.email=bench@invalid commit -q -m "$number"
		done
	)
	echo 'COPY repository /repository' >>"$SCRATCH/Dockerfile"
	for system in $(among varve); do
		quiet_build "$system" "$SCRATCH/Dockerfile" withgit
	done
	rounds 1 "$(among varve)" clones_round
	forget
}
