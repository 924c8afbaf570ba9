# SPDX-License-Identifier: Apache-2.0
# How a Dockerfile is cut into instructions.
. "$RULES_LIB"

L01_a_byte_order_mark_is_stripped() {
	printf '\357\273\277FROM scratch\nCOPY <<E /f\nx\nE\n' >Dockerfile
	made
	holds f x
	# In front of a directive, too.
	printf '\357\273\277# escape=`\nFROM scratch\nLABEL a=`\nb\n' >Dockerfile
	imaged
	expect "the label" '{"a":"b"}' "$(config .config.Labels)"
}

L02_a_line_has_a_greatest_length() {
	{
		printf 'FROM scratch\nLABEL a='
		head -c 65527 /dev/zero | tr '\0' x
		echo
	} >Dockerfile
	imaged
	expect "letters of the longest" 65527 "$(config '.config.Labels.a | length')"
	{
		printf 'FROM scratch\nLABEL a='
		head -c 65528 /dev/zero | tr '\0' x
		echo
	} >Dockerfile
	refused 'dockerfile line greater than max allowed size of 65535'
	said Dockerfile:2
	# Of a joined one there is none.
	{
		printf 'FROM scratch\nLABEL'
		for i in $(seq 20); do
			printf ' a%d=' "$i"
			head -c 8018 /dev/zero | tr '\0' x
			printf ' \\\n'
		done
		echo
	} >Dockerfile
	imaged
	expect "labels" 20 "$(config '.config.Labels | length')"
}

L03_keywords_have_any_case_and_the_rest_is_raw() {
	cat >Dockerfile <<'END'
   fRoM scratch
	LaBeL a="b  c"   D='E'
cmd echo   "a   b"	'c'
  copy <<E /f
  kept
# no comment
	tab
E
END
	imaged
	made
	expect "labels" '{"D":"E","a":"b  c"}' "$(config .config.Labels)"
	expect "text" '["/bin/sh","-c","echo   \"a   b\"\t'"'c'"'"]' "$(config .config.Cmd)"
	holds f "  kept
# no comment
	tab"
	# White space in front counts where a line goes on, unless it is a comment.
	printf 'FROM scratch\nCMD a\\\n   b\\\n   # gone\n\t# gone\\\n c\n' >Dockerfile
	imaged
	expect "joined" '["/bin/sh","-c","a   b c"]' "$(config .config.Cmd)"
}

L04_comments_are_whole_lines() {
	cat >Dockerfile <<'END'
# first \
FROM scratch
   # indented
CMD a \
# between
b \
  # and indented \
c # kept
	# tab
ENV A=b#c
END
	imaged
	expect "text" '["/bin/sh","-c","a b c # kept"]' "$(config .config.Cmd)"
	config .config.Env | grep -q '"A=b#c"' || fail "$(config .config.Env)"
	dockerfile 'FROM scratch' 'LABEL a=b # c'
	refused "can't find = in \"#\". Must be of the form: name=value"
}

L05_an_escape_at_the_end_joins_lines() {
	printf 'FROM scratch\nCMD a\\\nb\\ \t \nc\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","abc"]' "$(config .config.Cmd)"
	# A line of nothing but the escape, and one with two.
	printf 'FROM scratch\nCMD a\\\n\\\nb\\\\\nLABEL x=y\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","ab\\\\"]' "$(config .config.Cmd)"
	expect "the next line" '{"x":"y"}' "$(config .config.Labels)"
}

L06_an_empty_line_within_is_skipped_with_a_warning() {
	printf 'FROM scratch\nCMD a \\\n\n  \t\nb\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","a b"]' "$(config .config.Cmd)"
	said "NoEmptyContinuation: Empty continuation line (line 5)"
}

L07_an_escape_at_the_end_of_the_file_is_accepted() {
	printf 'FROM scratch\nCMD a \\' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","a"]' "$(config .config.Cmd)"
	printf 'FROM scratch\nCMD a \\\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","a"]' "$(config .config.Cmd)"
	printf 'FROM scratch\nCMD a \\\n\n\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","a"]' "$(config .config.Cmd)"
}

