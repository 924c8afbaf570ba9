# SPDX-License-Identifier: Apache-2.0
# RUN --mount and the other flags of RUN.
. "$RULES_LIB"

# run_line TEXT: a Dockerfile of this RUN on top of the base
run_line() {
	dockerfile 'FROM base' 'ARG v=value' "RUN $1"
}

R01_bind() {
	mkdir -p src/sub other
	echo x >src/x
	echo y >src/sub/y
	echo z >'src/a,b'
	cat >Dockerfile <<'END'
FROM base AS stage
COPY <<E /s/f
stage
E
FROM base
ARG v=src
RUN --mount=target=/c ls /c/src >/all && ! touch 2>/dev/null /c/src/new
RUN --mount=type=bind,source=src/x,target=/file cat /file >/one
RUN --mount=type=bind,src=/$v,dst=/d cat /d/sub/y >/expanded
RUN --mount=type=bind,from=stage,source=s,destination=/s cat /s/f >/stage
RUN --mount=from=base,target=/image test -x /image/bin/sh
RUN --mount=from=named,target=/n cat /n/f >/named
RUN --mount=TYPE=bind,Source=src,TARGET=/d,RW echo new >/d/x && cat /d/x >/written
RUN --mount=source=src,target=/d,readwrite,readonly=false cat /d/x >/discarded
RUN --mount=type=bind,\"source=src/a,b\",target=/quoted cat /quoted >/comma
WORKDIR /w
RUN --mount=source=src,target=rel cat /w/rel/x >/relative
RUN --mount=source=src,target=/o --mount=source=other,target=/o/sub ls /o/sub >/nested
RUN ls -d /c /file /d /s /n /quoted /w/rel /o 2>/dev/null >/left || true
END
	mkdir ../named
	echo named >../named/f
	made --build-context named=../named
	holds one x
	holds expanded y
	holds stage stage
	holds named named
	holds written new
	holds discarded x
	holds comma z
	holds relative x
	holds nested ''
	# What a step needs and its image lacks is not left there.
	holds left ''
	expect "the context" x "$(cat src/x)"
	grep -q '^sub$' "$OUT/all" || fail "$(cat "$OUT/all")"

	run_line '--mount=source=src,target=/d cat /d/x'
	build .
	build .
	expect "nothing has changed" CACHED "$(step 'RUN --mount')"
	touch other/new
	build .
	expect "what is not selected" CACHED "$(step 'RUN --mount')"
	echo changed >src/sub/y
	build .
	expect "what is selected" DONE "$(step 'RUN --mount')"

	# wrong OPTIONS TEXT
	wrong() {
		run_line "--mount=$1 true"
		refused "$2"
	}
	wrong 'target=/x,nosuch=1' "unexpected key 'nosuch' in 'nosuch=1'"
	wrong 'tagret=/x' "unexpected key 'tagret' in 'tagret=/x' (did you mean target?)"
	wrong 'target=/x,sharing=shared' "sharing"
	wrong 'target=/x,uid=1' 'uid not allowed for "bind" type mounts'
	wrong 'target=/x,mode=1' 'mode not allowed for "bind" type mounts'
	wrong 'type=nosuch,target=/x' 'unsupported mount type "nosuch"'
	wrong 'type=cache,target=/' 'invalid mount target "/"'
	wrong 'target=/x,nokey' "invalid field 'nokey' must be a key=value pair"
	wrong 'target=/x,readonly=perhaps' 'invalid value for readonly: perhaps'
	wrong 'target=/x,source=missing' '"/missing": not found'
	wrong 'target=/x,from=no/such:image' no/such
	wrong 'type=tmpfs' 'invalid mount target "/"'
}

# Their rules are with those of caches.
R02_cache() {
	run_line '--mount=type=cache,target=/c echo x >/c/x'
	build .
	run_line '--mount=type=cache,target=/c cat /c/x >/x'
	made
	holds x x
	run_line '--mount=type=cache,target=/c,sharing=nosuch true'
	refused 'unsupported sharing value "nosuch"'
	run_line '--mount=type=cache,target=/c,required true'
	refused required
	run_line '--mount=type=cache,target=/c,size=1m true'
	refused size
}

