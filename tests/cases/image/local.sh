# SPDX-License-Identifier: Apache-2.0
# type=local: what it writes, what it leaves alone, and that no symlink leads it astray.
# shellcheck shell=sh disable=SC1090,SC1091,SC2153
. "$CHECK_LIB"
. "$IMAGE_LIB"
cd "$TEST_TMP" || exit

make_tree in
rm -f in/etc/null
facts in >in.facts
image -- import tree:1 in

image -- output result tree:1
facts result >out.facts
same "a new directory" in.facts out.facts
expect "owners" "$(id -u):$(id -g)" "$(find result -printf '%U:%G\n' | sort -u)"
expect "hard links" "$(stat -c %i result/usr/bin/tool)" "$(stat -c %i result/usr/bin/tool-again)"
image -- output type=local,dest=result tree:1
facts result >out.facts
same "over what is there" in.facts out.facts

# Other files stay, in directories of the state as well.
mkdir -p kept/etc/mine kept/else
echo mine | tee kept/etc/mine/file kept/else/file kept/etc/file >/dev/null
echo old >kept/etc/passwd
chmod 500 kept/etc
image -- output kept tree:1
expect "other files" "mine mine mine" "$(cat kept/etc/mine/file kept/else/file kept/etc/file | xargs)"
same "replaced files" in/etc/passwd kept/etc/passwd

# Symlinks in the way are replaced, never followed.
mkdir -p trap outside/bin
echo safe | tee outside/passwd outside/bin/tool outside/large >/dev/null
ln -s ../outside trap/etc
mkdir trap/usr
ln -s ../../outside/bin trap/usr/bin
ln -s ../../outside/large trap/usr/large
image -- output trap tree:1
expect "files outside" "safe safe safe" "$(cat outside/passwd outside/bin/tool outside/large | xargs)"
expect "nothing new outside" "3" "$(find outside -type f | wc -l)"
facts trap >trap.facts
same "instead of links" in.facts trap.facts

# A tree whose own symlink stands where it writes next.
mkdir -p evil/a second
ln -s "$TEST_TMP/outside" evil/link
image -- import evil:1 evil
image -- output second evil:1
rm evil/link
mkdir evil/link
echo bad >evil/link/passwd
image -- import evil:2 evil
image -- output second evil:2
expect "through a link of the state before" safe "$(cat outside/passwd)"
expect "the link became a directory" bad "$(cat second/link/passwd)"

# An empty directory gives way to a file; what is in another one is not deleted.
mkdir -p way/etc/passwd
image -- output way tree:1
same "an empty directory in the way" in/etc/passwd way/etc/passwd
mkdir -p full/etc/passwd/x
refuse "*cannot write 'full/etc/passwd': there is a directory with files*" -- output full tree:1
expect "it is still there" yes "$([ -d full/etc/passwd/x ] && echo yes)"
expect "no temporary files" "" "$(find full -name '.varve*')"

echo file >file
refuse "type=local: 'file' is no directory" -- output file tree:1
image --epoch 1000000000 -- output clamped tree:1
expect "no file is younger" "" "$(find clamped -mindepth 1 -newermt '@1000000000.5')"
expect "older ones stay as they are" "-31536000" "$(stat -c %Y clamped/etc/empty)"

# Devices are for root only.
if [ "$(id -u)" = 0 ]; then
	mknod in/null c 1 3
	image -- import device:1 in
	image -- output device device:1
	expect "a device" "1:3" "$(stat -c %t:%T device/null)"
else
	printf null | tar -cf null.tar --owner 0 --group 0 -C /dev null
	image -- import device:1 null.tar
	image -- output device device:1 2>warning
	expect "what is left out is told" \
		"warning: 1 device nodes were left out: only root can make them; type=tar has them" \
		"$(cat warning)"
	expect "it is left out" "" "$(ls device)"
fi
