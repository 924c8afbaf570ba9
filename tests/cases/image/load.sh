# SPDX-License-Identifier: Apache-2.0
# What is loaded, what is chosen from it, and what is refused.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"
. "$IMAGE_LIB"
cd "$TEST_TMP" || exit

mkdir one two
echo one >one/file
echo two >two/file
image -- import one:1 one
image --platform linux/arm64 -- import one:1 two
image -- import two:1 two

# Several images in one layout, one of them for two platforms.
image --platform linux/arm64 -- find one:1 >arm
image --platform linux/amd64 -- find one:1 >amd
image -- tag arm:1 one:1 >/dev/null
image --platform linux/arm64 -- tag arm:1 one:1
image --platform linux/amd64 -- tag amd:1 one:1
image --name multi:1 -- output type=oci,dest=layout,tar=false amd:1 arm:1
image --name two:1 -- output type=oci,dest=layout,tar=false two:1
tar -C layout -cf layout.tar .

NEW=0
fresh() {
	NEW=$((NEW + 1))
	STORE=$TEST_TMP/store-$NEW
}

for from in layout layout.tar; do
	fresh
	expect "names in $from" "docker.io/library/multi:1 docker.io/library/two:1" \
		"$(image -- load $from | sort | xargs)"
	expect "images of $from" "multi:1 linux/amd64 4;multi:1 linux/arm64 4;two:1 linux/amd64 4;" \
		"$(image -- images | tr '\n' ';')"
	image --platform linux/arm64 -- output type=tar,dest=arm.tar multi:1
	expect "the other platform" two "$(tar -xOf arm.tar file)"
done

fresh
image --platform linux/arm64 -- load layout >/dev/null 2>&1 || fail "arm64"
expect "one platform only" "multi:1 linux/arm64 4" "$(image -- images)"
fresh
image --select two:1 -- load layout >/dev/null
expect "selected by name" "two:1 linux/amd64 4" "$(image -- images)"
digest=$(sed 's/.*"digest":"\(sha256:[0-9a-f]*\)".*name":"docker.io\/library\/multi:1".*/\1/' layout/index.json)
fresh
image --one --select "$digest" --name picked -- load layout >/dev/null
expect "selected by digest" "picked:latest linux/amd64 4" "$(image -- images)"
refuse "*there are several images, say which: *docker.io/library/multi:1*" \
	--one -- load layout
refuse "'layout': there is no image 'three'; there are: *multi:1*" --select three -- load layout
refuse "'layout': there is no image for linux/s390x; there are: *" --platform linux/s390x -- load layout

# By pipe, compressed.
for tool in gzip bzip2 xz zstd; do
	command -v $tool >/dev/null || continue
	fresh
	$tool -c <layout.tar | image -- load - >/dev/null
	expect "by $tool" 3 "$(image -- images | wc -l)"
	expect "no temporary file" "" "$(find "$STORE/tmp" -type f)"
done

# The old form: a directory for each layer, shared ones as symlinks.
mkdir -p old/aaa old/bbb
tar -C one -cf old/aaa/layer.tar .
ln -s ../aaa/layer.tar old/bbb/layer.tar
id=$(sha256sum <old/aaa/layer.tar | cut -d' ' -f1)
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
	"$id" "$id" >old/config
name=$(sha256sum <old/config | cut -d' ' -f1).json
mv old/config "old/$name"
printf '[{"Config":"%s","RepoTags":["old:1","old:2"],"Layers":["aaa/layer.tar","bbb/layer.tar"]}]' \
	"$name" >old/manifest.json
tar -C old -cf old.tar .
fresh
expect "names" "docker.io/library/old:1 docker.io/library/old:2" "$(image -- load old.tar | sort | xargs)"
expect "configuration as it was" "$(cat "old/$name")" "$(image -- config old:1)"
expect "the same as a directory" "docker.io/library/old:1 docker.io/library/old:2" \
	"$(image -- load old | sort | xargs)"

# Damage and nonsense.
fresh
cp -a layout bad
for blob in bad/blobs/sha256/*; do
	chmod u+w "$blob"
	printf x >>"$blob"
done
refuse "'bad': 'blobs/sha256/*' is not what its name says" -- load bad
rm -rf bad
cp -a old bad
printf ' ' >>"bad/$name"
refuse "'bad': '$name' is not what its name says" -- load bad
cp "old/$name" "bad/$name"
echo more >>bad/aaa/layer.tar
refuse "'bad': layer 1/2: its archive has the digest sha256:* instead of sha256:$id" -- load bad
rm bad/aaa/layer.tar
refuse "'bad': 'aaa/layer.tar' is missing" -- load bad
ln -s /etc/passwd bad/aaa/layer.tar
refuse "'bad': cannot read 'aaa/layer.tar'*" -- load bad
echo '[]' >bad/manifest.json
refuse "'bad': manifest.json*" -- load bad
refuse "cannot open 'nothing'*" -- load nothing
refuse "'one': neither an OCI layout nor an archive of 'docker save'*" -- load one
tar -cf plain.tar one
refuse "'plain.tar': neither*'varve import' takes the archive of a root filesystem" -- load plain.tar
head -c 3000 /dev/zero | tr '\0' y >noise
refuse "'noise': *" -- load noise
expect "nothing got a name" "" "$(image -- images)"
