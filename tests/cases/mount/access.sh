# SPDX-License-Identifier: Apache-2.0
# What access(2) answers in a mount: git, test(1) and shells believe it.
. "$CASE_LIB"
. "$BUILD_LIB"
echo x >"$ROOT/plain"
printf '#!/bin/sh\necho ran\n' >"$ROOT/script"
chmod 600 "$ROOT/plain"
chmod 755 "$ROOT/script"
make_base

# look PATH: what may be done with it
look() {
	for look_how in r w x; do
		if test "-$look_how" "$AT/$1"; then printf '%s' $look_how; else printf -; fi
	done
}

for options in '' --rw; do
	write=-
	[ -z "$options" ] || write=w
	# shellcheck disable=SC2086
	varve mount $options base "$AT"
	expect "a file" "r$write-" "$(look plain)"
	expect "a program" "r${write}x" "$(look script)"
	expect "a directory" "r${write}x" "$(look etc)"
	expect "what the program says" ran "$("$AT/script")"
	expect "a name that is missing" "---" "$(look missing)"
	if [ "$options" ]; then
		: >"$AT/new"
		expect "a new file" rw- "$(look new)"
		chmod +x "$AT/new"
		expect "a program of a new file" rwx "$(look new)"
		chmod -x "$AT/new"
		expect "a file again" rw- "$(look new)"
	fi
	varve umount "$AT"
done
