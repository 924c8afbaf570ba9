# SPDX-License-Identifier: Apache-2.0
# What the server of a mount holds of a large tree: little for each name that was looked at, and
# nothing of what the kernel has forgotten.
. "$CASE_LIB"
. "$BUILD_LIB"
files=96000
python3 - >tree.tar <<'END'
import io, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
    for directory in range(8000):
        info = tarfile.TarInfo("t/%d" % directory)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
        for number in range(12):
            info = tarfile.TarInfo("t/%d/file%d" % (directory, number))
            info.size = 2
            tar.addfile(info, io.BytesIO(b"x\n"))
    info = tarfile.TarInfo("later/file")
    tar.addfile(info)
END
varve import --name tree tree.tar >tree.id

varve mount tree "$AT"
server=$(pgrep -n -f "mount tree $AT")
held() { # KiB of its own memory that the server has
	awk '/^RssAnon/ { print $2 }' "/proc/$server/status"
}
little() {
	[ "$(held)" -lt 18000 ]
}
gone() {
	! kill -0 "$server" 2>/dev/null
}

before=$(held)
[ "$before" -lt 6000 ] || fail "a tree that was just opened takes $before KiB"
expect "files" "$files" "$(find "$AT/t" -type f -size -2 | wc -l)"
each=$((($(held) - before) * 1024 / (files + 8000)))
echo "$each bytes for each name"
[ "$each" -lt 280 ] || fail "each name takes $each bytes"
# What is in use lies behind all that is not.
exec 9<"$AT/later/file"
echo 2 >/proc/sys/vm/drop_caches
wait_for 10 little
exec 9<&-
expect "files, once more" "$files" "$(find "$AT/t" -type f | wc -l)"
varve umount "$AT"
wait_for 10 gone
