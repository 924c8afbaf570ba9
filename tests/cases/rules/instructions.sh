# SPDX-License-Identifier: Apache-2.0
# What each instruction does.
. "$RULES_LIB"

# parent LINE…: an image "parent" of these lines
parent() {
	dockerfile 'FROM scratch' "$@"
	build -t parent .
}

I01_from() {
	cat >Dockerfile <<'END'
FROM scratch AS First-1.x_y
COPY <<E /f
one
E
FROM first-1.X_Y as again
COPY <<E /g
two
E
FROM AGAIN
END
	made
	holds f one
	holds g two
	said "StageNameCasing: Stage name 'First-1.x_y' should be lowercase"
	said "FromAsCasing: 'as' and 'FROM' keywords' casing do not match"
	for name in 1x -x 'a/b' 'a:b' '$x'; do
		dockerfile "FROM scratch AS $name"
		refused "invalid name for build stage: \"$name\", name can't start with a number or contain symbols"
	done
	dockerfile 'FROM scratch AS'
	refused 'FROM requires either one or three arguments'
	dockerfile 'FROM scratch WITH x'
	refused 'FROM requires either one or three arguments'

	# Of two of a name the later one counts, and this is said.
	dockerfile 'FROM scratch AS a' 'COPY <<E /1' 'E' 'FROM scratch AS a' 'COPY <<E /2' 'E' 'FROM a'
	made
	lacks 1
	[ -e "$OUT/2" ] || fail "not the later one"
	said 'DuplicateStageName: Duplicate stage name "a", stage names should be unique'
	for name in scratch context; do
		dockerfile "FROM scratch AS $name"
		build .
		said "ReservedStageName: Stage name should not use the same name as reserved stage \"$name\""
	done

	# Stages go before images, named contexts before both.
	parent 'COPY <<E /who' 'image' 'E'
	dockerfile 'FROM scratch AS parent' 'COPY <<E /who' 'stage' 'E' 'FROM parent'
	made
	holds who stage
	mkdir ../named
	echo context >../named/who
	made --build-context parent=../named
	holds who context
	dockerfile 'FROM parent'
	made
	holds who image
	made --build-context parent=../named
	holds who context
	varve inspect parent | grep -q '"id":"' || fail "no id"
	dockerfile 'FROM nosuch:image'
	refused nosuch:image
	dockerfile 'FROM Bad_Name'
	refused Bad_Name

	# The platform is that of the FROM, which a stage on top of it has, too.
	dockerfile 'FROM scratch' 'LABEL a=b'
	build --platform linux/arm64 -t other .
	build --platform linux/arm/v7 -t third .
	dockerfile 'FROM --platform=linux/arm64 other AS stage' 'FROM stage' 'LABEL c=d'
	imaged
	expect "architecture" '"arm64"' "$(config .architecture)"
	dockerfile 'ARG P=linux/arm/v7' 'FROM --platform=$P third' 'LABEL c=d'
	imaged
	expect "architecture" '["arm","v7"]' "$(config '[.architecture,.variant]')"
	dockerfile 'FROM --platform=$BUILDPLATFORM base AS tool' 'RUN echo ran >/ran' 'FROM scratch' \
		'COPY --from=tool /ran /'
	made --platform linux/arm64
	holds ran ran
	imaged --platform linux/arm64
	expect "architecture" '"arm64"' "$(config .architecture)"
	# Nothing is for whatever is built.
	dockerfile 'FROM --platform=linux/arm64 scratch' 'LABEL c=d'
	imaged --platform linux/arm/v7
	expect "architecture" '"arm"' "$(config .architecture)"
	dockerfile 'FROM --platform=nosuch/thing/x/y scratch' 'LABEL a=b'
	refused nosuch/thing
}

