# SPDX-License-Identifier: Apache-2.0
# ARG, ENV, and what becomes of "$name".
. "$RULES_LIB"

V01_arg_in_front_of_from_is_global() {
	cat >Dockerfile <<'END'
ARG image=base tag=latest unset
ARG other=${image}
FROM ${image}:$tag AS first
COPY <<E /undeclared
[$image][$other]
E
ARG image
ARG tag=own unset
COPY <<E /declared
[$image][$tag][$unset]
E
FROM --platform=$BUILDPLATFORM $other
ARG image other
COPY --from=first /undeclared /declared /
COPY <<E /here
[$image][$other]
E
END
	made
	holds undeclared '[][]'
	holds declared '[base][own][]'
	holds here '[base][base]'
	said "UndefinedVar: Usage of undefined variable '\$image'"
	made --build-arg unset=given --build-arg tag=latest
	holds declared '[base][latest][given]'
	dockerfile 'FROM scratch' 'ARG late=base' 'FROM $late'
	refused 'base name ($late) should not be blank'
	dockerfile 'FROM scratch' 'ARG a=1 b c="x y" d=' 'COPY <<E /f' '[$a][$b][$c][$d]' 'E'
	made --build-arg b=2
	holds f '[1][2][x y][]'
}

V02_arg_counts_from_its_line_to_the_end_of_its_stage() {
	cat >Dockerfile <<'END'
FROM scratch AS parent
COPY <<E /before
[$a]
E
ARG a=1
COPY <<E /after
[$a]
E
FROM parent AS child
COPY <<E /inherited
[$a]
E
FROM scratch
COPY --from=child / /
COPY <<E /elsewhere
[$a]
E
END
	made
	holds before '[]'
	holds after '[1]'
	holds inherited '[1]'
	holds elsewhere '[]'
	grep -c "UndefinedVar: Usage of undefined variable '\$a'" "$LOG" >"$TEST_TMP/count"
	made --build-arg a=2
	holds before '[]'
	holds inherited '[2]'
	printf 'FROM base AS parent\nARG a=1\nFROM parent\nRUN echo "[$a]" >/run\n' >Dockerfile
	made
	holds run '[1]'
}

V03_which_value_counts() {
	cat >Dockerfile <<'END'
ARG global=global both=global
FROM base
ARG global both=line line=line
ARG e=arg f=arg
ENV e=env
COPY <<E /f
[$global][$both][$line][$e][$f]
E
RUN echo "[$global][$both][$line][$e][$f]" >/run
END
	made
	holds f '[global][line][line][env][arg]'
	holds run '[global][line][line][env][arg]'
	made --build-arg global=1 --build-arg both=2 --build-arg line=3 --build-arg e=4 --build-arg f=5
	holds f '[1][2][3][env][5]'
	holds run '[1][2][3][env][5]'
	# Without a value it is that of the environment, if there is one.
	dockerfile 'FROM scratch' 'ARG a=default' 'COPY <<E /f' '[$a]' 'E'
	(export a=outside && made --build-arg a)
	holds f '[outside]'
	made --build-arg a=
	holds f '[]'
}

V04_a_build_argument_that_nobody_declares_is_remarked_on() {
	dockerfile 'ARG known' 'FROM scratch' 'ARG here'
	imaged --build-arg known=1 --build-arg here=2 --build-arg nobody=3 --build-arg BUILDKIT_X=4 \
		--build-arg http_proxy=5 --build-arg TARGETARCH=6
	said "build argument 'nobody' is not used: no ARG declares it"
	expect "how many" 1 "$(grep -c '^#.*is not used' "$LOG")"
}

V05_arguments_are_the_environment_of_what_follows() {
	cat >Dockerfile <<'END'
FROM base
RUN echo before
COPY <<E /x
E
ARG a
COPY <<E /y
E
RUN env >/env
RUN echo last
END
	made --build-arg a=1
	grep -qx a=1 "$OUT/env" || fail "$(cat "$OUT/env")"
	made --build-arg a=2
	grep -qx a=2 "$OUT/env" || fail "$(cat "$OUT/env")"
	expect "RUN in front of it" CACHED "$(step 'RUN echo before')"
	expect "COPY behind it" CACHED "$(step 'COPY <<E /y')"
	expect "the first RUN behind it" DONE "$(step 'RUN env')"
	expect "RUN that does not use it" DONE "$(step 'RUN echo last')"
	made --build-arg a=1
	expect "as before" 0 "$(count DONE)"
	# Without a value it is not there.
	made
	! grep -q '^a=' "$OUT/env" || fail "$(cat "$OUT/env")"
}

