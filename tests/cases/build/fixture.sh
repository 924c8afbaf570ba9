# SPDX-License-Identifier: Apache-2.0
# Makes what builds of real software begin with, once for all who test with it: a root filesystem of
# Debian and the source of a C program, from the mirror that this host installs from.
. "$CASE_LIB"

[ "$(id -u)" = 0 ] || skip "only root can make a root filesystem with debootstrap"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(REPO_URI)' |
	sed -n 's/^Packages //p' | grep -v security | head -n 1)
[ -n "$mirror" ] || skip "apt has no mirror here"
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mkdir -p "$FIXTURE"
chmod 755 "$FIXTURE"

if [ ! -f "$FIXTURE/debian.tar" ]; then
	debootstrap --variant=minbase "$release" "$TEST_TMP/debian" "$mirror" >"$TEST_TMP/log" 2>&1 ||
		fail "debootstrap: $(tail -n 5 "$TEST_TMP/log")"
	tar -C "$TEST_TMP/debian" --numeric-owner --xattrs --one-file-system \
		-cf "$FIXTURE/debian.tar.new" .
	chmod 644 "$FIXTURE/debian.tar.new"
	mv "$FIXTURE/debian.tar.new" "$FIXTURE/debian.tar"
fi

if [ ! -d "$FIXTURE/lua" ]; then
	mkdir -p "$TEST_TMP/apt/lists/partial" "$TEST_TMP/source"
	echo "deb-src $mirror $release main" >"$TEST_TMP/apt/sources.list"
	apt() {
		apt-get -q -o Dir::Etc::SourceList="$TEST_TMP/apt/sources.list" \
			-o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$TEST_TMP/apt/lists" \
			-o APT::Sandbox::User=root "$@" >>"$TEST_TMP/log" 2>&1
	}
	apt update || fail "apt-get update: $(tail -n 5 "$TEST_TMP/log")"
	(cd "$TEST_TMP/source" && apt source --download-only lua5.4) ||
		fail "apt-get source: $(tail -n 5 "$TEST_TMP/log")"
	mkdir -p "$FIXTURE/lua.new"
	tar -C "$FIXTURE/lua.new" --strip-components=1 --no-same-owner \
		-xf "$TEST_TMP"/source/lua5.4_*.orig.tar.*
	chmod -R a+rX "$FIXTURE/lua.new"
	mv "$FIXTURE/lua.new" "$FIXTURE/lua"
fi
