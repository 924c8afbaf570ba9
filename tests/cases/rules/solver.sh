# SPDX-License-Identifier: Apache-2.0
# What makes a step the one it is, and in which order steps are done.
. "$RULES_LIB"
. "$SITE_LIB"

# again WHAT WANTED STEP [OPTIONS…]: build, and see how that step went
again() {
	again_what=$1 again_wanted=$2 again_step=$3
	shift 3
	build "$@" .
	expect "$again_what" "$again_wanted" "$(step "$again_step")"
}

S01_keys_outlive_dockerfiles() {
	echo x >x
	dockerfile 'FROM base AS one' 'COPY x /x' 'RUN cat /x'
	build .
	dockerfile '# comment' '' 'FROM base AS other' '# moved' 'COPY x \' '  /x' 'RUN cat /x'
	build .
	expect "a stage of another name, moved lines" 0 "$(count DONE)"
	mkdir ../elsewhere
	cp -r . ../elsewhere/
	build ../elsewhere
	expect "another directory" 0 "$(count DONE)"
	dockerfile 'FROM base AS needless' 'RUN true' 'FROM base' 'COPY x /x' 'RUN cat /x'
	build .
	expect "another order" 0 "$(count DONE)"
}

S02_the_files_of_an_image_count_and_not_its_name() {
	dockerfile 'FROM base' 'RUN true'
	build .
	varve tag base other:tag
	dockerfile 'FROM other:tag' 'RUN true'
	again "another tag" CACHED 'RUN true'
	tar -C "$ROOT" --numeric-owner --owner=0 --group=0 -czf ../again.tar.gz .
	varve import --name third ../again.tar.gz >/dev/null
	dockerfile 'FROM third' 'RUN true'
	again "another archive of the same files" CACHED 'RUN true'
	printf 'FROM base\nLABEL a=b\n' | build -t fourth -
	dockerfile 'FROM fourth' 'RUN true'
	again "another configuration" CACHED 'RUN true'
	printf 'FROM base\nCOPY <<E /new\nE\n' | build -t other:tag -
	dockerfile 'FROM other:tag' 'RUN true'
	again "other files under the name" DONE 'RUN true'
}

S03_what_the_key_of_run_holds() {
	# differs WHAT LINE…: these lines make another step of RUN true
	differs() {
		differs_what=$1
		shift
		dockerfile 'FROM base' "$@"
		again "$differs_what" DONE 'true'
		again "$differs_what again" CACHED 'true'
	}
	differs "the first" 'RUN true'
	differs "words" 'RUN true 1'
	differs "form" 'RUN ["true"]'
	differs "a variable" 'ENV a=1' 'RUN true'
	differs "its value" 'ENV a=2' 'RUN true'
	differs "an argument" 'ARG b=1' 'RUN true'
	differs "the directory" 'WORKDIR /tmp' 'RUN true'
	differs "the user" 'USER 5' 'RUN true'
	differs "the shell" 'SHELL ["/bin/sh", "-xc"]' 'RUN true'
	differs "a mount" 'RUN --mount=type=tmpfs,target=/t true'
	differs "its target" 'RUN --mount=type=tmpfs,target=/u true'
	differs "the network" 'RUN --network=none true'
	differs "the step before" 'RUN echo 1 >/before' 'RUN true'
	differs "a heredoc" 'RUN <<true' 'true 1' 'true'
	differs "its body" 'RUN <<true' 'true 2' 'true'
	dockerfile 'FROM base' 'RUN true'
	again "the host name" DONE 'RUN true' --build-arg BUILDKIT_SANDBOX_HOSTNAME=x
	echo s >../secret
	dockerfile 'FROM base' 'RUN --mount=type=secret,id=s --mount=type=cache,id=c,target=/c true'
	again "with a secret" DONE true --secret id=s,src=../secret
	echo t >../secret
	again "another value" CACHED true --secret id=s,src=../secret
	again "proxies" CACHED true --build-arg http_proxy=http://x --secret id=s,src=../secret
	again "hosts" CACHED true --add-host x:1.2.3.4 --secret id=s,src=../secret
	again "limits" CACHED true --ulimit nofile=99 --shm-size 1m --secret id=s,src=../secret
	sed -i 's/id=c/id=d,sharing=private/' Dockerfile
	again "another cache" CACHED true --secret id=s,src=../secret
	dockerfile 'FROM base' 'LABEL a=b' 'EXPOSE 80' 'CMD x' 'RUN true'
	again "what is no part of it" CACHED 'RUN true'
}

