# SPDX-License-Identifier: Apache-2.0
# Outputs: where they go, what they hold, what is refused.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"
. "$IMAGE_LIB"
cd "$TEST_TMP" || exit

mkdir -p base/dir top/dir top/new
echo 1 >base/keep
echo 2 >base/gone
echo 3 >base/dir/changed
echo 1 >top/keep
echo 4 >top/dir/changed
echo 5 >top/new/file
touch -d @1000000000 base/keep top/keep base/dir base
image --epoch 1600000000 -- import base:1 base
image -- import top:1 top
image -- stack app:1 base:1 top:1

# Standard output, and files.
image -- output - app:1 >stdout.tar
image -- output type=tar,dest=file.tar app:1
same "tar to standard output" stdout.tar file.tar
image -- output type=oci app:1 >stdout.tar
image -- output type=oci,dest=- app:1 | cmp - stdout.tar || fail "dest=-"
ln -s real.tar link.tar
: >real.tar
image -- output type=tar,dest=link.tar app:1
expect "a link to a file stays" "real.tar" "$(readlink link.tar)"
same "and leads to the new one" file.tar real.tar
mkfifo fifo
cat fifo >from-fifo &
image -- output type=tar,dest=fifo app:1
wait
same "a pipe" file.tar from-fifo

# Layers, and what they say of deletions.
image --name app:1 -- output type=oci,dest=layout,tar=false app:1
layers=$(tr ',' '\n' <layout/blobs/sha256/"$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' layout/index.json)" |
	grep -c 'layer.v1.tar+gzip')
expect "layers" 2 "$layers"
if has umoci && [ "$(id -u)" = 0 ]; then
	umoci unpack --image layout:1 bundle >/dev/null
	expect "umoci applies them" "4 5 1" "$(cat bundle/rootfs/dir/changed bundle/rootfs/new/file bundle/rootfs/keep | xargs)"
	expect "deletions too" "no" "$([ -e bundle/rootfs/gone ] || echo no)"
fi
config=$(image -- config app:1)
expect_match "history" '*"comment":"imported"*"created_by":"STACK"*' "$config"

# The same image again: the layout has it once.
before=$(find layout -type f | wc -l)
image --name app:2 -- output type=oci,dest=layout,tar=false app:1
expect "no more blobs" "$before" "$(find layout -type f | wc -l)"
expect "both names" 2 "$(grep -o '"io.containerd.image.name":"[^"]*"' layout/index.json | wc -l)"

# What is loaded and not changed goes out as it came in.
image --name loaded -- load stdout.tar >/dev/null
image --digests -- output type=oci,dest=loaded.tar loaded 2>digests
same "a loaded image" stdout.tar loaded.tar
expect_match "digests are told" "config sha256:*digest sha256:*" "$(cat digests)"

# Compression, annotations, names, times.
image -- output 'type=oci,"name=app:3,app:4",dest=a,tar=false,annotation.org.a=b,annotation-manifest-descriptor.c=d' app:1
expect_match "names" '*"docker.io/library/app:3"*"docker.io/library/app:4"*' "$(cat a/index.json)"
expect_match "descriptor's annotation" '*"c":"d"*' "$(cat a/index.json)"
expect "manifest's annotation" 1 "$(cat a/blobs/sha256/* | grep -ac '"annotations":{"org.a":"b"}')"
image -- output type=oci,compression=zstd,force-compression=true,dest=z,tar=false loaded
expect "zstd" 2 "$(cat z/blobs/sha256/* | grep -ao 'tar+zstd' | wc -l)"
image -- output type=oci,compression=zstd,dest=k,tar=false app:1
image -- output type=docker,oci-mediatypes=false,dest=d,tar=false app:1
expect "Docker's types" 1 "$(cat d/blobs/sha256/* | grep -ac 'vnd.docker.distribution.manifest.v2+json')"
image --epoch 1000000000 -- output type=oci,rewrite-timestamp=true,dest=e.tar app:1
touch -d @1500000000 top/new/file top/dir/changed top/new top/dir top
image -- import top:2 top
image -- stack app:5 base:1 top:2
image --epoch 1000000000 -- output type=oci,rewrite-timestamp=true,dest=f.tar app:5
same "times do not show" e.tar f.tar

# Several platforms.
image --platform linux/arm64 -- import arm:1 base
image --name multi:1 -- output type=oci,dest=multi,tar=false,annotation-index.x=y app:1 arm:1
expect "one thing with a name" 1 "$(grep -o '"digest"' multi/index.json | wc -l)"
expect_match "an index" '*vnd.oci.image.index.v1+json","digest*' "$(cat multi/index.json)"
expect "its annotation" 1 "$(cat multi/blobs/sha256/* | grep -ac '"annotations":{"x":"y"}')"
if has skopeo; then
	expect "skopeo picks" arm64 "$(skopeo inspect --override-arch arm64 --config --raw oci:multi:1 |
		sed 's/.*"architecture":"\([a-z0-9]*\)".*/\1/')"
fi
image -- output type=tar,dest=multi.tar app:1 arm:1
expect "a directory each" "linux_amd64/dir/changed linux_arm64/dir/changed" \
	"$(tar -tf multi.tar | grep changed | xargs)"
image -- output split app:1 arm:1
expect "in a directory too" "4 3" "$(cat split/linux_amd64/dir/changed split/linux_arm64/dir/changed | xargs)"
image -- output type=local,platform-split=true,dest=split1 app:1
expect "also for one" 4 "$(cat split1/linux_amd64/dir/changed)"

# Into the store.
image --name mine -- output type=image app:1
expect "a name" "$(image -- find app:1 | cut -d' ' -f1,2)" "$(image -- find mine:latest | cut -d' ' -f1,2)"
image --name mine --digests -- output type=image,name=other app:1 2>digests
expect "digests when asked" "$(image --digests -- output type=oci,dest=/dev/null app:1 2>&1)" "$(cat digests)"
image -- output type=cacheonly app:1

# Refusals, and nothing is left of them.
mkdir dir
refuse "type=registry: it takes a name to push to: name=NAME, or --tag" -- output type=registry app:1
refuse "type=docker: docker exporter does not currently support exporting manifest lists; *" -- output type=docker,dest=x app:1 arm:1
refuse "type=oci: 'dir' is a directory: a file is wanted" -- output type=oci,dest=dir app:1
refuse "type=tar: cannot make 'no/such/dir/x'*" -- output type=tar,dest=no/such/dir/x app:1
refuse "type=oci: annotation 'x' is for an index*" -- output type=oci,dest=x,annotation-index.x=y app:1
refuse "type=oci: 'UPPER': *" --name UPPER -- output type=oci,dest=x app:1
refuse "*estargz*" -- output type=oci,dest=x,compression=estargz app:1
refuse "type=local: platform-split=false*" -- output type=local,dest=x,platform-split=false app:1 arm:1
expect "nothing is left" "" "$(find . -maxdepth 1 \( -name x -o -name '*varve*' \))"
mkdir wh
echo x >wh/.wh.file
image -- import wh:1 wh
refuse "type=oci: layer 1/1: '.wh.file' cannot be in a layer*" -- output type=oci,dest=x wh:1
expect "no half archive" "" "$(find . -maxdepth 1 \( -name x -o -name '*varve*' \))"
image -- output type=tar,dest=x wh:1
expect "a tar may have it" "./ .wh.file" "$(tar -tf x | xargs)"