I02_stages_and_targets() {
	cat >Dockerfile <<'END'
FROM base AS First
COPY <<E /first
E
FROM base AS needless
RUN exit 1
FROM first AS last
COPY <<E /last
E
END
	made
	[ -e "$OUT/first" ] && [ -e "$OUT/last" ] || fail "not the last"
	silent needless
	made --target FIRST
	[ -e "$OUT/first" ] && [ ! -e "$OUT/last" ] || fail "not the first"
	made --target 0
	[ -e "$OUT/first" ] && [ ! -e "$OUT/last" ] || fail "not stage 0"
	refused 'exit code: 1' --target needless
	refused 'target stage "frist" could not be found (did you mean first?)' --target frist
	refused 'target stage "7" could not be found' --target 7

	dockerfile 'FROM scratch AS a' 'COPY --from=b /x /' 'FROM scratch AS b' 'COPY --from=a /x /'
	refused 'circular dependency detected on stage: '
	dockerfile 'FROM scratch AS a' 'COPY --from=a /x /'
	refused 'circular dependency detected on stage: a'
	dockerfile 'FROM scratch' 'COPY --from=later /x /' 'FROM scratch AS later' 'COPY <<E /x' 'E'
	made
	dockerfile 'FROM scratch AS target' 'COPY --from=later /x /' 'FROM scratch AS later' \
		'COPY <<E /x' 'E'
	refused later --target target
	dockerfile 'FROM later' 'FROM scratch AS later'
	refused 'later' --target 0
	dockerfile 'FROM scratch' 'COPY --from=1 /x /'
	refused '1'
}

I03_run() {
	cat >Dockerfile <<'END'
FROM base
WORKDIR /w
RUN pwd >pwd && readlink /proc/self/fd/0 >stdin && echo "$0" >zero && id -u >id
RUN ["/bin/sh", "-c", "echo $HOME and \"$0\" >/w/exec", "name"]
USER 7:8
RUN echo "$(id -u):$(id -g)" >/tmp/user
RUN sh -c 'exit 0' && ! sh -c 'exit 3'
END
	made
	holds w/pwd /w
	holds w/stdin /dev/null
	holds w/zero /bin/sh
	holds w/id 0
	holds w/exec '/root and name'
	holds tmp/user 7:8
	dockerfile 'FROM base' 'RUN echo "a b" && exit 17'
	refused 'process "/bin/sh -c echo \"a b\" && exit 17" did not complete successfully: exit code: 17'
	dockerfile "FROM base" "RUN exit 6 # $(head -c 5000 /dev/zero | tr '\0' x)"
	refused 'exit code: 6'
	dockerfile 'FROM base' 'RUN ["sh", "-c", "exit 5"]'
	refused 'process "sh -c exit 5" did not complete successfully: exit code: 5'
	dockerfile 'FROM base' 'RUN nosuch-program'
	refused 'exit code: 127'
}

I04_cmd() {
	dockerfile 'FROM scratch' 'CMD ["a", "b c"]'
	imaged
	expect "exec form" '["a","b c"]' "$(config .config.Cmd)"
	dockerfile 'FROM scratch' 'CMD a  "b c"'
	imaged
	expect "shell form" '["/bin/sh","-c","a  \"b c\""]' "$(config .config.Cmd)"
	dockerfile 'FROM scratch' 'ENTRYPOINT ["e"]' 'CMD ["-p", "q"]'
	imaged
	expect "parameters" '[["e"],["-p","q"]]' "$(config '[.config.Entrypoint,.config.Cmd]')"
	dockerfile 'FROM scratch' 'CMD ["a"]' 'CMD ["b"]'
	imaged
	expect "the last" '["b"]' "$(config .config.Cmd)"
	said MultipleInstructionsDisallowed
	said 'Multiple CMD instructions should not be used in the same stage because only the last one will be used'
	parent 'CMD ["inherited"]'
	dockerfile 'FROM parent'
	imaged
	expect "the base's" '["inherited"]' "$(config .config.Cmd)"
	dockerfile 'FROM parent' 'CMD ["own"]'
	imaged
	expect "its own" '["own"]' "$(config .config.Cmd)"
}