L08_directives_stand_above_everything() {
	# joins DIRECTIVE…: whether the backtick is the escape below these lines
	joins() {
		printf '%s\n' "$@" >Dockerfile
		printf 'FROM scratch\nCMD a`\nLABEL x=y\n' >>Dockerfile
		imaged
		expect "joined, below $*" '["/bin/sh","-c","aLABEL x=y"]' "$(config .config.Cmd)"
	}
	joins '# escape=`'
	joins '#escape=`'
	joins '#	EsCaPe  =  `  '
	joins '# syntax=docker/dockerfile:1' '# escape=`'
	joins '# check=skip=all' '# syntax=docker/dockerfile:1.7' '# ESCAPE = `'

	# ends LINE…: these end the block of directives
	ends() {
		printf '%s\n' "$@" >Dockerfile
		printf 'FROM scratch\nCMD a`\nLABEL x=y\n' >>Dockerfile
		imaged
		expect "not joined, below $*" '["/bin/sh","-c","a`"]' "$(config .config.Cmd)"
	}
	ends '# comment' '# escape=`'
	ends '' '# escape=`'
	ends '# unknown=x' '# escape=`'
	ends '# escape' '# escape=`'

	for name in escape syntax check; do
		case $name in
		escape) value='\' ;;
		syntax) value=docker/dockerfile:1 ;;
		check) value=skip=all ;;
		esac
		dockerfile "# $name=$value" "# $name=$value" 'FROM scratch'
		refused "only one $name parser directive can be used"
	done
}

L09_the_escape_is_one_of_two() {
	printf '# escape=\\\nFROM scratch\nCMD a\\\nb\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","ab"]' "$(config .config.Cmd)"
	printf '# escape=`\nFROM scratch\nCMD a`\nb\\\nENV x=`$y z=\\$y\n' >Dockerfile
	imaged
	expect "text" '["/bin/sh","-c","ab\\"]' "$(config .config.Cmd)"
	expect "in words, too" '["x=$y","z=\\"]' "$(config '.config.Env[-2:]')"
	for wrong in x '``' '\\' '"'; do
		dockerfile "# escape=$wrong" 'FROM scratch'
		refused "invalid escape token '$wrong' does not match \` or \\"
	done
}

L10_the_syntax_is_built_in() {
	# With a first line for a shell, as comments of another kind, as JSON.
	for value in docker/dockerfile docker/dockerfile:1 docker/dockerfile:1.7 docker/dockerfile:1-labs \
		docker.io/docker/dockerfile:1 docker/dockerfile-upstream:master; do
		dockerfile "# syntax=$value" 'FROM scratch' 'LABEL a=b'
		imaged
		silent WARN
		silent warning
	done
	dockerfile '#!/usr/bin/env varve' '# syntax=nosuch/frontend:1' 'FROM scratch' 'LABEL a=b'
	imaged
	said nosuch/frontend:1
	expect "labels" '{"a":"b"}' "$(config .config.Labels)"
	dockerfile '# syntax=nosuch/frontend:1' 'FROM scratch' 'LABEL a=b'
	imaged
	said nosuch/frontend:1
	imaged --build-arg BUILDKIT_SYNTAX=docker/dockerfile:1
	silent nosuch/frontend
	imaged --build-arg BUILDKIT_SYNTAX=dockerfile.v0
	silent frontend
	dockerfile 'FROM scratch' 'LABEL a=b'
	imaged --build-arg BUILDKIT_SYNTAX=other/frontend
	said other/frontend
	# In these forms there can be a frontend of one's own, but no Dockerfile.
	dockerfile '// syntax=nosuch/frontend:2' 'FROM scratch'
	refused nosuch/frontend:2
	dockerfile '{"syntax": "nosuch/frontend:3"}'
	refused nosuch/frontend:3
}

