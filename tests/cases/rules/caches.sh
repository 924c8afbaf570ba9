# SPDX-License-Identifier: Apache-2.0
# RUN --mount=type=cache. Where varve decides otherwise than others, the rule is varve's.
. "$RULES_LIB"

# in_cache OPTIONS -- COMMAND: a RUN of that command, done anew, with the cache at /c
in_cache() {
	cache_options=$1
	shift 2
	dockerfile 'FROM base' "RUN --mount=type=cache,target=/c$cache_options $*"
	made --no-cache
}

# The id alone: neither owner and mode nor what it began with make another cache.
C01_identity() {
	in_cache ,id=one -- 'echo 1 >>/c/list'
	in_cache ,id=one,uid=5,gid=6,mode=700 -- 'echo 2 >>/c/list; cat /c/list >/list'
	holds list "1
2"
	in_cache ,id=one,from=base -- 'echo 3 >>/c/list; cat /c/list >/list'
	holds list "1
2
3"
	in_cache ,id=two -- 'ls /c >/list'
	holds list ''
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=one,target=/c ls /c >/list'
	made --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=other
	holds list ''
}

C02_the_id_is_the_target_as_it_is_written() {
	cat >Dockerfile <<'END'
FROM base
WORKDIR /a
RUN --mount=type=cache,target=cache echo a >cache/f
WORKDIR /b
RUN --mount=type=cache,target=./cache/ cat cache/f >/same
RUN --mount=type=cache,target=/b/cache ls cache >/other
END
	made
	holds same a
	holds other ''
}

C03_one_for_all_dockerfiles() {
	in_cache ,id=all -- 'echo first >/c/f'
	mkdir ../second
	printf 'FROM base\nRUN --mount=type=cache,id=all,target=/elsewhere cat /elsewhere/f >/f\n' \
		>../second/Dockerfile
	build --output "type=local,dest=$OUT" ../second
	holds f first
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=all,target=/c cat /c/f >/f; echo a >/c/by-arch' \
		'ARG TARGETARCH' 'RUN --mount=type=cache,id=all-${TARGETARCH},target=/c ls /c >/list'
	made
	holds list ''
}

C04_shared_users_see_each_other() {
	cat >Dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,id=s,target=/c echo 1 >/c/one; until test -e /c/two; do sleep 0.02; done
FROM base AS two
RUN --mount=type=cache,id=s,target=/c,sharing=shared echo 2 >/c/two; until test -e /c/one; do sleep 0.02; done
FROM base
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
RUN --mount=type=cache,id=s,target=/c cat /c/one /c/two >/both
END
	made
	holds both "1
2"
}

# It begins with what is there, and not empty.
C05_private_users_have_a_warm_copy() {
	cat >Dockerfile <<'END'
FROM base AS zero
RUN --mount=type=cache,id=p,target=/c echo warm >/c/warm
FROM zero AS one
RUN --mount=type=cache,id=p,target=/c,sharing=private --mount=type=cache,id=meet,target=/m \
	cat /c/warm && echo 1 >/c/mine && touch /m/1 && until test -e /m/2; do sleep 0.02; done && cat /c/mine >/mine
FROM zero AS two
RUN --mount=type=cache,id=p,target=/c,sharing=private --mount=type=cache,id=meet,target=/m \
	cat /c/warm && echo 2 >/c/mine && touch /m/2 && until test -e /m/1; do sleep 0.02; done && cat /c/mine >/mine
FROM base
COPY --from=one /mine /1
COPY --from=two /mine /2
RUN --mount=type=cache,id=p,target=/c cat /c/warm >/after
END
	made
	holds 1 1
	holds 2 2
	holds after warm
}

C06_locked_users_wait() {
	cat >Dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,id=l,target=/c,sharing=locked mkdir /c/mine && sleep 0.4 && rmdir /c/mine && echo 1 >>/c/list
FROM base AS two
RUN --mount=type=cache,id=l,target=/c,sharing=locked mkdir /c/mine && sleep 0.4 && rmdir /c/mine && echo 2 >>/c/list
FROM base
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
RUN --mount=type=cache,id=l,target=/c wc -l </c/list >/count
END
	made
	holds count 2
	said 'waiting for cache l held by'
	# Two of them in either order do not wait for each other.
	cat >Dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,id=a,target=/a,sharing=locked --mount=type=cache,id=b,target=/b,sharing=locked sleep 0.2
FROM base AS two
RUN --mount=type=cache,id=b,target=/b,sharing=locked --mount=type=cache,id=a,target=/a,sharing=locked sleep 0.2
FROM base
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
END
	made
	# Nor does a mixture of modes make two of one.
	cat >Dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,id=m,target=/c,sharing=locked echo 1 >/c/1; sleep 0.2
FROM base AS two
RUN --mount=type=cache,id=m,target=/c echo 2 >/c/2; sleep 0.2
FROM base
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
RUN --mount=type=cache,id=m,target=/c ls /c >/list
END
	made
	holds list "1
2"
}