R03_tmpfs() {
	run_line '--mount=type=tmpfs,target=/t,size=64k echo x >/t/x && df -k /t >/df && grep " /t " /proc/mounts >/type'
	made
	lacks t
	grep -q '64' "$OUT/df" || fail "$(cat "$OUT/df")"
	grep -q '^tmpfs /t tmpfs ' "$OUT/type" || fail "$(cat "$OUT/type")"
	run_line '--mount=type=tmpfs,target=/t,size=1m dd if=/dev/zero of=/t/x bs=1M count=2 2>/dev/null'
	refused 'exit code: 1'
	run_line '--mount=type=tmpfs,target=/t ls /t >/t-list; df -k /t >/df'
	made
	holds t-list ''
	run_line '--mount=type=tmpfs,target=/t,size=much true'
	refused 'size'
}

R04_secret() {
	printf 'top secret' >../secret
	cat >Dockerfile <<'END'
FROM base
RUN --mount=type=secret,id=s tr a-z b-za </run/secrets/s >/default && stat -c '%a %u:%g' /run/secrets/s >/facts
RUN --mount=type=secret,id=s grep ' /run/secrets/s ' /proc/mounts >/mounts; ! echo x 2>/dev/null >/run/secrets/s
RUN --mount=type=secret,target=/etc/s test -f /etc/s
RUN --mount=type=secret,id=s,target=/own,mode=0440,uid=3,gid=4 stat -c '%a %u:%g' /own >/own-facts
RUN --mount=type=secret,id=s,env=WORD test "$(echo "$WORD" | tr a-z b-za)" = "upq tfdsfu" && test ! -e /run/secrets/s
RUN --mount=type=secret,id=s,env=WORD,target=/both test "$WORD" = "$(cat /both)" && test -n "$WORD"
RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
RUN --mount=type=secret,id=absent,env=WORD test -z "$WORD"
RUN test -z "$WORD" && ls /own /run/secrets /etc/s 2>/dev/null >/left || true
END
	made --secret id=s,src=../secret
	holds default 'upq tfdsfu'
	holds facts '400 0:0'
	holds own-facts '440 3:4'
	holds left ''
	for word in tmpfs ro nosuid nodev noexec; do
		grep -q "[ ,]${word}[ ,]" "$OUT/mounts" || fail "no $word in: $(cat "$OUT/mounts")"
	done
	! grep -rq 'top secret' "$VARVE_STORE" || fail "the store has the secret"
	printf 'another' >../secret
	run_line '--mount=type=secret,id=s cat /run/secrets/s >/dev/null'
	build --secret id=s,src=../secret .
	printf 'value' >../secret
	build --secret id=s,src=../secret .
	expect "another value" CACHED "$(step 'RUN --mount')"
	(export S=of-env && build --no-cache --secret id=s,env=S .)
	(export s=of-env && build --no-cache --secret id=s .)
	run_line '--mount=type=secret,id=absent,required true'
	refused 'secret absent: not found'
	run_line '--mount=type=secret,id=absent,required=true true'
	refused 'secret absent: not found'
	run_line '--mount=type=secret true'
	refused 'invalid secret mount. one of source, target required'
	run_line '--mount=type=secret,id=s,from=base true'
	refused 'secret mount should not have a from'
}

R05_ssh() {
	command -v ssh-agent >/dev/null || return 0
	ssh-agent -a "$RULE_DIR/agent" >"$RULE_DIR/agent.env"
	agent=$(sed -n 's/^SSH_AGENT_PID=\([0-9]*\);.*/\1/p' "$RULE_DIR/agent.env")
	trap 'kill $agent' EXIT
	export SSH_AUTH_SOCK="$RULE_DIR/agent"
	cat >Dockerfile <<'END'
FROM base
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo "$SSH_AUTH_SOCK" >/default && \
	stat -c '%a %u:%g' "$SSH_AUTH_SOCK" >/facts
RUN --mount=type=ssh,id=other,target=/agent,mode=0666,uid=3,gid=4 echo "$SSH_AUTH_SOCK" >/other && \
	stat -c '%a %u:%g' /agent >/other-facts
RUN --mount=type=ssh --mount=type=ssh,id=other test -S /run/buildkit/ssh_agent.0 && \
	test -S /run/buildkit/ssh_agent.1 && echo "$SSH_AUTH_SOCK" >/first
RUN --mount=type=ssh,id=absent test ! -S "$SSH_AUTH_SOCK"
RUN test -z "$SSH_AUTH_SOCK" && test ! -e /run/buildkit
END
	made --ssh default --ssh "other=$RULE_DIR/agent"
	holds default /run/buildkit/ssh_agent.0
	holds facts '600 0:0'
	holds other /agent
	holds other-facts '666 3:4'
	holds first /run/buildkit/ssh_agent.0
	run_line '--mount=type=ssh,id=absent,required true'
	refused absent
	run_line '--mount=type=ssh,source=x true'
	refused 'ssh does not support source'
}