# In full with the rules of copying, K13.
S04_the_files_of_copy_count() {
	mkdir a b
	echo x >a/f
	cp a/f b/f
	dockerfile 'FROM base' 'COPY a/f /f' 'RUN cat /f'
	again first DONE 'COPY a'
	touch -d 2001-01-01 a/f
	again "another time" CACHED 'COPY a'
	dockerfile 'FROM base' 'COPY b/f /f' 'RUN cat /f'
	again "from another directory" CACHED 'COPY b'
	expect "and behind it" CACHED "$(step 'RUN cat')"
	echo y >b/f
	again "other content" DONE 'COPY b'
	expect "and behind it" DONE "$(step 'RUN cat')"
	dockerfile 'FROM base' 'COPY --chmod=600 a/f /f'
	again "a mode" DONE 'COPY --chmod'
	dockerfile 'FROM base' 'COPY --chown=3 a/f /f'
	again "an owner" DONE 'COPY --chown'
}

S05_the_content_of_a_url_counts() {
	start_site
	echo 1 >"$SITE/f"
	dockerfile 'FROM scratch' "ADD $URL/f /f"
	again first DONE ADD
	again "unchanged" CACHED ADD
	echo 2 >"$SITE/f"
	again "changed" DONE ADD
	echo 1 >"$SITE/f"
	again "as before" CACHED ADD
	dockerfile 'FROM scratch' "ADD --chmod=644 $URL/f /f"
	again "with a mode" DONE ADD
	dockerfile 'FROM scratch' "ADD --chown=3:4 $URL/f /f"
	again "with an owner" DONE ADD
}

S06_the_commit_of_a_repository_counts() {
	start_site
	git init -q ../repos/app.git
	echo 1 >../repos/app.git/f
	mkdir ../repos/app.git/d
	echo 1 >../repos/app.git/d/f
	git -C ../repos/app.git add -A
	git -C ../repos/app.git commit -qm 1
	start_git "$RULE_DIR/repos" app.git
	dockerfile 'FROM scratch' "ADD $GIT/app.git /x"
	again first DONE ADD
	again again CACHED ADD
	git -C ../repos/app.git tag v1
	dockerfile 'FROM scratch' "ADD $GIT/app.git#v1 /x"
	again "by another name" CACHED ADD
	dockerfile 'FROM scratch' "ADD $GIT/app.git#v1:d /x"
	again "a directory" DONE ADD
	dockerfile 'FROM scratch' "ADD --keep-git-dir=true $GIT/app.git#v1 /x"
	again "with .git" DONE ADD
	git -C ../repos/app.git commit -q --allow-empty -m 2
	dockerfile 'FROM scratch' "ADD $GIT/app.git /x"
	again "another commit" DONE ADD
}

S07_a_context_is_what_is_taken_from_it() {
	echo x >x
	dockerfile 'FROM scratch' 'COPY x /'
	build .
	cp -a . ../moved
	build ../moved
	expect "elsewhere" 0 "$(count DONE)"
	echo y >../moved/y
	build ../moved
	expect "with another file" 0 "$(count DONE)"
	tar -C ../moved -cf ../moved.tar .
	build - <../moved.tar
	expect "in an archive" 0 "$(count DONE)"
}

S08_workdir_and_copied_heredocs() {
	dockerfile 'FROM base' 'WORKDIR /a' 'COPY <<E f' 'x' 'E'
	build .
	build .
	expect "again" 0 "$(count DONE)"
	dockerfile 'FROM base' 'WORKDIR /b' 'COPY <<E f' 'x' 'E'
	build .
	expect "another directory" 2 "$(count DONE)"
	dockerfile 'FROM base' 'WORKDIR /a' 'COPY <<E f' 'y' 'E'
	build .
	expect "another body" 1 "$(count DONE)"
}

S09_what_makes_no_step() {
	dockerfile 'FROM base' 'ENV a=1' 'LABEL b=1' 'CMD c' 'EXPOSE 1' 'USER 1' 'VOLUME /v' 'RUN true'
	build .
	! grep '^#.*\] \(ENV\|LABEL\|CMD\|EXPOSE\|USER\|VOLUME\)' "$LOG" || fail "they are steps"
	sed -i 's/b=1/b=2/; s/CMD c/CMD d/; s/EXPOSE 1/EXPOSE 2/; s,/v,/w,' Dockerfile
	again "others" CACHED 'RUN true'
	sed -i 's/a=1/a=2/' Dockerfile
	again "another variable" DONE 'RUN true'
}