V06_forms_of_env() {
	cat >Dockerfile <<'END'
FROM scratch
ENV a=1 b="2 3" c=4\ 5 d='6 "7' e=
ENV f g h  "i" # j
ENV a=new b=$a${a}
ENV b2=$a q="it's" \
    r=end
END
	imaged
	expect "Env" '["a=new","b=11","c=4 5","d=6 \"7","e=","f=g h  i # j","b2=new","q=it'"'"'s","r=end"]' \
		"$(config '[.config.Env[] | select(startswith("PATH=") | not)]')"
	dockerfile 'FROM scratch' 'ENV a'
	refused 'ENV must have two arguments'
	dockerfile 'FROM scratch' 'ENV a=b c'
	refused "can't find = in \"c\""
	dockerfile 'FROM scratch' 'ENV =b'
	refused 'ENV names can not be blank'
}

V07_where_variables_are_expanded() {
	mkdir sub src
	echo x >src/x
	(cd src && tar -cf ../archive.tar x)
	cat >Dockerfile <<'END'
ARG stage=base
FROM $stage
ARG v=src w=/w o=3:4 m=755 n=9
COPY --chown=$o --chmod=$m $v/x $w/
ADD --chown=$o --chmod=$m ${v}/x ${w}/added
ENV e=$v
EXPOSE ${n}0/tcp
LABEL $v=$w l="$v $w"
STOPSIGNAL $n
VOLUME $w/v
WORKDIR $w/d
ARG d=$v$n
COPY <<E d
$d
E
RUN --mount=type=cache,id=id-$v,target=$w/cache,uid=$n,mode=0$m stat -c '%u %a' $w/cache >/tmp/cache
RUN --mount=type=bind,source=$v,target=$w/bind cat $w/bind/x >/tmp/bind
RUN --mount=type=tmpfs,target=$w/t,size=${n}m df $w/t >/tmp/tmpfs
RUN --mount=type=secret,id=$v,target=$w/secret,mode=0$m stat -c '%a' $w/secret >/tmp/secret
RUN stat -c '%n %a %u:%g' /w/x /w/added >/tmp/facts
USER $n
END
	echo s >"$RULE_DIR/secret"
	made --secret "id=src,src=$RULE_DIR/secret"
	imaged --secret "id=src,src=$RULE_DIR/secret"
	holds tmp/facts "/w/x 755 3:4
/w/added 755 3:4"
	holds w/d/d src9
	holds tmp/cache '9 755'
	holds tmp/bind x
	holds tmp/secret 755
	grep -q 9216 "$OUT/tmp/tmpfs" || fail "$(cat "$OUT/tmp/tmpfs")"
	expect "ENV" '"e=src"' "$(config '.config.Env[-1]')"
	expect "EXPOSE" '["90/tcp"]' "$(config '.config.ExposedPorts | keys')"
	expect "LABEL" '{"l":"src /w","src":"/w"}' "$(config .config.Labels)"
	expect "STOPSIGNAL" '"9"' "$(config .config.StopSignal)"
	expect "VOLUME" '["/w/v"]' "$(config '.config.Volumes | keys')"
	expect "WORKDIR" '"/w/d"' "$(config .config.WorkingDir)"
	expect "USER" '"9"' "$(config .config.User)"
	varve cache ls | grep -q id-src || fail "$(varve cache ls)"
	# Of what ONBUILD keeps they are the child's.
	dockerfile 'FROM scratch AS parent' 'ARG a=parent' 'ONBUILD ARG a=child' 'ONBUILD LABEL a=$a' \
		'ONBUILD WORKDIR /$a' 'FROM parent'
	imaged
	expect "LABEL" '{"a":"child"}' "$(config .config.Labels)"
	expect "WORKDIR" '"/child"' "$(config .config.WorkingDir)"
	dockerfile 'FROM scratch' 'ARG sum=sha256:0' 'ADD --checksum=$sum http://127.0.0.1:9/x /'
	refused 'sha256:0'
}