I05_entrypoint() {
	parent 'CMD ["cmd"]'
	dockerfile 'FROM parent' 'ENTRYPOINT ["e"]'
	imaged
	expect "CMD is gone" '[["e"],null]' "$(config '[.config.Entrypoint,.config.Cmd]')"
	dockerfile 'FROM parent' 'CMD ["own"]' 'ENTRYPOINT e f'
	imaged
	expect "CMD in front of it" '[["/bin/sh","-c","e f"],["own"]]' \
		"$(config '[.config.Entrypoint,.config.Cmd]')"
	dockerfile 'FROM parent' 'ENTRYPOINT ["e"]' 'CMD ["own"]'
	imaged
	expect "CMD behind it" '[["e"],["own"]]' "$(config '[.config.Entrypoint,.config.Cmd]')"
	dockerfile 'FROM scratch AS stage' 'CMD ["cmd"]' 'FROM stage' 'ENTRYPOINT ["e"]'
	imaged
	expect "of a stage" '[["e"],null]' "$(config '[.config.Entrypoint,.config.Cmd]')"
	dockerfile 'FROM scratch' 'ENTRYPOINT ["a"]' 'ENTRYPOINT ["b"]'
	imaged
	expect "the last" '["b"]' "$(config .config.Entrypoint)"
	said 'Multiple ENTRYPOINT instructions should not be used'
}

I06_label() {
	cat >Dockerfile <<'END'
FROM scratch
LABEL a=1 "b c"="d e" f='g' h=i\ j
LABEL old form here
LABEL a=2 multi="x\
y"
END
	imaged --label a=3 --label new=4 --label empty=
	expect "labels" '{"a":"3","b c":"d e","empty":"","f":"g","h":"i j","multi":"xy","new":"4","old":"form here"}' \
		"$(config '.config.Labels' | jq -cS .)"
	said 'LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format'
	parent 'LABEL p=1 q=2'
	dockerfile 'FROM parent' 'LABEL q=3'
	imaged
	expect "the base's" '{"p":"1","q":"3"}' "$(config .config.Labels)"
	dockerfile 'FROM scratch' 'LABEL'
	refused 'LABEL requires at least one argument'
	dockerfile 'FROM scratch' 'LABEL =x'
	refused 'LABEL names can not be blank'
}

I07_expose() {
	dockerfile 'FROM base' 'ENV p=90' 'EXPOSE 80 443/tcp 53/UDP 5000-5002/udp $p' 'EXPOSE 1/sctp' \
		'RUN echo x >/x'
	imaged
	expect "ports" '["1/sctp","443/tcp","5000/udp","5001/udp","5002/udp","53/udp","80/tcp","90/tcp"]' \
		"$(config '.config.ExposedPorts | keys')"
	said "ExposeProtoCasing: Defined protocol '53/UDP' in EXPOSE instruction should be lowercase"
	dockerfile 'FROM scratch' 'EXPOSE 127.0.0.1:80:8080 81:82'
	imaged
	expect "mapped ports" '["8080/tcp","82/tcp"]' "$(config '.config.ExposedPorts | keys')"
	said "ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:8080'"
	for wrong in 80/xyz 99999 abc 90-80; do
		dockerfile 'FROM scratch' "EXPOSE $wrong"
		refused 'invalid '
	done
	dockerfile 'FROM scratch' 'EXPOSE'
	refused 'EXPOSE requires at least one argument'
}

I08_env() {
	parent 'ENV PATH=/p inherited=1 changed=1'
	dockerfile 'FROM parent' 'ENV changed=2 new="a b"' 'ENV inherited='
	imaged
	expect "Env" '["PATH=/p","inherited=","changed=2","new=a b"]' "$(config .config.Env)"
	dockerfile 'FROM base' 'ENV a=1' 'RUN echo "$a" >/1' 'ENV a=2' 'RUN echo "$a" >/2'
	made
	holds 1 1
	holds 2 2
	dockerfile 'FROM scratch' 'ENV a b'
	imaged
	said 'LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format'
	dockerfile 'FROM scratch' 'ENV'
	refused 'ENV requires at least one argument'
}