C07_what_it_begins_with() {
	cat >Dockerfile <<'END'
FROM base AS stage
COPY --chmod=600 --chown=7:8 <<E /dir/f
stage
E
FROM base
RUN --mount=type=cache,id=1,target=/c,from=stage,source=dir cat /c/f >/1 && stat -c '%a %u' /c/f >/1-facts && echo more >>/c/f
RUN --mount=type=cache,id=2,target=/c,from=base test -x /c/bin/sh
RUN --mount=type=cache,id=3,target=/c,from=stage,source=/dir,uid=5,mode=700 stat -c '%a %u' /c >/3
RUN --mount=type=cache,id=1,target=/c,from=stage,source=dir cat /c/f >/again
END
	made
	holds 1 stage
	holds 1-facts '600 7'
	holds again "stage
more"
	# Its top is as it is asked for, nevertheless.
	holds 3 '700 5'
	dockerfile 'FROM base' 'RUN --mount=type=cache,target=/c,from=base,source=/no/such true'
	refused '/no/such'
}

C07_a_context_may_be_what_it_begins_with() {
	mkdir -p ../named/seed
	echo context >../named/seed/f
	dockerfile 'FROM base' \
		'RUN --mount=type=cache,target=/c,from=named,source=seed cat /c/f >/f && echo more >>/c/f' \
		'RUN --mount=type=cache,target=/c,from=named,source=seed cat /c/f >/again'
	made --build-context named=../named
	holds f context
	holds again "context
more"
}

C08_owner_and_mode_of_its_top() {
	in_cache ,id=d -- 'stat -c "%a %u:%g" /c >/facts'
	holds facts '755 0:0'
	in_cache ,id=o,uid=5,gid=6,mode=0710 -- 'stat -c "%a %u:%g" /c >/facts'
	holds facts '710 5:6'
	in_cache ,id=o,uid=9,gid=9,mode=0777 -- 'stat -c "%a %u:%g" /c >/facts'
	holds facts '710 5:6'
	dockerfile 'FROM base' 'RUN --mount=type=cache,target=/c,mode=9 true'
	refused 'invalid value 9 for mode'
}

C09_read_only() {
	in_cache ,id=r -- 'echo x >/c/f'
	in_cache ,id=r,ro -- 'cat /c/f >/f; ! echo y 2>/dev/null >/c/f'
	holds f x
	in_cache ,id=r,readonly -- '! touch 2>/dev/null /c/new'
	in_cache ,id=r -- 'ls /c >/list'
	holds list f
}

C10_it_is_no_part_of_the_key() {
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=k,target=/c cat /c/f 2>/dev/null >/f; true'
	made
	in_cache ,id=k -- 'echo x >/c/f'
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=k,target=/c cat /c/f 2>/dev/null >/f; true'
	made
	expect "other content" CACHED "$(step 'RUN --mount')"
	varve cache rm k
	made
	expect "without the cache" CACHED "$(step 'RUN --mount')"
	sed -i 's/id=k/id=j,sharing=locked/' Dockerfile
	made
	expect "another id and way of sharing" CACHED "$(step 'RUN --mount')"
	sed -i 's,target=/c,target=/d,' Dockerfile
	made
	expect "another target" DONE "$(step 'RUN --mount')"
}

# It stays until somebody removes it, by its id.
C11_life() {
	in_cache ,id=keep -- 'echo x >/c/f'
	in_cache ,id=other -- 'echo x >/c/f'
	varve du | grep -q keep || fail "$(varve du)"
	varve prune --force >"$LOG" 2>&1
	varve gc >"$LOG" 2>&1
	in_cache ,id=keep -- 'cat /c/f >/f'
	holds f x
	varve cache rm keep
	in_cache ,id=keep -- 'ls /c >/list'
	holds list ''
	in_cache ,id=other -- 'cat /c/f >/f'
	holds f x
	varve prune --force --all >"$LOG" 2>&1
	expect "with --all" "" "$(varve cache ls --format json | grep '"other"' || true)"
}

# What was written is kept when the step succeeds, and not before.
C12_failure() {
	in_cache ,id=f -- 'echo good >/c/f'
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=f,target=/c echo bad >>/c/f; exit 1'
	refused 'exit code: 1'
	in_cache ,id=f -- 'cat /c/f >/f'
	holds f good
	dockerfile 'FROM base' 'RUN --mount=type=cache,id=f,target=/c echo bad >>/c/f; exit 1'
	refused 'exit code: 1' --cache-commit=always
	in_cache ,id=f -- 'cat /c/f >/f'
	holds f "good
bad"
}

# No part of the image, but there for whoever asks for it by its id.
C13_reach() {
	in_cache ,id=e -- 'echo 1 >/c/f'
	in_cache ,id=e -- 'echo 2 >/c/f'
	lacks c
	varve cache ls | grep -q '^e ' || fail "$(varve cache ls)"
	varve cache mount e "$AT"
	expect "mounted" 2 "$(cat "$AT/f")"
	varve umount "$AT"
	varve cache diff e | grep -q 'M .*f' || fail "$(varve cache diff e)"
	varve cache rollback e
	in_cache ,id=e -- 'cat /c/f >/f'
	holds f 1
}

C14_copy_reads_one() {
	in_cache ,id=app -- 'mkdir /c/dir; echo x >/c/dir/f'
	dockerfile 'FROM scratch' 'COPY --from=cache:app dir/f /f' 'COPY --from=cache:app /dir /d'
	made
	holds f x
	holds d/f x
	made
	expect "again" 0 "$(count DONE)"
	in_cache ,id=app -- 'echo y >/c/dir/f'
	dockerfile 'FROM scratch' 'COPY --from=cache:app dir/f /f' 'COPY --from=cache:app /dir /d'
	made
	holds f y
	dockerfile 'FROM scratch' 'COPY --from=cache:nosuch /f /f'
	refused nosuch
}

run_rules