V08_where_variables_are_not_expanded() {
	mkdir sub
	echo x >'$v'
	echo y >y
	dockerfile 'FROM scratch AS stage' 'FROM scratch' 'ARG v=stage' 'COPY --from=$v / /'
	refused 'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround'
	dockerfile 'FROM base' 'ARG v=base' 'RUN --mount=from=$v,target=/x true'
	refused "'from' doesn't support variable expansion, define alias stage instead"
	dockerfile 'ARG v=base' 'FROM $v AS way' 'COPY <<E /f' 'out' 'E' 'FROM scratch' \
		'COPY --from=way /f /'
	made
	holds f out
	dockerfile 'FROM scratch' 'ARG v=y' 'COPY --exclude=$v . /'
	made
	holds y y
	dockerfile 'FROM base' 'ARG v=none' 'RUN --network=$v true'
	refused '$v'
	dockerfile 'FROM base' 'ARG v=sandbox' 'RUN --security=$v true'
	refused '$v'
	cat >Dockerfile <<'END'
FROM base
ARG v=value
MAINTAINER $v
HEALTHCHECK --interval=3s CMD test $v
CMD $v
ENTRYPOINT ["$v"]
SHELL ["/bin/sh", "-c", "echo $0 >/shell", "$v"]
END
	imaged
	expect "MAINTAINER" '"$v"' "$(config .author)"
	expect "HEALTHCHECK" '["CMD-SHELL","test $v"]' "$(config .config.Healthcheck.Test)"
	expect "CMD" '["/bin/sh","-c","$v"]' "$(config .config.Cmd)"
	expect "ENTRYPOINT" '["$v"]' "$(config .config.Entrypoint)"
	expect "SHELL" '["/bin/sh","-c","echo $0 >/shell","$v"]' "$(config .config.Shell)"
	dockerfile 'FROM base' 'ARG v=1' 'RUN v=2; echo $v >/run' 'RUN ["sh", "-c", "echo $v >/exec"]' \
		'RUN ["touch", "/$v"]'
	made
	holds run 2
	holds exec 1
	holds '$v' ''
}

