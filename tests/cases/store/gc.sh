# SPDX-License-Identifier: Apache-2.0
# What 'varve gc' deletes, what it says, and what it leaves alone.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"

VARVE_STORE=$TEST_TMP/store
export VARVE_STORE

expect "gc without a store" 125 "$(code "$VARVE" gc)"
expect_match "gc without a store" "varve: there is no store at '$VARVE_STORE' yet*" \
	"$(cat "$TEST_TMP/err")"
[ ! -e "$VARVE_STORE" ] || fail "gc must not make a store"

mkdir "$VARVE_STORE"
state=$("$STORE_FULL" "$VARVE_STORE")

# What has a name stays.
expect "status of gc" 0 "$(code "$VARVE" gc)"
expect_match "gc of what is named" "deleted 0 objects, 0*; kept * objects, *" \
	"$(cat "$TEST_TMP/out")"
expect "fsck" 0 "$(code "$VARVE" fsck)"

# Without a name it goes, but not by a dry run.
rm -r "$VARVE_STORE/refs/tag" "$VARVE_STORE"/steps.*
size=$(du -s "$VARVE_STORE" | cut -f 1)
expect "status of a dry run" 0 "$(code "$VARVE" gc --dry-run)"
expect_match "a dry run" "would delete [1-9]* objects, *; kept 0 objects*" \
	"$(cat "$TEST_TMP/out")"
expect "size after a dry run" "$size" "$(du -s "$VARVE_STORE" | cut -f 1)"
would=$(sed 's/^would delete/deleted/' "$TEST_TMP/out")
expect "status of gc" 0 "$(code "$VARVE" gc)"
expect "gc does what the dry run said" "$would" "$(cat "$TEST_TMP/out")"
[ "$(find "$VARVE_STORE/packs" "$VARVE_STORE/objects" -type f | wc -l)" = 0 ] ||
	fail "files are left: $(find "$VARVE_STORE/packs" "$VARVE_STORE/objects" -type f)"
expect "status of gc with nothing left" 0 "$(code "$VARVE" gc)"
expect_match "gc with nothing left" "deleted 0 objects*" "$(cat "$TEST_TMP/out")"

# The same state comes back.
expect "the state made again" "$state" "$("$STORE_FULL" "$VARVE_STORE")"
expect "fsck afterwards" 0 "$(code "$VARVE" fsck)"

# One at a time.
exec 9>>"$VARVE_STORE/gc.lock"
flock 9
expect "status of a second gc" 125 "$(code "$VARVE" gc)"
expect_match "a second gc" "varve: garbage of the store '*' is being collected*" \
	"$(cat "$TEST_TMP/err")"
exec 9>&-

# Remains of the killed go.
mkdir "$VARVE_STORE/tmp/0123456789abcdef0123456789abcdef"
: >"$VARVE_STORE/leases/0123456789abcdef0123456789abcdef"
: >"$VARVE_STORE/tmp/0123456789abcdef0123456789abcdef/1"
expect "status of gc" 0 "$(code "$VARVE" gc)"
expect "what is left in tmp" "" "$(ls "$VARVE_STORE/tmp")"
expect "what is left in leases" "" "$(ls "$VARVE_STORE/leases")"
