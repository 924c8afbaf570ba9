# SPDX-License-Identifier: Apache-2.0
# A tree goes in and comes out again in every form, the same, also as other tools read it.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"
. "$IMAGE_LIB"
cd "$TEST_TMP" || exit

look=facts
[ "$(id -u)" != 0 ] || look=owners
make_tree in
$look in >in.facts

image --epoch 1700000000 -- import tree:1 in
image -- output type=tar,dest=tree.tar tree:1
mkdir out
tar --xattrs --xattrs-include='*' -xpf tree.tar -C out
$look out >out.facts
same "tar" in.facts out.facts
if [ "$(id -u)" != 0 ]; then
	expect "owners for others" "0/0" \
		"$(tar --numeric-owner -tvf tree.tar ./etc/passwd etc/passwd 2>/dev/null | awk '{ print $2 }')"
fi

# What went in as an archive comes out as this archive.
image -- import tar:1 tree.tar
gzip -c tree.tar | image -- import piped:1 -
image -- output type=tar,dest=again.tar tar:1
same "tar in, tar out" tree.tar again.tar
image -- output type=oci,dest=piped,tar=false,compression=uncompressed piped:1
expect "the layer is the archive" "$(sha256sum <tree.tar | cut -d' ' -f1)" \
	"$(cd piped/blobs/sha256 && for f in *; do [ "$(wc -c <"$f")" -lt 100000 ] || echo "$f"; done)"

# The same twice.
for spec in type=oci type=docker type=oci,compression=zstd type=oci,compression=uncompressed; do
	image --name some/tree:1 -- output "$spec,dest=one" tree:1
	rm -rf "$STORE/layers"
	image --name some/tree:1 -- output "$spec,dest=two" tree:1
	same "$spec twice" one two
	image --name back:1 -- load one
	image -- output type=tar,dest=back.tar back:1
	same "$spec and back" tree.tar back.tar
done
expect "nothing else is left" "" "$(find . -maxdepth 1 -name '*.varve-*')"

has umoci && has skopeo || exit 0
image --name some/tree:1 -- output type=oci,dest=layout,tar=false tree:1
if [ "$(id -u)" = 0 ]; then
	umoci unpack --image layout:1 bundle >/dev/null
	$look bundle/rootfs >umoci.facts
	same "umoci" in.facts umoci.facts
	rm -rf bundle
fi
image --name some/tree:1 -- output type=docker,dest=docker.tar tree:1
skopeo copy -q docker-archive:docker.tar oci:copied:1 >/dev/null
image --name copied:1 -- load copied
image -- output type=tar,dest=copied.tar copied:1
same "skopeo docker-archive to oci" tree.tar copied.tar
skopeo copy -q oci:layout:1 docker-archive:skopeo.tar:sk/tree:1 >/dev/null
expect "name in a docker archive" "docker.io/sk/tree:1" "$(image -- load skopeo.tar)"
image -- output type=tar,dest=skopeo.rootfs sk/tree:1
same "skopeo oci to docker-archive" tree.tar skopeo.rootfs