# In full with the rules of copying, K06.
S10_link_does_not_depend_on_its_base() {
	echo x >x
	dockerfile 'FROM base' 'RUN echo 1 >/1' 'COPY --link x /d/x'
	build .
	dockerfile 'FROM base' 'RUN echo 2 >/1' 'COPY --link x /d/x'
	again "on another base" CACHED 'COPY --link'
	made
	holds 1 2
	holds d/x x
	dockerfile 'FROM base' 'RUN echo 3 >/1' 'COPY --link x /e/x'
	again "to elsewhere" DONE 'COPY --link'
	# Whose it is depends on the base.
	dockerfile 'FROM base' 'RUN echo user:x:7:7:::>/etc/passwd' 'COPY --link --chown=user x /f'
	build .
	dockerfile 'FROM base' 'RUN echo user:x:8:8:::>/etc/passwd' 'COPY --link --chown=user x /f'
	again "for a user of another number" DONE 'COPY --link'
}

S11_steps_can_be_done_anew() {
	dockerfile 'FROM base AS one' 'RUN echo 1 >/f' 'FROM base AS two' 'RUN echo 2 >/f' 'FROM base AS three' \
		'RUN echo 3 >/f' 'FROM scratch' 'COPY --from=one /f /1' 'COPY --from=two /f /2' 'COPY --from=three /f /3'
	build .
	build --no-cache .
	for n in 1 2 3; do expect "all, RUN $n" DONE "$(step "RUN echo $n")"; done
	build --no-cache-filter two .
	expect "of two, one" CACHED "$(step 'RUN echo 1')"
	expect "of two, two" DONE "$(step 'RUN echo 2')"
	build --no-cache-filter one,THREE .
	expect "of one and three, one" DONE "$(step 'RUN echo 1')"
	expect "of one and three, two" CACHED "$(step 'RUN echo 2')"
	expect "of one and three, three" DONE "$(step 'RUN echo 3')"
	# What comes out equal keeps what is behind it.
	dockerfile 'FROM base AS one' 'RUN echo 1 >/f' 'FROM one' 'RUN cat /f'
	build .
	build --no-cache-filter one .
	expect "the stage" DONE "$(step 'RUN echo 1')"
	expect "what is built on it" CACHED "$(step 'RUN cat')"
}

# Nothing is mounted, and no process started, when all is known.
S20_known_steps_need_nothing() {
	dockerfile 'FROM base' 'RUN echo 1 >/1' 'RUN echo 2 >/2' 'COPY <<E /3' 'E'
	build .
	command -v strace >/dev/null || {
		build .
		expect "steps" 0 "$(count DONE)"
		return 0
	}
	strace -f -e trace=clone,clone3,fork,vfork,execve,mount -o "$RULE_DIR/trace" \
		"$VARVE" build . >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	expect "steps" 0 "$(count DONE)"
	expect "programs" 1 "$(grep -c 'execve(.*= 0' "$RULE_DIR/trace")"
	! grep 'mount(' "$RULE_DIR/trace" || fail "it has mounted something"
	# A key that is known already is enough; what is behind it is not done.
	dockerfile 'FROM base' 'RUN echo 1 >/1' 'RUN echo 2 >/2' 'COPY <<E /3' 'E' 'RUN echo 4 >/4'
	build .
	expect "steps" 1 "$(count DONE)"
}

S21_only_what_is_needed() {
	cat >Dockerfile <<'END'
FROM base AS needless
RUN exit 1
FROM nosuch:image AS missing
FROM base AS test-a
RUN echo a >/a
FROM base AS test-b
RUN echo b >/b
FROM base AS last
RUN echo last >/last
END
	build .
	expect "of the last" DONE "$(step 'RUN echo last')"
	expect "of another" "" "$(step 'RUN echo a')"
	silent nosuch
	build --target 'test-*' .
	expect "one that matches" DONE "$(step 'RUN echo a')"
	expect "the other" DONE "$(step 'RUN echo b')"
	expect "none" "" "$(step 'RUN echo last')"
}

S22_equal_steps_are_done_once() {
	cat >Dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,id=n,target=/n echo x >>/n/list; sleep 0.2
FROM base AS two
RUN --mount=type=cache,id=n,target=/n echo x >>/n/list; sleep 0.2
FROM base
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
RUN --mount=type=cache,id=n,target=/n wc -l </n/list >/count
END
	made
	holds count 1
	# Also between builds at once, of which one is given up.
	printf 'FROM base\nRUN --mount=type=cache,id=b,target=/n echo x >>/n/list; touch /n/on; sleep 0.5; cat /n/list >/list\n' >Dockerfile
	varve build . >../first 2>&1 &
	first=$!
	varve build . >../second 2>&1 &
	second=$!
	made
	wait $first || fail "$(cat ../first)"
	wait $second || fail "$(cat ../second)"
	holds list x
}