# Flags are looked at where they do something: with the rules of copying.
I09_add() {
	mkdir d
	echo x >d/x
	echo y >d/y
	dockerfile 'FROM scratch' 'ADD --chown=1:2 --chmod=700 --link --exclude=y --unpack=false d /o/'
	made
	holds o/x x
	lacks o/y
	for flag in from=a parents; do
		dockerfile 'FROM scratch' "ADD --$flag d /o"
		refused "unknown flag: --${flag%=*}"
	done
	dockerfile 'FROM scratch' 'ADD x'
	refused 'ADD requires at least two arguments, but only one was provided. Destination could not be determined'
	dockerfile 'FROM scratch' 'ADD'
	refused 'ADD requires at least two arguments'
}

I10_copy() {
	mkdir d
	echo x >d/x
	echo y >d/y
	dockerfile 'FROM scratch AS s' 'COPY d /d' 'FROM scratch' \
		'COPY --from=s --chown=1:2 --chmod=700 --link --parents --exclude=*/y d /o/'
	made
	holds o/d/x x
	lacks o/d/y
	for flag in checksum=a keep-git-dir unpack; do
		dockerfile 'FROM scratch' "COPY --$flag d /o"
		refused "unknown flag: --${flag%=*}"
	done
	dockerfile 'FROM scratch' 'COPY x'
	refused 'COPY requires at least two arguments, but only one was provided. Destination could not be determined'
	dockerfile 'FROM scratch' 'COPY http://127.0.0.1:9/x /'
	refused "source can't be a URL for COPY"
	dockerfile 'FROM scratch' 'COPY https://127.0.0.1:9/x.git /'
	refused "source can't be a git ref for COPY"
}

I11_volume() {
	cat >Dockerfile <<'END'
FROM base
VOLUME /a /b
VOLUME ["/c d"]
RUN mkdir -p /a && echo kept >/a/file && ! grep ' /a ' /proc/mounts
COPY <<E /b/file
kept
E
END
	made
	imaged
	expect "volumes" '["/a","/b","/c d"]' "$(config '.config.Volumes | keys')"
	holds a/file kept
	holds b/file kept
	lacks 'c d'
	dockerfile 'FROM scratch' 'VOLUME'
	refused 'VOLUME requires at least one argument'
	dockerfile 'FROM scratch' 'VOLUME ["/a", ""]'
	refused 'VOLUME specified can not be an empty string'
}

I12_user() {
	cat >Dockerfile <<'END'
FROM base
COPY <<E /etc/passwd
root:x:0:0::/root:/bin/sh
one:x:11:12::/home/one:/bin/sh
E
COPY <<E /etc/group
root:x:0:
one:x:12:
more:x:13:one
E
ARG name=one
USER one
RUN echo "$(id -u) $(id -g) $(id -G) $HOME" >/tmp/name
USER 11
RUN echo "$(id -u) $(id -g)" >/tmp/id
USER 30:more
RUN echo "$(id -u) $(id -g)" >/tmp/mixed
USER 40:50
RUN echo "$(id -u) $(id -g)" >/tmp/ids
USER 60
RUN echo "$(id -u) $(id -g)" >/tmp/unknown
USER $name:13
RUN echo "$(id -u) $(id -g)" >/tmp/variable
END
	made
	imaged
	holds tmp/name '11 12 12 13 /home/one'
	holds tmp/id '11 12'
	holds tmp/mixed '30 13'
	holds tmp/ids '40 50'
	holds tmp/unknown '60 0'
	holds tmp/variable '11 13'
	expect "stored as it is written" '"one:13"' "$(config .config.User)"
	# Nobody needs to know it before something runs.
	dockerfile 'FROM base' 'USER nobody-here' 'COPY <<E /f' 'E'
	build .
	dockerfile 'FROM base' 'USER nobody-here' 'RUN true'
	refused 'unable to find user nobody-here: no matching entries in passwd file'
	dockerfile 'FROM base' 'USER 0:nobody-here' 'RUN true'
	refused 'unable to find group nobody-here: no matching entries in group file'
	dockerfile 'FROM base' 'USER'
	refused 'USER requires exactly one argument'
}

