# SPDX-License-Identifier: Apache-2.0
# What is changed, copied or sparse takes no more room than what is new in it.
. "$CASE_LIB"
. "$BUILD_LIB"
used() { # KiB that the store takes, staged content included
	du -s "$VARVE_STORE" | cut -f1
}
grown() { # WHAT KIB: by less than this since the last time
	now=$(used)
	[ $((now - before)) -lt "$2" ] || fail "$1 took $((now - before)) KiB"
	before=$now
}
mkdir "$ROOT/data"
head -c 50000000 /dev/urandom >"$ROOT/data/large"
truncate -s 200M "$ROOT/data/sparse"
printf end >>"$ROOT/data/sparse"

echo "a sparse file of an archive stays one"
tar -C "$ROOT" --numeric-owner --owner=0 --group=0 -S -cf thin.tar .
tar -C "$ROOT" --numeric-owner --owner=0 --group=0 -cf thick.tar .
varve import --name thin thin.tar >thin.id
before=$(used)
[ "$before" -lt 70000 ] || fail "the store has $before KiB"
varve import --name thick thick.tar >thick.id
grown "the same without a map of its holes" 1000

varve mount --rw thin "$AT"
trap 'umount -l "$AT" 2>/dev/null || fusermount3 -uz "$AT" 2>/dev/null || true' EXIT
before=$(used)
echo "a copy is a reference"
cp --reflink=auto "$AT/data/large" "$AT/data/copy"
grown "a copy" 300
cmp "$AT/data/large" "$AT/data/copy" || fail "the copy differs"
echo changed | dd of="$AT/data/copy" bs=4096 seek=1000 conv=notrunc 2>/dev/null
grown "a change of it" 100
expect "bytes that differ" 1 "$(cmp -l "$AT/data/large" "$AT/data/copy" | head -n 20 |
	awk '$1 > 4096000 && $1 < 4096010 { n++ } END { print (n > 4) }')"

echo "a copy of a sparse file is sparse"
expect "its blocks" 1 "$(($(stat -c %b "$AT/data/sparse") < 1000))"
cp "$AT/data/sparse" "$AT/data/sparse2"
expect "those of the copy" 1 "$(($(stat -c %b "$AT/data/sparse2") < 1000))"
cmp "$AT/data/sparse" "$AT/data/sparse2" || fail "the copy of the sparse file differs"
grown "a sparse copy" 1000

echo "attributes and names copy nothing"
chmod -R go-w "$AT/data"
[ "$(id -u)" != 0 ] || chown -R 5:5 "$AT/data"
mv "$AT/data" "$AT/moved"
ln "$AT/moved/large" "$AT/link"
touch "$AT/link"
grown "attributes and names" 300
varve umount "$AT"

echo "holes are holes behind a layer"
cat >context/Dockerfile <<'END'
FROM thin
RUN dd if=/dev/urandom of=/run-made bs=4096 count=1 seek=10000 2>/dev/null && truncate -s 90M /run-made
END
varve build -q --network none -t holes -o type=oci,dest=holes.tar context >holes.id
look() { # FILE: blocks, and a sum
	varve shell -T --network none holes -- sh -c "stat -c %b $1; sha256sum <$1"
}
look /run-made >made
expect "blocks of what a RUN made" 1 "$(($(head -n 1 made) < 200))"
(
	export VARVE_STORE="$TEST_TMP/second"
	varve load holes.tar >loaded
	[ "$(used)" -lt 60000 ] || fail "the second store has $(used) KiB"
	look /run-made >behind
	expect "blocks behind the layer" 1 "$(($(head -n 1 behind) < 200))"
	expect "the bytes" "$(tail -n 1 made)" "$(tail -n 1 behind)"
	look /data/sparse >base
	expect "blocks of the base" 1 "$(($(head -n 1 base) < 1000))"
)

echo "a block of a large file costs a block"
before=$(used)
cat >context/Dockerfile <<'END'
FROM thin
RUN echo changed | dd of=/data/large bs=4096 seek=5000 conv=notrunc 2>/dev/null
END
varve build -q --network none -t changed context >changed.id
grown "a changed block, committed" 150