V09_forms_of_expansion() {
	cat >Dockerfile <<'END'
FROM scratch
ENV v=value empty= p=/usr/local/bin/x.tar.gz s=a*b i=b w=va
COPY <<B /f
1 $v ${v} [${none}]
2 ${v:-w} ${empty:-w} ${none:-w} ${v-w} [${empty-w}] ${none-w}
3 ${v:+w} [${empty:+w}] [${none:+w}] ${v+w} ${empty+w} [${none+w}]
4 ${v:?m} ${v?m} [${empty?m}]
5 ${p#*/} ${p##*/} ${p%.*} ${p%%.*} ${p#none}
6 ${p/r/R} ${p//r/R} ${p/./} ${p//\//_} ${p/#/x}
7 ${v#?} ${v%??} ${s#a\*} ${s%\*?} ${s//\*/+}
8 ${none:-${empty:-$v}} ${none:-${p##*/}} ${v#$w} ${v/$w/$i}
9 \$v \${v}
A [$1][$@][$*][$#][$?][$-][$$][$!][$0]
B
LABEL a='$v' b="$v" c=$v'$v'"$v" d=\$v e="\$v" f="'$v'" g='"$v"' h=${none:-"a b"} i=${none:-'$v'}
END
	made
	imaged
	holds f '1 value value []
2 value w w value [] w
3 w [] [] w w []
4 value value []
5 usr/local/bin/x.tar.gz x.tar.gz /usr/local/bin/x.tar /usr/local/bin/x /usr/local/bin/x.tar.gz
6 /usR/local/bin/x.tar.gz /usR/local/bin/x.taR.gz /usr/local/bin/xtar.gz _usr_local_bin_x.tar.gz /usr/local/bin/x.tar.gz
7 alue val b a a+b
8 value x.tar.gz lue blue
9 $v ${v}
A [][][][][][][][][]'
	expect "quotes" '{"a":"$v","b":"value","c":"value$vvalue","d":"$v","e":"$v","f":"'"'value'"'","g":"\"$v\"","h":"a b","i":"$v"}' \
		"$(config .config.Labels)"
	wrong() {
		dockerfile 'FROM scratch' 'ENV v=value empty=' "WORKDIR $1"
		refused "$2"
		said Dockerfile:3
	}
	wrong '${none:?is missing}' 'none: is missing'
	wrong '${empty:?is missing}' 'empty: is missing'
	wrong '${none?is missing}' 'none: is missing'
	wrong '${v' 'syntax error: missing'
	wrong '${' 'syntax error'
	wrong '${}' 'syntax error'
	wrong '${v:#p}' 'unsupported modifier (:#) in substitution'
	wrong '${v:%p}' 'unsupported modifier (:%) in substitution'
	wrong '${v:*p}' 'unsupported modifier (:*) in substitution'
	# A class of letters is none.
	dockerfile 'FROM scratch' 'ENV v=value x=[v]' 'LABEL a=${v#[v]} b=${x#[v]}'
	imaged
	expect "classes" '{"a":"value","b":""}' "$(config .config.Labels)"
}

V10_proxies_need_no_arg() {
	names='HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY'
	dockerfile 'FROM base' 'RUN env | sort >/env'
	set --
	for name in $names; do
		set -- "$@" --build-arg "$name=of-$name"
	done
	made "$@"
	imaged "$@"
	for name in $names; do
		grep -qx "$name=of-$name" "$OUT/env" || fail "$(cat "$OUT/env")"
		grep -qix "$(echo "$name" | tr A-Z a-z)=of-$name" "$OUT/env" || fail "$(cat "$OUT/env")"
	done
	! config . | grep -i proxy || fail "the image tells of proxies"
	made --build-arg HTTP_PROXY=other
	expect "with another proxy" CACHED "$(step 'RUN env')"
	made --build-arg http_proxy=other
	expect "in small letters" CACHED "$(step 'RUN env')"
	dockerfile 'FROM base' 'ARG HTTP_PROXY' 'RUN env | sort >/env'
	imaged --build-arg HTTP_PROXY=told
	config .history | grep -q 'RUN |1 HTTP_PROXY=told /bin/sh -c env' || fail "$(config .history)"
	made --build-arg HTTP_PROXY=other
	expect "what is declared counts" DONE "$(step 'RUN env')"
}

V11_platforms_are_global_arguments() {
	names='BUILDPLATFORM BUILDOS BUILDOSVERSION BUILDARCH BUILDVARIANT TARGETPLATFORM TARGETOS
		TARGETOSVERSION TARGETARCH TARGETVARIANT TARGETSTAGE'
	{
		echo 'FROM scratch AS One'
		echo 'COPY <<E /none'
		for name in $names; do echo "$name=\$$name"; done
		echo E
		echo ARG $names
		echo 'COPY <<E /all'
		for name in $names; do echo "$name=\$$name"; done
		echo E
	} >Dockerfile
	case $(uname -m) in
	x86_64) arch=amd64 ;;
	aarch64) arch=arm64 ;;
	*) arch=$(uname -m) ;;
	esac
	# facts PLATFORM OS ARCH VARIANT STAGE
	facts() {
		grep -v '^BUILD' "$OUT/all" >"$RULE_DIR/facts"
		expect "the target's" "TARGETPLATFORM=$1 TARGETOS=$2 TARGETOSVERSION= TARGETARCH=$3 TARGETVARIANT=$4 TARGETSTAGE=$5" \
			"$(tr '\n' ' ' <"$RULE_DIR/facts" | sed 's/ $//')"
		expect "the builder's" "BUILDPLATFORM=linux/$arch BUILDOS=linux BUILDOSVERSION= BUILDARCH=$arch BUILDVARIANT=" \
			"$(grep '^BUILD' "$OUT/all" | tr '\n' ' ' | sed 's/ $//')"
	}
	made
	facts "linux/$arch" linux "$arch" "" one
	! grep -v '=$' "$OUT/none" || fail "undeclared"
	made --target one
	facts "linux/$arch" linux "$arch" "" one
	sed -i 's/ AS One//' Dockerfile
	made --platform linux/arm64
	facts linux/arm64 linux arm64 "" default
	made --platform linux/arm64/v8
	facts linux/arm64 linux arm64 "" default
	made --platform linux/arm/v7
	facts linux/arm/v7 linux arm v7 default
	# In FROM they need no ARG, and a given value goes before.
	dockerfile 'FROM --platform=$TARGETPLATFORM scratch AS st-linux' 'COPY <<E /f' 'linux' 'E' \
		'FROM st-$TARGETOS' 'ARG TARGETARCH' 'COPY <<E /arch' '$TARGETARCH' 'E'
	made
	holds f linux
	made --build-arg TARGETARCH=own
	holds arch own
}

V12_arguments_that_mean_something() {
	dockerfile 'FROM base' 'RUN hostname >/name; env >/env' \
		'RUN --mount=type=cache,target=/c echo x >>/c/x; cat /c/x >/lines'
	made
	holds name buildkitsandbox
	made --build-arg BUILDKIT_SANDBOX_HOSTNAME=other
	holds name other
	# Caches of another space.
	made --no-cache
	holds lines "x
x
x"
	made --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=space
	holds lines x
	made --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=space
	holds lines "x
x"
	made --no-cache
	holds lines "x
x
x
x"
	varve cache ls | grep -q space || fail "$(varve cache ls)"
	for argument in BUILDKIT_INLINE_CACHE=1 BUILDKIT_MULTI_PLATFORM=0 BUILDKIT_BUILD_NAME=x \
		BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 BUILDKIT_SBOM_SCAN_CONTEXT=true BUILDKIT_SBOM_SCAN_STAGE=true; do
		made --build-arg $argument
		silent "is not used"
		! grep BUILDKIT "$OUT/env" || fail "it is in the environment"
	done
	# One platform in the form of several: a directory for it, an index, steps that name it.
	host=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
	made --no-cache --build-arg BUILDKIT_MULTI_PLATFORM=1
	holds "linux_$host/name" buildkitsandbox
	said "[linux/$host 2/3] RUN"
	build --build-arg BUILDKIT_MULTI_PLATFORM=true -o "type=oci,tar=false,dest=index" .
	expect "platforms of the index" "[\"$host\"]" \
		"$(jq -c '[.manifests[].platform.architecture]' "index/blobs/sha256/$(
			jq -r '.manifests[0].digest' index/index.json | sed 's/sha256://')")"
	made --build-arg BUILDKIT_MULTI_PLATFORM=
	holds name buildkitsandbox
	refused 'docker exporter does not currently support exporting manifest lists' \
		--build-arg BUILDKIT_MULTI_PLATFORM=1 -o type=docker,dest=no
	refused 'invalid boolean value for multi-platform: maybe' --build-arg BUILDKIT_MULTI_PLATFORM=maybe
	refused 'returning multiple target platforms is not allowed' \
		--build-arg BUILDKIT_MULTI_PLATFORM=false --platform linux/amd64,linux/arm64
	made --build-arg BUILDKIT_BUILD_NAME=nightly
	varve history | grep -q nightly || fail "$(varve history)"
	# BUILDKIT_SYNTAX is with L10, BUILDKIT_DOCKERFILE_CHECK with L11.
	dockerfile 'FROM base' 'ARG SOURCE_DATE_EPOCH' 'RUN env >/env' 'LABEL a=b'
	made --build-arg SOURCE_DATE_EPOCH=1000000000
	imaged --build-arg SOURCE_DATE_EPOCH=1000000000
	grep -qx SOURCE_DATE_EPOCH=1000000000 "$OUT/env" || fail "not in the environment"
	expect "the image's time" '"2001-09-09T01:46:40Z"' "$(config .created)"
	refused SOURCE_DATE_EPOCH --build-arg SOURCE_DATE_EPOCH=yesterday
}

V13_defaults_of_arg_use_what_is_there() {
	cat >Dockerfile <<'END'
ARG a=1
ARG b=${a}2 c=$b
FROM scratch
ARG c d=${c}3
ENV e=env
ARG f=$e$d g=${none:-default}
COPY <<E /f
[$c][$d][$f][$g]
E
END
	made
	holds f '[12][123][env123][default]'
	made --build-arg a=x
	holds f '[x2][x23][envx23][default]'
}

V14_the_base_brings_its_environment() {
	dockerfile 'FROM scratch' 'ENV a=parent PATH=/own' 'COPY <<E /x' 'E'
	build -t parent .
	dockerfile 'FROM parent' 'ENV b=$a' 'COPY <<E /f' '[$a][$b][$PATH]' 'E'
	made
	holds f '[parent][parent][/own]'
	dockerfile 'FROM base' 'ENV p=$PATH' 'RUN echo "$PATH" >/run'
	made
	imaged
	path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	holds run $path
	expect "the image's" "\"PATH=$path\"" "$(config '.config.Env[0]')"
	expect "expanded" "\"p=$path\"" "$(config '.config.Env[1]')"
	dockerfile 'FROM scratch' 'COPY <<E /f' '$PATH' 'E'
	made
	holds f $path
}

run_rules
