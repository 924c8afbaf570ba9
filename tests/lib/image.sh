# SPDX-License-Identifier: Apache-2.0
# Sourced by the cases about images, behind check.sh: trees of files, and what is in them.
# shellcheck shell=sh

STORE=$TEST_TMP/store

# image OPTIONS… -- VERB…: image-run on the case's store
image() {
	image_options=
	while [ "$1" != -- ]; do
		image_options="$image_options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086
	"$IMAGE_RUN" $image_options "$STORE" "$@"
}

# make_tree DIR: one of everything that the caller may make
make_tree() {
	mkdir -p "$1/etc" "$1/usr/bin" "$1/priv/deep/er"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	: >"$1/etc/empty"
	head -c 300000 /dev/zero | tr '\0' x >"$1/usr/large"
	head -c 100 "$1/usr/large" >"$1/usr/bin/tool"
	ln "$1/usr/bin/tool" "$1/usr/bin/tool-again"
	ln -s tool "$1/usr/bin/link"
	ln -s /nowhere/at/all "$1/etc/absolute"
	mkfifo "$1/etc/fifo"
	truncate -s 1M "$1/etc/holes"
	printf 'text' >"$1/etc/a name with blanks and é"
	setfattr -n user.note -v hello "$1/etc/passwd" 2>/dev/null || true
	chmod 4755 "$1/usr/bin/tool"
	chmod 1777 "$1/priv"
	chmod 600 "$1/etc/empty"
	touch -h -d '2001-02-03 04:05:06.123456789 UTC' "$1/usr/bin/link"
	touch -d '2001-02-03 04:05:06.5 UTC' "$1/etc/passwd"
	touch -d '1969-01-01 00:00:00 UTC' "$1/etc/empty"
	if [ "$(id -u)" = 0 ]; then
		mknod "$1/etc/null" c 1 3
		chown 1234:5678 "$1/etc/empty"
		chown 70000:3000000 "$1/priv/deep"
		setfattr -n trusted.note -v root "$1/etc/passwd" 2>/dev/null || true
	fi
	chmod 555 "$1/priv/deep/er"
	touch -d '2010-01-01 00:00:00 UTC' "$1/etc" "$1/usr/bin" "$1/usr" "$1/priv/deep/er" \
		"$1/priv/deep" "$1/priv" "$1"
}

# facts DIR: names, types, modes, times, links and contents below it, without owners
facts() {
	(
		cd "$1" || exit
		find . -mindepth 1 -printf '%P|%y|%m|%T@|%n|%l\n' | sed 's/|d|\(.*\)|[0-9]*|$/|d|\1||/' | sort
		find . -type f -print0 | sort -z | xargs -0 sha256sum
		getfattr -dhR -m '^user\.' . 2>/dev/null || true
	)
}

# owners DIR: with those, and with what only root may set
owners() {
	facts "$1"
	(cd "$1" && find . -mindepth 1 -printf '%P|%U:%G\n' | sort && getfattr -dhR -m - . 2>/dev/null)
	(cd "$1" && find . -type c -exec stat -c '%n %t:%T' {} +)
}

# same WHAT WANTED GOT: files
same() {
	cmp -s "$2" "$3" || {
		diff "$2" "$3" | head -20 >&2
		fail "$1: not the same"
	}
}

# refuse PATTERN IMAGE-ARGUMENTS…: it fails, and the words are like the pattern
refuse() {
	refuse_pattern=$1
	shift
	expect "status of '$*'" 1 "$(code image "$@")"
	expect_match "$*" "$refuse_pattern" "$(cat "$TEST_TMP/err")"
}

has() {
	command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}
