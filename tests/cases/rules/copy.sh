# SPDX-License-Identifier: Apache-2.0
# COPY and ADD.
. "$RULES_LIB"
. "$SITE_LIB"

K01_sources_are_below_the_root() {
	mkdir -p d/e
	echo 1 >a1.txt
	echo 2 >a2.txt
	echo 3 >d/b.txt
	echo 4 >d/e/c.txt
	echo star >'[x]'
	echo outside >../outside
	cat >Dockerfile <<'END'
FROM scratch
COPY /a1.txt ../../a2.txt /roots/
COPY a?.txt /question/
COPY *.txt d/*.t[xyz]t /star/
COPY d/*/c.txt /middle/
COPY nothing*.txt no/such/d?r/x /empty/
COPY a[^1].txt a[!0-1].txt /classes/
COPY [[]x] /bracket
END
	made
	holds roots/a1.txt 1
	holds roots/a2.txt 2
	holds question/a2.txt 2
	holds star/b.txt 3
	holds star/a1.txt 1
	lacks star/c.txt
	holds middle/c.txt 4
	lacks empty/x
	holds classes/a1.txt 1
	holds classes/a2.txt 2
	holds bracket star
	dockerfile 'FROM scratch' 'COPY ../outside /'
	refused '"/outside": not found'
	dockerfile 'FROM scratch' 'COPY missing.txt /'
	refused 'failed to calculate checksum of '
	said '"/missing.txt": not found'
	said Dockerfile:2
	dockerfile 'FROM scratch' 'COPY a1.txt d/missing /x/'
	refused '"/d/missing": not found'
	# Two stars are but one.
	dockerfile 'FROM scratch' 'COPY **/c.txt /x/'
	made
	lacks x/c.txt
	dockerfile 'FROM scratch' 'COPY [a /x/'
	status=0
	varve build . >"$LOG" 2>&1 || status=$?
	expect "status of a bad pattern" 1 $status
}

K02_destinations() {
	mkdir d
	echo x >x
	echo y >y
	chmod 600 x y
	cat >Dockerfile <<'END'
FROM base
COPY x renamed
COPY x dir/
COPY x y several
COPY x /deep/er/file
COPY --chown=3:4 x /own/er/file
COPY --chown=3:4 --chmod=750 x /mode/er/
COPY --chmod=u=rwx,go= x /symbolic/er/
WORKDIR builds/a
COPY x .git
COPY x ../../up/
COPY x .
COPY x /deep
RUN stat -c '%n %a %u:%g' /deep /deep/er /deep/er/file /own /own/er /own/er/file /mode \
	/mode/er /mode/er/x /symbolic /symbolic/er /symbolic/er/x >/facts
END
	made
	holds renamed x
	holds dir/x x
	holds several/x x
	holds several/y y
	holds builds/a/.git x
	holds up/x x
	holds builds/a/x x
	holds deep/x x
	holds facts "/deep 755 0:0
/deep/er 755 0:0
/deep/er/file 600 0:0
/own 755 3:4
/own/er 755 3:4
/own/er/file 600 3:4
/mode 750 3:4
/mode/er 750 3:4
/mode/er/x 750 3:4
/symbolic 755 0:0
/symbolic/er 755 0:0
/symbolic/er/x 700 0:0"
	dockerfile 'FROM scratch' 'COPY x /x' 'COPY y /x/'
	refused x
}