L11_checks_are_chosen() {
	# Two rules are broken here.
	body='FROM scratch AS One
MAINTAINER me'
	checked() {
		checked_status=0
		varve build --check . >"$LOG" 2>&1 || checked_status=$?
	}
	dockerfile "$body"
	checked
	expect "status" 1 $checked_status
	said StageNameCasing
	said MaintainerDeprecated
	dockerfile '# check=skip=StageNameCasing' "$body"
	checked
	silent 'WARNING: StageNameCasing'
	said 'WARNING: MaintainerDeprecated'
	dockerfile '# check=skip=StageNameCasing,MaintainerDeprecated' "$body"
	checked
	expect "status" 0 $checked_status
	dockerfile '# check=skip=all' "$body"
	checked
	expect "status" 0 $checked_status
	said 'Check complete, no warnings found.'
	dockerfile '# check=skip=StageNameCasing;error=true' "$body"
	refused 'lint violation found for rules: MaintainerDeprecated'
	dockerfile '# check=error=true' "$body"
	refused 'lint violation found for rules: MaintainerDeprecated, StageNameCasing'
	dockerfile '# check=error=false' "$body"
	imaged
	said MaintainerDeprecated
	dockerfile '# check=error=maybe' "$body"
	refused maybe

	# The build argument goes before.
	dockerfile '# check=skip=all' "$body"
	imaged --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=StageNameCasing
	said MaintainerDeprecated
	silent StageNameCasing
	refused 'lint violation found' --build-arg BUILDKIT_DOCKERFILE_CHECK=error=true

	# Rules that are off otherwise.
	experiment='# no description
ARG X=1
FROM scratch'
	dockerfile "$experiment"
	checked
	expect "status" 0 $checked_status
	dockerfile '# check=experimental=all' "$experiment"
	checked
	said InvalidDefinitionDescription
	dockerfile '# check=experimental=InvalidDefinitionDescription' "$experiment"
	checked
	said InvalidDefinitionDescription

	# Right above an instruction it holds for that one.
	dockerfile 'FROM scratch' '# check=skip=MaintainerDeprecated' 'MAINTAINER me' 'MAINTAINER you'
	imaged
	said 'MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 4)'
	silent '(line 3)'
}

L12_flags_stand_behind_the_keyword() {
	echo x >x
	dockerfile 'FROM scratch' 'COPY --chmod=600 --link --chown=1:2 x /a' 'COPY --link=true x /b' \
		'COPY --link=false x /c' 'COPY --link=TRUE x --d'
	made
	expect "mode" 600 "$(stat -c %a "$OUT/a")"
	holds ./--d x
	echo minus >./--x
	dockerfile 'FROM scratch' 'COPY --chmod=600 -- --x /a'
	made
	holds a minus
	dockerfile 'FROM scratch' 'COPY --form=x x /'
	refused 'unknown flag: --form (did you mean from?)'
	said Dockerfile:2
	dockerfile 'FROM scratch' 'WORKDIR --nosuch /x'
	refused 'unknown flag: --nosuch'
	dockerfile 'FROM scratch' 'COPY --link=perhaps x /'
	refused 'expecting boolean value for flag --link, not: perhaps'
	dockerfile 'FROM scratch' 'COPY --chmod x /'
	refused 'missing a value on flag: --chmod'
	for twice in 'COPY --chmod=1 --chmod=1 x /' 'COPY --link --link x /' 'COPY --chown=1 --chown=2 x /' \
		'COPY --from=a --from=b x /' 'ADD --checksum=a --checksum=b x /' \
		'RUN --network=none --network=none true' 'RUN --security=sandbox --security=sandbox true' \
		'HEALTHCHECK --interval=1s --interval=1s CMD x'; do
		dockerfile 'FROM scratch' "$twice"
		refused 'duplicate flag specified: --'
	done
	echo y >y
	echo z >z
	dockerfile 'FROM base' 'COPY --exclude=x --exclude=y --exclude=--x . /o/' \
		'RUN --mount=type=tmpfs,target=/a --mount=type=tmpfs,target=/b touch /a/x /b/x'
	made
	holds o/z z
	lacks o/x
	lacks o/y
	dockerfile 'FROM base' 'RUN --device=a --device=b true'
	varve build . >"$LOG" 2>&1 || true
	silent duplicate
}