I13_workdir() {
	cat >Dockerfile <<'END'
FROM base
RUN pwd >/first
WORKDIR /a/b
RUN pwd >/abs
WORKDIR c
WORKDIR ../d
RUN pwd >/rel
ENV v=/var/x
WORKDIR $v/y
RUN pwd >/var/expanded
USER 5:6
WORKDIR /mine/own
USER 0
WORKDIR /
RUN stat -c '%n %a %u:%g' /a /a/b /mine /mine/own >/facts; pwd >/last
END
	made
	imaged
	holds first /
	holds abs /a/b
	holds rel /a/b/d
	holds var/expanded /var/x/y
	holds last /
	holds facts "/a 755 0:0
/a/b 755 0:0
/mine 755 5:6
/mine/own 755 5:6"
	expect "in the image" '"/"' "$(config .config.WorkingDir)"
	config .history | grep -q 'WORKDIR /a/b/c' || fail "$(config .history)"
	expect "layer records" '[false,true]' \
		"$(config '[.history[] | select((.created_by // "") | startswith("WORKDIR /a/b/d") or . == "WORKDIR /") | .empty_layer // false]')"
	dockerfile 'FROM scratch' 'WORKDIR rel'
	imaged
	expect "relative" '"/rel"' "$(config .config.WorkingDir)"
	said 'WorkdirRelativePath: Relative workdir "rel" can have unexpected results if the base image changes'
	parent 'WORKDIR /from/parent'
	dockerfile 'FROM parent' 'WORKDIR x'
	imaged
	expect "of the base" '"/from/parent/x"' "$(config .config.WorkingDir)"
	dockerfile 'FROM base' 'COPY <<E /file' 'E' 'WORKDIR /file'
	refused /file
	dockerfile 'FROM scratch' 'WORKDIR'
	refused 'WORKDIR requires exactly one argument'
}

# What it does is with the rules of variables.
I14_arg() {
	dockerfile 'FROM scratch' 'ARG a=1' 'ARG b'
	imaged
	expect "history" '["ARG a=1","ARG b"]' "$(config '[.history[].created_by]')"
	expect "none stays" 0 "$(config '.config.Env' | grep -c a= || true)"
	dockerfile 'FROM scratch' 'ARG'
	refused 'ARG requires at least one argument'
	dockerfile 'FROM scratch' 'ARG =x'
	refused 'ARG names can not be blank'
	dockerfile 'FROM scratch' 'ARG my_password=x'
	imaged
	said 'SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "my_password")'
}

