#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install.sh SOURCE BUILD VARVE: fail when what `meson install` brings is not what it should be: each
# file in its place with its mode, the link leading to the program, each page known by its name.
set -eu
source=$1
build=$2
varve=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/varve-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0

umask 022
DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
prefix=$(find "$work/root" -type d -name bin)
prefix=${prefix%/bin}

# "-rw-r--r-- share/doc/varve/LICENSE"
(cd "$prefix" && find . ! -type d -printf '%M %P\n') | sort >"$work/got"
{
	echo '-rwxr-xr-x bin/varve'
	echo 'lrwxrwxrwx sbin/mount.fuse.varve'
	{
		printf 'doc/varve/%s\n' CHANGELOG.md LICENSE README.md builder/README.md fs/README.md
		printf '%s\n' bash-completion/completions/varve zsh/site-functions/_varve \
			fish/vendor_completions.d/varve.fish
		if command -v scdoc >/dev/null; then
			(cd "$source/tools/man" && ls ./*.scd) |
				sed -E 's,^\./(.*)\.(.)\.scd$,man/man\2/\1.\2,'
		fi
	} | sed 's,^,-rw-r--r-- share/,'
} | sort >"$work/wanted"
diff -u --label wanted "$work/wanted" --label installed "$work/got" || bad=1
[ "$(readlink -f "$prefix/sbin/mount.fuse.varve")" = "$(readlink -f "$prefix/bin/varve")" ] ||
	{ echo "mount.fuse.varve leads elsewhere"; bad=1; }
[ "$("$prefix/bin/varve" --version)" = "$("$varve" --version)" ] ||
	{ echo "what is installed is another program"; bad=1; }

# What whatis(1) and apropos(1) will find.
if command -v lexgrog >/dev/null; then
	for page in "$prefix"/share/man/man?/*; do
		[ -f "$page" ] || continue
		name=$(basename "$page")
		lexgrog "$page" | grep -qF ": \"${name%.?} - " || { echo "$name: without a line for whatis"; bad=1; }
	done
fi
exit $bad