L13_json_or_shell() {
	echo 1 >'a b'
	echo 2 >c
	cat >Dockerfile <<'END'
FROM base
RUN ["sh", "-c", "echo json >/run-json"]
RUN [ "x" = "x" ] && echo shell >/run-shell
RUN ['x' = 'x' ] && echo quotes >/run-quotes || echo other >/run-quotes
COPY ["a b", "c", "/copied/"]
ADD ["a b", "/added"]
VOLUME ["/v 1", "/v2"]
CMD ["a", "b \u0063\n"]
ENTRYPOINT [ "x" , "y" ]
END
	made
	imaged
	holds run-json json
	holds run-shell shell
	holds run-quotes other
	holds 'copied/a b' 1
	holds copied/c 2
	holds added 1
	expect "volumes" '["/v 1","/v2"]' "$(config '.config.Volumes | keys')"
	expect "CMD" '["a","b c\n"]' "$(config .config.Cmd)"
	expect "ENTRYPOINT" '["x","y"]' "$(config .config.Entrypoint)"
	# What looks like it, but is something else.
	for text in "['a', 'b']" '["a"' '["a"] b' '["a",]' '{"a": "b"}' '"a"'; do
		dockerfile 'FROM scratch' "CMD $text"
		imaged
		expect "CMD $text" "$(jq -nc --arg t "$text" '["/bin/sh","-c",$t]')" "$(config .config.Cmd)"
		dockerfile 'FROM scratch' "ENTRYPOINT $text"
		imaged
		expect "ENTRYPOINT $text" "$(jq -nc --arg t "$text" '["/bin/sh","-c",$t]')" \
			"$(config .config.Entrypoint)"
	done
	dockerfile 'FROM scratch' 'CMD ["a", 1]'
	refused 'when using JSON array syntax, arrays must be comprised of strings only'
	dockerfile 'FROM scratch' "VOLUME ['/a']"
	imaged
	expect "words" '["[/a]"]' "$(config '.config.Volumes | keys')"
	dockerfile 'FROM scratch' 'SHELL sh -c'
	refused 'SHELL requires the arguments to be in JSON form'
	dockerfile 'FROM scratch' "SHELL ['sh', '-c']"
	refused 'SHELL requires the arguments to be in JSON form'
	dockerfile 'FROM scratch' 'CMD []'
	imaged
	expect "an empty CMD" '[]' "$(config '.config.Cmd // []')"
}

L14_the_instructions_that_there_are() {
	echo x >x
	cat >Dockerfile <<'END'
ARG G=1
FROM base
ADD x /
ARG A=1
CMD x
COPY x /y
ENTRYPOINT x
ENV A=1
EXPOSE 1
HEALTHCHECK NONE
LABEL a=b
MAINTAINER me
ONBUILD RUN x
RUN true
SHELL ["sh"]
STOPSIGNAL 9
USER 1
VOLUME /v
WORKDIR /w
END
	build .
	dockerfile 'FROM scratch' 'EXPOSES 80'
	refused 'dockerfile parse error on line 2: unknown instruction: EXPOSES (did you mean EXPOSE?)'
	dockerfile 'FROM scratch' '' 'runn x'
	refused 'dockerfile parse error on line 3: unknown instruction: runn (did you mean run?)'
	dockerfile 'FROM scratch' 'INCLUDE x'
	refused 'dockerfile parse error on line 2: unknown instruction: INCLUDE'
}

L15_a_dockerfile_without_content_is_refused() {
	: >Dockerfile
	refused 'the Dockerfile cannot be empty'
	printf '\n\n' >Dockerfile
	refused 'file with no instructions'
	dockerfile '# nothing' '' '# but comments'
	refused 'file with no instructions'
	for first in 'RUN x' 'LABEL a=b' 'COPY x /' 'USER x'; do
		dockerfile 'ARG a' "$first" 'FROM scratch'
		refused 'no build stage in current context'
		said Dockerfile:2
	done
	dockerfile 'ARG a'
	refused 'dockerfile contains no stages to build'
}

run_rules