K03_directories_and_symlinks() {
	mkdir -p d/sub new
	echo 1 >d/1
	echo 2 >d/sub/2
	chmod 750 d/sub
	ln -s 1 d/link
	ln -s nowhere d/broken
	ln -s d to-d
	ln -s d/1 to-file
	ln -s ../../.. new/out
	echo new >new/1
	cat >Dockerfile <<'END'
FROM base
COPY d /flat/
COPY d /made
COPY new/1 /flat/
COPY to-d /through/
COPY to-d/1 /file-through
COPY to-file /file
COPY to-* /several/
RUN mkdir -p /real && ln -s /real /soft && ln -s /real/target /soft-file && echo old >/real/target
COPY d /soft
COPY d/1 /soft/named
COPY d/1 /soft-file
COPY --link d/1 /soft/linked
RUN stat -c '%n %a' /flat/sub >/facts
END
	made
	holds flat/1 new
	holds flat/sub/2 2
	expect "a symlink in it" 1 "$(readlink "$OUT/flat/link")"
	expect "one that leads nowhere" nowhere "$(readlink "$OUT/flat/broken")"
	lacks flat/d
	holds made/1 1
	holds through/1 1
	holds file-through 1
	holds file 1
	holds facts "/flat/sub 750"
	holds real/1 1
	holds real/named 1
	holds real/target 1
	lacks real/linked
	holds soft/linked 1
	dockerfile 'FROM base' 'COPY d /x/1' 'COPY new /x'
	refused "cannot replace to directory '1' with file"
	dockerfile 'FROM base' 'COPY <<E /x' 'E' 'COPY d /x'
	refused 'cannot copy to non-directory: /x'
	# What leads out of the context leads to its top.
	ln -s ../../../etc/hostname escape
	dockerfile 'FROM scratch' 'COPY escape /x'
	refused '"/escape": not found'
	mkdir etc
	echo inner >etc/hostname
	made
	holds x inner
}

K04_owners() {
	echo x >x
	cat >Dockerfile <<'END'
FROM base AS files
COPY <<E /etc/passwd
root:x:0:0::/:/bin/sh
one:x:11:12::/:/bin/sh
E
COPY <<E /etc/group
root:x:0:
group:x:13:
E
COPY --chown=21:22 x /theirs
FROM files
ARG who=one
COPY x /context
COPY --from=files /theirs /stage
COPY --chown=one x /name
COPY --chown=11 x /id
COPY --chown=one:group x /both
COPY --chown=5:group x /mixed
COPY --chown=$who:7 x /variable
COPY --from=files --chown=8:9 /theirs /other
COPY --link --chown=one:group x /link
ADD --chown=one x /add
RUN stat -c '%n %u:%g' /context /stage /name /id /both /mixed /variable /other /link /add >/facts
END
	made
	holds facts "/context 0:0
/stage 21:22
/name 11:12
/id 11:11
/both 11:13
/mixed 5:13
/variable 11:7
/other 8:9
/link 11:13
/add 11:12"
	dockerfile 'FROM base' 'COPY --chown=nobody-here x /x'
	refused 'nobody-here'
	dockerfile 'FROM base' 'COPY --chown=0:nobody-here x /x'
	refused 'nobody-here'
	dockerfile 'FROM scratch' 'COPY --chown=name x /x'
	refused 'name'
	dockerfile 'FROM scratch' 'COPY --chown=3:4 x /x'
	made
}

K05_modes() {
	mkdir -p d/e
	echo x >d/x
	echo y >d/run
	chmod 640 d/x
	chmod 750 d/run d/e
	cat >Dockerfile <<'END'
FROM base
ARG m=751
COPY --chmod=4711 d /octal/
COPY --chmod=$m d/x /variable
COPY --chmod=u=rwX,go=rX d /symbolic/
COPY --chmod=go-rwx,u+x d/x /other
COPY --chmod=0 d/x /none
ADD --chmod=07777 d/x /most
RUN cd / && stat -c '%n %a' octal octal/x octal/e variable symbolic/x symbolic/run symbolic/e \
	other none most >/facts
END
	made
	holds facts "octal 4711
octal/x 4711
octal/e 4711
variable 751
symbolic/x 644
symbolic/run 755
symbolic/e 755
other 700
none 0
most 7777"
	for wrong in 10000 8 -1 0x7; do
		dockerfile 'FROM scratch' "COPY --chmod=$wrong d /x"
		refused "invalid chmod parameter: '$wrong'. it should be octal string and between 0 and 07777"
	done
	for wrong in rwx u=z z+r u; do
		dockerfile 'FROM scratch' "COPY --chmod=$wrong d /x"
		refused "$wrong"
	done
}