I15_onbuild() {
	cat >Dockerfile <<'END'
FROM base
ONBUILD RUN echo ran >/ran
ONBUILD COPY file /copied
ONBUILD ENV a=1
ONBUILD COPY --from=helper /x /from-stage
ONBUILD RUN --mount=from=helper,target=/h cat /h/x >/from-mount
RUN test ! -e /ran
END
	echo file >file
	build -t parent .
	expect "kept" '["RUN echo ran >/ran","COPY file /copied","ENV a=1","COPY --from=helper /x /from-stage","RUN --mount=from=helper,target=/h cat /h/x >/from-mount"]' \
		"$(varve inspect --part config parent | jq -c .config.OnBuild)"
	cat >Dockerfile <<'END'
FROM scratch AS helper
COPY <<E /x
of helper
E
FROM parent
RUN test -e /ran && echo after >/after
END
	made
	imaged
	holds ran ran
	holds copied file
	holds from-stage "of helper"
	holds from-mount "of helper"
	holds after after
	expect "gone in the child" null "$(config .config.OnBuild)"
	config .config.Env | grep -q '"a=1"' || fail "$(config .config.Env)"
	dockerfile 'FROM base AS p' 'ONBUILD RUN echo stage >/stage' 'FROM p'
	made
	holds stage stage
	for wrong in 'FROM x' 'MAINTAINER x'; do
		dockerfile 'FROM scratch' "ONBUILD $wrong"
		refused "${wrong% x} isn't allowed as an ONBUILD trigger"
	done
	dockerfile 'FROM scratch' 'ONBUILD ONBUILD RUN x'
	refused "Chaining ONBUILD via \`ONBUILD ONBUILD\` isn't allowed"
	dockerfile 'FROM scratch' 'ONBUILD'
	refused 'ONBUILD requires at least one argument'
	# What else is wrong shows in the child.
	dockerfile 'FROM scratch AS p' 'ONBUILD NOSUCH x' 'FROM p'
	refused 'unknown instruction: NOSUCH'
}

I16_stopsignal() {
	for signal in SIGTERM term 9 SIGRTMIN+3 HUP; do
		dockerfile 'FROM scratch' "STOPSIGNAL $signal"
		imaged
		expect "$signal" "\"$signal\"" "$(config .config.StopSignal)"
	done
	for signal in NOSUCH 0x 0 SIG RTMIN+99; do
		dockerfile 'FROM scratch' "STOPSIGNAL $signal"
		refused 'signal'
	done
	dockerfile 'FROM scratch' 'STOPSIGNAL'
	refused 'STOPSIGNAL requires exactly one argument'
}

I17_healthcheck() {
	health() {
		dockerfile 'FROM scratch' "HEALTHCHECK $1"
		imaged
		expect "$1" "$2" "$(config .config.Healthcheck)"
	}
	health 'CMD a b' '{"Test":["CMD-SHELL","a b"]}'
	health 'CMD ["a", "b"]' '{"Test":["CMD","a","b"]}'
	health NONE '{"Test":["NONE"]}'
	health none '{"Test":["NONE"]}'
	health '--interval=1m30s --timeout=3s --start-period=1ms --start-interval=5s --retries=4 CMD x' \
		'{"Test":["CMD-SHELL","x"],"Interval":90000000000,"Timeout":3000000000,"StartPeriod":1000000,"StartInterval":5000000000,"Retries":4}'
	health '--interval=0s --retries=0 CMD x' '{"Test":["CMD-SHELL","x"]}'
	wrong() {
		dockerfile 'FROM scratch' "HEALTHCHECK $1"
		refused "$2"
	}
	wrong '--interval=1us CMD x' 'cannot be less than 1ms'
	wrong '--timeout=x CMD x' 'invalid duration'
	wrong '--interval=5 CMD x' 'missing unit in duration'
	wrong '--retries=-1 CMD x' 'cannot be negative'
	wrong '--retries=x CMD x' 'invalid syntax'
	wrong 'RUN x' 'Unknown type "RUN" in HEALTHCHECK (try CMD)'
	wrong CMD 'Missing command after HEALTHCHECK CMD'
	wrong 'NONE x' 'HEALTHCHECK NONE takes no arguments'
	wrong '' 'HEALTHCHECK requires at least one argument'
	parent 'HEALTHCHECK CMD x'
	dockerfile 'FROM parent'
	imaged
	expect "the base's" '["CMD-SHELL","x"]' "$(config .config.Healthcheck.Test)"
}

