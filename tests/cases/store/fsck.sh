# SPDX-License-Identifier: Apache-2.0
# What 'varve fsck' says of damage, and what is left after '--repair'.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"

VARVE_STORE=$TEST_TMP/store
export VARVE_STORE

# flip FILE OFFSET: change a byte of a file that nobody may write to
flip() {
	chmod u+w "$1"
	byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
	chmod a-w "$1"
}

# sound: all is well with the store
sound() {
	expect "status of fsck, $1" 0 "$(code "$VARVE" fsck)"
	expect_match "fsck, $1" "*: all is well" "$(tail -n 1 "$TEST_TMP/out")"
	expect "problems, $1" "" "$(grep '^problem' "$TEST_TMP/out" || true)"
}

# damaged PATTERN: fsck says so
damaged() {
	expect "status of fsck" 1 "$(code "$VARVE" fsck)"
	grep -q "^problem: .*$1" "$TEST_TMP/out" || fail "no '$1' in: $(cat "$TEST_TMP/out")"
	expect_match "the last line" "*: damaged" "$(tail -n 1 "$TEST_TMP/out")"
	expect_match "the way out" "*'varve fsck --repair'*" "$(cat "$TEST_TMP/err")"
}

# mend: --repair says what it found, and then all is well; the state can be made again
mend() {
	expect "status of --repair" 1 "$(code "$VARVE" fsck --repair)"
	grep -q "^problem: " "$TEST_TMP/out" || fail "--repair must say what was wrong"
	sound "after --repair"
	expect "the state made again" "$state" "$("$STORE_FULL" "$VARVE_STORE")"
	sound "after it was made again"
}

mkdir "$VARVE_STORE"
state=$("$STORE_FULL" "$VARVE_STORE")
sound "at first"

# A large file: named by its path, with who needs it.
blob=$(find "$VARVE_STORE/objects" -type f | head -n 1)
id=$(basename "$(dirname "$blob")")$(basename "$blob")
flip "$blob" 1000
expect "status of --fast, which compares check sums" 0 "$(code "$VARVE" fsck --fast)"
damaged "objects/$(echo "$id" | cut -c 1-2)/.*other bytes"
damaged "$id.*tag/new\|tag/new.*$id"
mend

# A pack: every byte of it is covered by a check sum.
for at in 3 40 2000; do
	pack=$(find "$VARVE_STORE/packs" -type f -size +2 | head -n 1)
	flip "$pack" "$at"
	damaged "$(basename "$pack" .pk)"
	expect "status of --fast" 1 "$(code "$VARVE" fsck --fast)"
	mend
done

# Cut short, and gone.
pack=$(find "$VARVE_STORE/packs" -type f -size +2 | head -n 1)
chmod u+w "$pack"
truncate -s 1500 "$pack"
damaged "$(basename "$pack" .pk)"
mend
rm "$VARVE_STORE"/packs/*
damaged "tag/new"
mend

# A name that says nothing.
echo nonsense >"$TEST_TMP/ref"
cat "$TEST_TMP/ref" >"$VARVE_STORE/refs/tag/new"
damaged "refs/tag/new"
mend

# What does not belong there is no damage.
: >"$VARVE_STORE/packs/notes.txt"
expect "status with a stray file" 0 "$(code "$VARVE" fsck)"
expect_match "a stray file" "left over: packs/notes.txt: *" "$(head -n 1 "$TEST_TMP/out")"