K06_link() {
	echo x >x
	write() {
		cat >Dockerfile <<END
FROM base
RUN echo $1 && mkdir /real && ln -s /real /soft
COPY $2 x /soft/file
COPY $2 x /plain
END
	}
	write 1 --link
	made
	holds soft/file x
	lacks real/file
	[ ! -L "$OUT/soft" ] || fail "the symlink was followed"
	holds plain x
	write 1 --link=true
	made
	lacks real/file
	write 1 --link=false
	made
	holds real/file x
	# With a mode it is a copy like others.
	write 1 '--link --chmod=600'
	made
	holds real/file x
	# It does not depend on what is below.
	write 1 --link
	build .
	write 2 --link
	build .
	expect "with another base" CACHED "$(step 'COPY --link x /plain')"
}

K07_parents() {
	mkdir -p a/b/c a/d/c
	echo 1 >a/b/c/1
	echo 2 >a/d/c/2
	echo 3 >top
	cat >Dockerfile <<'END'
FROM scratch
COPY --parents a/b/c/1 top /full/
COPY --parents ./a/./b/c /pivot/
COPY --parents a/*/c /star/
COPY --parents **/2 /any/
COPY --parents a/./**/1 /any-pivot/
COPY --parents no/such* /none/
COPY a/b/./c /plain/
END
	made
	holds full/a/b/c/1 1
	holds full/top 3
	holds pivot/b/c/1 1
	lacks pivot/a
	holds star/a/b/c/1 1
	holds star/a/d/c/2 2
	holds any/a/d/c/2 2
	lacks any/a/b/c/1
	holds any-pivot/b/c/1 1
	holds plain/1 1
	dockerfile 'FROM scratch' 'COPY --parents a/missing /x/'
	refused '/a/missing": not found'
	dockerfile 'FROM scratch' 'ADD --parents top /x/'
	refused 'unknown flag: --parents'
}

K08_exclude() {
	mkdir -p d/e/f
	for file in d/a.txt d/b.md d/e/c.txt d/e/f/d.txt d/e/keep.txt d/odd; do echo x >$file; done
	# list FLAGS: the files that came
	list() {
		printf 'FROM scratch\nCOPY %s d /x/\nCOPY d/odd /x/\n' "$1" >Dockerfile
		made
		(cd "$OUT/x" && find . -type f ! -name odd | sed 's/^..//' | LC_ALL=C sort | tr '\n' ' ')
	}
	expect "a name" "b.md e/c.txt e/f/d.txt e/keep.txt " "$(list --exclude=a.txt)"
	expect "a star" "b.md e/c.txt e/f/d.txt e/keep.txt " "$(list '--exclude=*.txt')"
	expect "two stars" "b.md " "$(list '--exclude=**/*.txt')"
	expect "a directory" "a.txt b.md " "$(list --exclude=e)"
	expect "several" "e/c.txt e/f/d.txt e/keep.txt " "$(list '--exclude=*.txt --exclude=*.md')"
	expect "all but one" "e/keep.txt " \
		"$(list '--exclude=* --exclude=**/* --exclude=!e/keep.txt')"
	dockerfile 'FROM scratch AS s' 'COPY d /d' 'FROM scratch' 'COPY --from=s --exclude=e /d /x/' \
		'ADD --exclude=**/*.txt d /y/'
	made
	[ -e "$OUT/x/a.txt" ] && [ -e "$OUT/y/b.md" ] || fail "too much is left out"
	lacks x/e/c.txt
	lacks y/a.txt
}