I18_shell() {
	cat >Dockerfile <<'END'
FROM base
RUN echo "$0" >/before
SHELL ["/bin/sh", "-e", "-c"]
RUN echo "$-" >/after
RUN ["/bin/sh", "-c", "echo $- >/exec"]
CMD a b
ENTRYPOINT c d
HEALTHCHECK CMD e f
END
	made
	imaged
	holds before /bin/sh
	case $(cat "$OUT/after") in *e*) ;; *) fail "it is another shell" ;; esac
	case $(cat "$OUT/exec") in *e*) fail "it is the same shell" ;; esac
	expect "CMD" '["/bin/sh","-e","-c","a b"]' "$(config .config.Cmd)"
	expect "ENTRYPOINT" '["/bin/sh","-e","-c","c d"]' "$(config .config.Entrypoint)"
	expect "SHELL" '["/bin/sh","-e","-c"]' "$(config .config.Shell)"
	dockerfile 'FROM it' 'RUN echo "$-" >/inherited'
	made
	case $(cat "$OUT/inherited") in *e*) ;; *) fail "it is another shell" ;; esac
	dockerfile 'FROM base AS p' 'SHELL ["/bin/sh", "-e", "-c"]' 'FROM base' 'RUN echo "$-" >/stage'
	made
	case $(cat "$OUT/stage") in *e*) fail "it is the same shell" ;; esac
	dockerfile 'FROM scratch' 'SHELL []'
	refused 'SHELL requires at least one argument'
}

I19_maintainer() {
	dockerfile 'FROM scratch' 'MAINTAINER A  Name <a@b>'
	imaged
	expect "author" '"A  Name <a@b>"' "$(config .author)"
	said 'MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label'
	expect "history" '"MAINTAINER A  Name <a@b>"' "$(config '.history[-1].created_by')"
	dockerfile 'FROM scratch' 'MAINTAINER'
	refused 'MAINTAINER requires exactly one argument'
}

I20_history() {
	echo x >x
	cat >Dockerfile <<'END'
FROM base
ARG arg=1
ENV env=2 other="a b"
COPY x y /
COPY --chown=1:2 --chmod=600 x /z
ADD x /added
RUN echo $arg >/run
RUN ["sh", "-c", "echo"]
RUN <<E
echo heredoc
E
WORKDIR /w
LABEL l=3
EXPOSE 80
VOLUME /v
USER 9
STOPSIGNAL 9
SHELL ["/bin/sh", "-c"]
HEALTHCHECK NONE
ONBUILD RUN x
ENTRYPOINT ["e"]
CMD c d
END
	echo y >y
	imaged
	config '.history[1:][] | [.created_by, .empty_layer // false]' >"$RULE_DIR/history"
	cat >"$RULE_DIR/wanted" <<'END'
["ARG arg=1",true]
["ENV env=2 other=a b",true]
["COPY x y / # buildkit",false]
["COPY --chown=1:2 --chmod=600 x /z # buildkit",false]
["ADD x /added # buildkit",false]
["RUN |1 arg=1 /bin/sh -c echo $arg >/run # buildkit",false]
["RUN |1 arg=1 sh -c echo # buildkit",false]
["RUN |1 arg=1 /bin/sh -c echo heredoc\n # buildkit",false]
["WORKDIR /w",false]
["LABEL l=3",true]
["EXPOSE [80/tcp]",true]
["VOLUME [/v]",true]
["USER 9",true]
["STOPSIGNAL 9",true]
["SHELL [/bin/sh -c]",true]
["HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",true]
["ENTRYPOINT [\"e\"]",true]
["CMD [\"/bin/sh\" \"-c\" \"c d\"]",true]
END
	diff "$RULE_DIR/wanted" "$RULE_DIR/history" || fail "the history is another"
	expect "comments" '["buildkit.dockerfile.v0"]' "$(config '[.history[1:][].comment] | unique')"
	# As many layers as there are records of some.
	expect "layers" "$(config '[.history[] | select(.empty_layer | not)] | length')" \
		"$(varve inspect --part manifest it | jq '.layers | length')"
}

run_rules
