# SPDX-License-Identifier: Apache-2.0
# Bodies that follow an instruction: <<NAME.
. "$RULES_LIB"

H01_where_heredocs_are_allowed() {
	cat >Dockerfile <<'END'
FROM base AS parent
ONBUILD RUN <<E
echo run >/o-run
E
ONBUILD COPY <<E /o-copy
copy
E
ONBUILD ADD <<E /o-add
add
E
FROM parent
RUN <<E
echo run >/run
E
COPY <<E /copy
copy
E
ADD <<E /add
add
E
END
	made
	for file in run o-run copy o-copy add o-add; do
		holds $file ${file#o-}
	done
	# Elsewhere it is text, and the line below an instruction.
	dockerfile 'FROM scratch' 'CMD cat <<E' 'LABEL a=b'
	imaged
	expect "text" '["/bin/sh","-c","cat <<E"]' "$(config .config.Cmd)"
	dockerfile 'FROM scratch' 'LABEL a=<<E' 'CMD x'
	imaged
	expect "label" '{"a":"<<E"}' "$(config .config.Labels)"
	# In JSON it is a word.
	echo file >'<<E'
	dockerfile 'FROM base' 'COPY ["<<E", "/x"]' 'RUN ["sh", "-c", "cat /x >/y", "<<E"]'
	made
	holds x file
	holds y file
}

H02_what_a_heredoc_is() {
	cat >Dockerfile <<'END'
FROM base
RUN <<End-of-Script
echo 1 >/1
End-of-Script
RUN <<-E.x/y:z
	echo 2 >/2
	E.x/y:z
RUN 3<<E cat <&3 >/3
3
E
RUN cat 0<<E >/4
4
E
RUN cat << E >/5
5
E
COPY <<a-b.c /10
10
a-b.c
END
	made
	for file in 1 2 3 4 5 10; do
		holds $file $file
	done
	# What has one sign more, which only some shells know, and part of a word are none.
	dockerfile 'FROM base' 'SHELL ["/bin/echo"]' 'RUN cat <<<E' 'RUN x'
	build .
	grep -q '^#[0-9]* [0-9.]* cat <<<E$' "$LOG" || fail "$(cat "$LOG")"
	dockerfile 'FROM base' 'RUN echo a"<<E" >/a' 'RUN touch /b'
	made
	holds a 'a<<E'
	[ -e "$OUT/b" ] || fail "the next line was taken for a body"
}

H03_a_quoted_name_keeps_variables() {
	cat >Dockerfile <<'END'
FROM base
ARG v=value
COPY <<E /plain
$v ${v}
E
COPY <<"E" /double
$v ${v}
E
COPY <<'E' /single
$v ${v}
E
COPY <<E"O"F /part
$v ${v}
EOF
ADD <<"E" /add
$v
E
RUN <<E
v=shell
echo $v >/run
E
RUN cat <<E >/run-plain
$v
E
RUN cat <<'E' >/run-quoted
$v
E
RUN v=inner sh <<'E'
echo "$v" >/run-shell
E
END
	made
	holds plain 'value value'
	for file in double single part; do
		holds $file '$v ${v}'
	done
	holds add '$v'
	holds run shell
	holds run-plain value
	holds run-quoted '$v'
	holds run-shell inner
}

H04_a_minus_strips_tabs() {
	printf 'FROM base
COPY <<-E /copy
\t\ttwo
\t one
  none
\t\tE
COPY <<E /all
\tE
\t E
E
RUN <<-E
\tcat >/run <<F
\tbody
\tF
\tE
RUN <<-E cat >/word
\t\tx\ty
\tE
' >Dockerfile
	made
	holds copy "two
 one
  none"
	printf '\tE\n\t E\n' | cmp - "$OUT/all" || fail "without a minus"
	holds run body
	printf 'x\ty\n' | cmp - "$OUT/word" || fail "a tab within"
}

H05_the_terminator_is_a_whole_line() {
	printf 'FROM scratch\nCOPY <<E /f\nE \n E\nEE\nE # x\n\tE\nE\nCOPY <<E /g\nx\nE' >Dockerfile
	made
	printf 'E \n E\nEE\nE # x\n\tE\n' | cmp - "$OUT/f" || fail "$(cat "$OUT/f")"
	holds g x
	for instruction in 'COPY <<E /f' 'RUN <<E' 'ADD <<-E /f' 'ONBUILD RUN <<E'; do
		dockerfile 'FROM scratch' "$instruction" 'E ' 'x'
		refused 'unterminated heredoc'
	done
}

H06_several_are_read_in_order() {
	cat >Dockerfile <<'END'
FROM base
COPY <<a <<"b" c /dir/
of a
a
of b $x
b
RUN cat <<A >/first && cat <<-B >/second
1
A
	2
	B
RUN 3<<A 4<<B cat /dev/fd/3 /dev/fd/4 >/both
one
A
two
B
END
	echo of c >c
	made
	holds dir/a "of a"
	holds dir/b 'of b $x'
	holds dir/c "of c"
	holds first 1
	holds second 2
	holds both "one
two"
}

H07_a_body_alone_is_a_script() {
	cat >Dockerfile <<'END'
FROM base
RUN <<E
false
echo "$0" >/zero
v=1
echo $v >/one
if true; then
  echo two \
    lines >/two
fi
E
SHELL ["/bin/sh", "-ec"]
RUN <<E
echo strict >/strict
E
END
	made
	holds one 1
	holds two "two lines"
	holds strict strict
	dockerfile 'FROM base' 'RUN <<E' 'true' 'exit 3' 'E'
	refused 'exit code: 3'
	dockerfile 'FROM base' 'SHELL ["/bin/sh", "-ec"]' 'RUN <<E' 'false' 'true' 'E'
	refused 'exit code: 1'
	# It is one argument.
	dockerfile 'FROM base' 'SHELL ["/bin/busybox", "printf", "%s|"]' 'RUN <<E' 'a b' 'c' 'E'
	build --progress plain .
	grep -q '^#[0-9]* [0-9.]* a b$' "$LOG" && grep -q '^#[0-9]* [0-9.]* c' "$LOG" && said '|' ||
		fail "$(cat "$LOG")"
}

H08_a_body_may_name_its_interpreter() {
	cat >Dockerfile <<'END'
FROM base
RUN <<E
#!/bin/cat
word of a script
E
RUN <<-Name
	#!/bin/sh
	echo "$0" >/name
	stat -c %a "$0" >/mode
	echo x 2>/dev/null >>"$0" || echo refused >/written
	Name
RUN test ! -e /dev/pipes
END
	made
	grep -q '^#[0-9]* [0-9.]* word of a script$' "$LOG" || fail "$(cat "$LOG")"
	holds name /dev/pipes/Name
	holds mode 755
	holds written refused
	lacks dev/pipes
}

H09_a_body_with_a_command_is_the_shells() {
	cat >Dockerfile <<'END'
FROM base
RUN <<E sh
echo of sh >/sh
E
RUN cat <<A >/x && cat <<B >/y
of A
A
of B
B
RUN cat <<E | tr a-z A-Z >/piped
loud
E
RUN cat <<E >/after && touch /touched
x
E
SHELL ["/bin/sh", "-x", "-c"]
RUN cat <<E >/z
of z
E
END
	made
	holds sh "of sh"
	holds x "of A"
	holds y "of B"
	holds piped LOUD
	holds after x
	holds touched ''
	holds z "of z"
	said "+ cat"
	dockerfile 'FROM base' 'RUN cat <<E && exit 4' 'x' 'E'
	refused 'exit code: 4'
}

H10_a_body_may_have_heredocs() {
	cat >Dockerfile <<'END'
FROM base
RUN <<End-of-Script
  cat >/inner <<"EOF"
$kept
COPY no instruction
EOF
  cat <<A >/other
End
A
End-of-Script
COPY <<E /copied
cat <<F
F
E
END
	made
	holds inner '$kept
COPY no instruction'
	holds other End
	holds copied "cat <<F
F"
}

H11_copied_heredocs_are_files() {
	cat >Dockerfile <<'END'
FROM base
COPY <<alternates a/b/file
text
alternates
COPY <<name /dir/
text
name
COPY --chmod=750 --chown=3:4 <<E /owned
E
ADD --chmod=u=rw,go= <<E /added/
E
WORKDIR /work
COPY <<E relative
here
E
COPY <<E .
there
E
RUN stat -c '%n %a %u:%g' /a /a/b /a/b/file /dir/name /owned /added/E >/facts
END
	made
	holds a/b/file text
	holds dir/name text
	holds work/relative here
	holds work/E there
	holds facts "/a 755 0:0
/a/b 755 0:0
/a/b/file 644 0:0
/dir/name 644 0:0
/owned 750 3:4
/added/E 600 0:0"
	dockerfile 'FROM scratch' 'COPY a <<E' 'E'
	refused 'COPY cannot accept a heredoc as a destination'
	dockerfile 'FROM scratch' 'ADD a <<E' 'E'
	refused 'ADD cannot accept a heredoc as a destination'
	# With a blank behind the signs it is none.
	dockerfile 'FROM scratch' 'COPY << E /x' 'E'
	status=0
	varve build . >"$LOG" 2>&1 || status=$?
	expect "status" 1 $status
}

H12_what_is_expanded_in_a_copied_body() {
	cat >Dockerfile <<'END'
FROM scratch
ARG a=arg
ENV e=env
COPY <<E /f
"$a" '$e' ${a:-x} ${none:-none}$none
\$host \\ \" \' \n
  proxy_pass http://$e:80/$a;
"open
E
COPY --chmod=644 <<-E /g
	$a
	E
END
	made
	holds f "\"arg\" 'env' arg none
\$host \\ \" ' n
  proxy_pass http://env:80/arg;
\"open"
	holds g arg
	dockerfile 'FROM scratch' 'COPY <<E /f' '${open' 'E'
	refused 'f'
}

H13_a_copied_body_is_its_key() {
	write() {
		printf 'FROM base\n%sCOPY <<%s /dir/\n%s\n%s\n' "$1" "$2" "$3" "$2" >Dockerfile
		build .
		step 'COPY <<'
	}
	expect "first" DONE "$(write '' name text)"
	expect "again" CACHED "$(write '' name text)"
	expect "with other lines around it" CACHED "$(write '# comment
' name text)"
	expect "other content" DONE "$(write '' name other)"
	expect "another name" DONE "$(write '' other text)"
	printf 'FROM base\nARG v\nCOPY <<E /f\n$v\nE\n' >Dockerfile
	build --build-arg v=1 .
	build --build-arg v=2 .
	expect "another value" DONE "$(step 'COPY <<')"
	build --build-arg v=1 .
	expect "the value before" CACHED "$(step 'COPY <<')"
}

run_rules