S23_how_many_at_once() {
	{
		for n in 1 2 3; do
			printf 'FROM base AS s%s\n' $n
			printf 'RUN --mount=type=cache,id=j,target=/j mkdir /j/busy 2>/dev/null || echo %s >>/j/twice; sleep 0.2; rmdir /j/busy 2>/dev/null; true\n' $n
		done
		echo 'FROM base'
		for n in 1 2 3; do echo "COPY --from=s$n /etc/passwd /$n"; done
		echo 'RUN --mount=type=cache,id=j,target=/j cat /j/twice >/twice 2>/dev/null; true'
	} >Dockerfile
	made -j 1
	holds twice ''
	made --no-cache -j 3
	[ -s "$OUT/twice" ] || fail "no two at once"
}

S24_the_first_error_ends_the_others() {
	cat >Dockerfile <<'END'
FROM base AS slow
RUN --mount=type=cache,id=e,target=/e touch /e/on; sleep 60
FROM base AS wrong
RUN --mount=type=cache,id=e,target=/e until test -e /e/on; do sleep 0.02; done; exit 3
FROM base AS fine
RUN echo fine
FROM base
COPY --from=slow /etc/passwd /1
COPY --from=wrong /etc/passwd /2
END
	began=$(date +%s)
	refused 'exit code: 3'
	[ $(($(date +%s) - began)) -lt 20 ] || fail "it took its time"
	said CANCELED
	cat >Dockerfile <<'END'
FROM base AS wrong
RUN sleep 0.1; exit 3
FROM base AS slow
RUN sleep 0.5; echo slow
FROM base
COPY --from=wrong /etc/passwd /1
COPY --from=slow /etc/passwd /2
END
	refused 'exit code: 3' --keep-going
	expect "the other" DONE "$(step 'RUN sleep 0.5')"
}

S25_what_failed_is_not_known_but_kept() {
	dockerfile 'FROM base' 'RUN echo good >/good' 'RUN echo half >/half; test -e /etc/never'
	refused 'exit code: 1'
	at last-failed cat "$AT/half" >../half
	expect "its files" half "$(cat ../half)"
	refused 'exit code: 1'
	expect "it is done again" ERROR "$(step 'RUN echo half')"
}

S26_what_was_done_before_an_error_is_known() {
	dockerfile 'FROM base' 'RUN echo 1 >/1' 'RUN echo 2 >/2' 'RUN exit 1'
	refused 'exit code: 1'
	dockerfile 'FROM base' 'RUN echo 1 >/1' 'RUN echo 2 >/2' 'RUN true'
	build .
	expect "the first" CACHED "$(step 'RUN echo 1')"
	expect "the second" CACHED "$(step 'RUN echo 2')"
	expect "the mended" DONE "$(step 'RUN true')"
}

S27_cancelling_ends_a_step_at_once() {
	dockerfile 'FROM base' 'RUN trap "" TERM INT; echo on; sleep 60; sleep 60'
	env --default-signal=INT "$VARVE" build . >"$LOG" 2>&1 &
	builder=$!
	runs() {
		grep -q '^#[0-9]* [0-9.]* on$' "$LOG"
	}
	wait_for 10 runs
	began=$(date +%s)
	kill -INT $builder
	status=0
	wait $builder || status=$?
	expect "status" 130 $status
	[ $(($(date +%s) - began)) -lt 10 ] || fail "it took its time"
}

S28_results_are_kept_and_layers_made_when_wanted() {
	dockerfile 'FROM base' 'RUN echo 1 >/1'
	build -t it .
	before=$(find "$VARVE_STORE" -type f | wc -l)
	build -t it .
	expect "another process" 0 "$(count DONE)"
	expect "files of the store" "$before" "$(find "$VARVE_STORE" -type f | wc -l)"
	build --output "type=oci,dest=$RULE_DIR/archive" .
	expect "layers" 2 "$(tar -xOf "$RULE_DIR/archive" index.json | jq -r '.manifests[0].digest' |
		sed 's/:/\//; s/^/blobs\//' | xargs tar -xOf "$RULE_DIR/archive" | jq '.layers | length')"
	varve fsck
}

run_rules