K09_from() {
	cat >Dockerfile <<'END'
FROM scratch AS Stage
COPY <<E /x
stage
E
FROM scratch
COPY --from=stage /x /name
COPY --from=STAGE x /case
COPY --from=0 /x /index
COPY --from=base /bin/busybox /image
COPY --from=named /x /context
END
	mkdir ../named
	echo named >../named/x
	made --build-context named=../named
	holds name stage
	holds case stage
	holds index stage
	cmp /bin/busybox "$OUT/image" || fail "it is another file"
	holds context named
	made --build-context named=../named --build-context stage=../named
	holds name named
	dockerfile 'FROM scratch' 'COPY --from=nosuch:tag /x /'
	refused nosuch:tag
	dockerfile 'FROM scratch' 'COPY --from=7 /x /'
	refused '7'
	dockerfile 'FROM scratch' 'COPY --from=base /no/such /'
	refused '"/no/such": not found'
	dockerfile 'FROM scratch' 'COPY --from= /x /'
	status=0
	varve build . >"$LOG" 2>&1 || status=$?
	expect "status" 1 $status
}

K10_archives_are_unpacked() {
	mkdir -p in/sub
	echo word >in/sub/word
	echo plain >plain.tar
	for how in cf:a.tar czf:b.data cjf:c.tbz2 cJf:d.txz; do
		tar -C in -${how%:*} "${how#*:}" sub
	done
	tar -C in -cf - sub | zstd -q >e.zst
	cat >Dockerfile <<'END'
FROM base
ADD a.tar /a/
ADD b.data /b/
ADD c.tbz2 /c
ADD d.txz /d/
ADD e.zst /e/
ADD a.tar plain.tar /several/
ADD --unpack=false a.tar /kept/
ADD --unpack=true a.tar /forced/
COPY a.tar /copied/
ADD plain.tar /plain/
ADD --chown=3:4 a.tar /owned/
RUN stat -c '%u:%g' /owned/sub/word >/facts
END
	made
	for dir in a b c d e several forced owned; do
		holds $dir/sub/word word
	done
	holds several/plain.tar plain
	holds plain/plain.tar plain
	cmp a.tar "$OUT/kept/a.tar" || fail "--unpack=false"
	cmp a.tar "$OUT/copied/a.tar" || fail "COPY"
	lacks kept/sub
	holds facts 3:4
}