R10_network() {
	cat >Dockerfile <<'END'
FROM base
RUN --network=none ls /sys/class/net >/none; grep -c : /proc/net/dev >/none-count
RUN --network=default cat /proc/net/dev >/default
END
	made
	holds none-count 1
	grep -q lo "$OUT/none" || fail "$(cat "$OUT/none")"
	run_line '--network=host true'
	refused network.host
	run_line '--network=host readlink /proc/self/ns/net >/ns'
	made --allow network.host
	expect "the host's" "$(readlink /proc/self/ns/net)" "$(cat "$OUT/ns")"
	run_line 'grep -c : /proc/net/dev >/count'
	made --network none
	holds count 1
	run_line '--network=nosuch true'
	refused nosuch
}

R11_security() {
	run_line '--security=sandbox grep Seccomp: /proc/self/status >/sandbox'
	made
	holds sandbox "$(printf 'Seccomp:\t2')"
	run_line '--security=insecure true'
	refused security.insecure
	run_line '--security=insecure grep CapEff /proc/self/status >/caps'
	made --allow security.insecure
	case $(cat "$OUT/caps") in *00000000a80425fb) fail "they are those of other steps" ;; esac
	run_line '--security=nosuch true'
	refused nosuch
}

# No device can be had; what can be done without one is done.
R12_device() {
	run_line '--device=vendor.com/class=name touch /done'
	made
	[ -e "$OUT/done" ] || fail "it was not done"
	said 'RUN --device=vendor.com/class=name: devices are not supported'
	run_line '--device=vendor.com/class=name,required true'
	refused "device 'vendor.com/class=name' cannot be given to a step"
	run_line '--device=name=x,nosuch=y true'
	refused nosuch
}

R13_surroundings() {
	cat >Dockerfile <<'END'
FROM base
RUN hostname >/name; env | sort >/env; echo "[$TERM]" >/term
RUN grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status >/status
RUN cat /proc/keys 2>/dev/null | wc -c >/masked; cat /proc/timer_list 2>/dev/null | wc -c >>/masked
RUN for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/x; do echo x 2>/dev/null >$f && echo $f; done >/writable || true
RUN for f in null zero full random urandom tty ptmx pts shm mqueue fd stdin stdout stderr; do test -e /dev/$f || test -L /dev/$f || echo $f; done >/missing
RUN stat -c %a /dev/pts/ptmx >/ptmx; df -k /dev/shm | tail -n 1 >/shm; stat -c %a /dev/shm >>/shm
RUN echo x 2>/dev/null >>/etc/resolv.conf || echo refused >/resolv
RUN echo x 2>/dev/null >>/etc/hosts || echo refused >/hosts-mode
RUN cp /etc/hosts /hosts-seen
RUN cat /proc/self/cgroup >/cgroup
RUN test -t 0 || test -t 1 || echo none >/tty
END
	made
	holds name buildkitsandbox
	holds term '[]'
	grep -q '^CapEff:	00000000a80425fb$' "$OUT/status" || fail "$(cat "$OUT/status")"
	grep -q '^NoNewPrivs:	0$' "$OUT/status" || fail "$(cat "$OUT/status")"
	holds masked "0
0"
	holds writable ''
	holds missing ''
	holds ptmx 666
	grep -q 65536 "$OUT/shm" && grep -q 1777 "$OUT/shm" || fail "$(cat "$OUT/shm")"
	holds resolv refused
	holds hosts-mode refused
	grep -q '127.0.0.1.*localhost' "$OUT/hosts-seen" || fail "$(cat "$OUT/hosts-seen")"
	holds etc/hosts ''
	holds etc/resolv.conf ''
	holds tty none
	! grep -v ':/$' "$OUT/cgroup" || fail "it sees the host's groups"
}

R14_resources() {
	run_line 'df -k /dev/shm | tail -n 1 >/shm; ulimit -n >/files; ulimit -Hn >>/files'
	made --shm-size 32m --ulimit nofile=100:200
	grep -q 32768 "$OUT/shm" || fail "$(cat "$OUT/shm")"
	holds files "100
200"
	made --shm-size 64m --ulimit nofile=300
	expect "with other limits" CACHED "$(step 'RUN df')"
	dockerfile 'FROM scratch'
	for wrong in '--shm-size much' '--ulimit nosuch=1' '--ulimit nofile'; do
		status=0
		# shellcheck disable=SC2086
		varve build $wrong . >"$LOG" 2>&1 || status=$?
		[ $status != 0 ] || fail "it took $wrong"
	done
}

run_rules