K11_add_of_urls() {
	start_site
	echo tiny >"$SITE/tiny"
	mkdir sub
	tar -cf "$SITE/it.tar" sub
	cat >Dockerfile <<END
FROM base
ADD $URL/tiny?query=1 /in/
ADD $URL/tiny /as
ADD --chmod=644 --chown=1:2 $URL/tiny /changed
ADD $URL/it.tar /kept/
ADD --unpack=true $URL/it.tar /open/
RUN stat -c '%n %a %u:%g %Y' /in/tiny /as /changed >/facts
END
	made
	holds in/tiny tiny
	holds facts "/in/tiny 600 0:0 1420070400
/as 600 0:0 1420070400
/changed 644 1:2 1420070400"
	cmp "$SITE/it.tar" "$OUT/kept/it.tar" || fail "it was unpacked"
	[ -d "$OUT/open/sub" ] || fail "it was not unpacked"
	: >"$TEST_TMP/asked"
	build .
	expect "steps" 0 "$(count DONE)"
	[ "$(asked '" 304')" -ge 2 ] && [ "$(asked '" 200')" = 0 ] || fail "$(cat "$TEST_TMP/asked")"
	echo other >"$SITE/tiny"
	made
	holds as other
	digest=$(sha256sum <"$SITE/tiny" | cut -d ' ' -f 1)
	dockerfile 'FROM scratch' "ADD --checksum=sha256:$digest $URL/tiny /x"
	: >"$TEST_TMP/asked"
	made
	holds x other
	expect "questions" 0 "$(asked GET)"
	dockerfile 'FROM scratch' "ADD --checksum=sha256:$digest $URL/it.tar /x"
	refused 'digest mismatch'
	dockerfile 'FROM scratch' "ADD --checksum=sha256:$digest $URL/tiny $URL/it.tar /x/"
	refused "checksum can't be specified for multiple sources"
	echo x >x
	dockerfile 'FROM scratch' "ADD --checksum=sha256:$digest x /x"
	refused 'checksum requires HTTP(S) or Git sources'
	dockerfile 'FROM scratch' "ADD --checksum=sha256:12 $URL/tiny /x"
	refused 'invalid checksum digest length'
	dockerfile 'FROM scratch' "ADD $URL/missing /x"
	refused "invalid response status 404"
	echo hidden >"$SITE/private/file"
	dockerfile 'FROM scratch' "ADD $URL/private/file /x"
	refused "invalid response status 401"
	host=${URL#http://}
	(export TOKEN=letmein && made --secret "id=HTTP_AUTH_TOKEN_$host,env=TOKEN")
	holds x hidden
	# Another file, as the first is known now.
	echo hidden >"$SITE/private/other"
	dockerfile 'FROM scratch' "ADD $URL/private/other /x"
	(export HEADER='Bearer letmein' && made --secret "id=HTTP_AUTH_HEADER_$host,env=HEADER")
	holds x hidden
}

K12_add_of_repositories() {
	start_site
	repo=$RULE_DIR/repos/app.git
	git init -q "$repo"
	git init -q "$RULE_DIR/repos/part.git"
	echo part >"$RULE_DIR/repos/part.git/part"
	git -C "$RULE_DIR/repos/part.git" add part
	git -C "$RULE_DIR/repos/part.git" commit -qm part
	start_git "$RULE_DIR/repos" part.git
	mkdir "$repo/dir"
	echo first >"$repo/word"
	echo below >"$repo/dir/word"
	git -C "$repo" add -A
	git -C "$repo" commit -qm first
	git -C "$repo" tag v1
	first=$(git -C "$repo" rev-parse HEAD)
	git -C "$repo" checkout -qb next
	echo second >"$repo/word"
	git -C "$repo" submodule --quiet add "$GIT/part.git" sub >/dev/null 2>&1
	git -C "$repo" add -A
	git -C "$repo" commit -qm second
	git -C "$repo" checkout -q --recurse-submodules main 2>/dev/null || git -C "$repo" checkout -qf main
	cat >Dockerfile <<END
FROM scratch
ADD $GIT/app.git /main/
ADD $GIT/app.git#next /next/
ADD $GIT/app.git#v1:dir /dir/
ADD $GIT/app.git?branch=next&subdir=dir /query/
ADD $GIT/app.git?tag=v1&commit=$first /checked/
ADD --checksum=$first $GIT/app.git#v1 /flag/
ADD $GIT/app.git?branch=next&submodules=false /without/
ADD --keep-git-dir=true $GIT/app.git /kept/
ADD $GIT/app.git?keep-git-dir=true /kept-query/
ADD --chown=3:4 $GIT/app.git /owned/
END
	made
	holds main/word first
	lacks main/.git
	holds next/word second
	holds next/sub/part part
	holds dir/word below
	lacks dir/dir
	holds query/word below
	holds checked/word first
	holds flag/word first
	lacks without/sub/part
	[ -e "$OUT/kept/.git/HEAD" ] && [ -e "$OUT/kept-query/.git/HEAD" ] || fail "no .git"
	build .
	expect "steps" 0 "$(count DONE)"
	# The commit counts, not the name.
	dockerfile 'FROM scratch' "ADD $GIT/app.git#main /main/"
	build .
	expect "by another name" 0 "$(count DONE)"
	dockerfile 'FROM scratch' "ADD --checksum=$first $GIT/app.git#next /x"
	refused "expected checksum to match $first"
	dockerfile 'FROM scratch' "ADD $GIT/app.git#nosuch /x"
	refused nosuch
	dockerfile 'FROM scratch' "ADD $GIT/app.git?nosuch=1 /x"
	refused nosuch
	dockerfile 'FROM scratch' "ADD --keep-git-dir=false $GIT/app.git?keep-git-dir=true /x"
	refused 'inconsistent keep-git-dir configuration'
	dockerfile 'FROM scratch' "ADD --checksum=$first $GIT/app.git?commit=abcdef12 /x"
	refused "checksum mismatch \"$first\" != \"abcdef12\""
}

K13_what_the_key_of_copy_holds() {
	mkdir d
	echo 1 >d/1
	echo 2 >d/2
	ln -s 1 d/link
	dockerfile 'FROM scratch' 'COPY d /x/'
	# again WHAT WANTED
	again() {
		build .
		expect "$1" "$2" "$(step 'COPY d')"
	}
	again first DONE
	again nothing CACHED
	touch -d 2001-01-01 d/1 d
	again "another time" CACHED
	chmod 600 d/1
	again "another mode" DONE
	mv d/2 d/3
	again "another name" DONE
	echo 4 >d/3
	again "other content of that size" DONE
	ln -sfn 3 d/link
	again "another target" DONE
	rm d/link
	echo 1 >d/link
	again "another type" DONE
	if setfattr -n user.x -v y d/1 2>/dev/null; then
		again "another attribute" DONE
	fi
	mv d other
	dockerfile 'FROM scratch' 'COPY other /x/'
	build .
	expect "from another directory" CACHED "$(step 'COPY other')"
	dockerfile 'FROM scratch' 'COPY --chmod=600 other /x/'
	build .
	expect "with a mode" DONE "$(step 'COPY --chmod')"
	dockerfile 'FROM scratch' 'COPY other /y/'
	build .
	expect "to elsewhere" DONE "$(step 'COPY other')"
}

K14_times_are_kept() {
	mkdir d
	echo x >d/x
	touch -d '2001-02-03 04:05:06 UTC' d/x d
	dockerfile 'FROM scratch AS s' 'COPY d /d' 'FROM base' 'COPY d/x /x' 'COPY d /d' \
		'COPY --from=s /d/x /y' 'COPY --chmod=600 d/x /z' 'RUN stat -c %Y /x /d /d/x /y /z >/facts'
	made
	time=$(date -d '2001-02-03 04:05:06 UTC' +%s)
	holds facts "$time
$time
$time
$time
$time"
}

K15_hard_links_are_kept() {
	mkdir d
	echo x >d/1
	ln d/1 d/2
	mkdir d/sub
	ln d/1 d/sub/3
	dockerfile 'FROM base AS s' 'RUN mkdir /l && echo y >/l/1 && ln /l/1 /l/2' 'FROM base' 'COPY d /d' \
		'COPY --from=s /l /l' 'RUN stat -c %h /d/1 /d/sub/3 /l/2 >/facts; echo z >>/l/1; cat /l/2 >>/facts'
	made
	holds facts "3
3
2
y
z"
}

K16_special_files() {
	mkdir d
	mkfifo d/fifo
	echo x >d/x
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("d/socket")'
	dockerfile 'FROM base' 'COPY d /d' 'RUN stat -c "%n %F" /d/* >/facts'
	made
	holds facts "/d/fifo fifo
/d/socket socket
/d/x regular file"
	build --output "type=oci,dest=$RULE_DIR/archive" .
	[ "$(id -u)" = 0 ] || return 0
	mknod d/null c 1 3
	dockerfile 'FROM base' 'COPY d /d' 'RUN stat -c "%F %t,%T" /d/null >/facts'
	made
	holds facts "character special file 1,3"
}

# There is one version, with all of them, whatever "# syntax=" asks for.
K17_all_flags_are_there() {
	mkdir d
	echo x >d/x
	for version in '' docker/dockerfile:1.0 docker/dockerfile:1.2 docker/dockerfile:1-labs; do
		dockerfile ${version:+"# syntax=$version"} 'FROM base' \
			'ADD --keep-git-dir=false --unpack=false --chmod=600 --link --exclude=y d/x /a' \
			'COPY --parents --exclude=y --chmod=600 --link d/x /b/' \
			'RUN --mount=target=/c --network=none --security=sandbox cat /c/d/x'
		build .
	done
}

run_rules
