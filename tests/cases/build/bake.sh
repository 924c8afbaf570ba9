# SPDX-License-Identifier: Apache-2.0
# Several builds of one file: side by side, one from another, in one display.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base
cd "$CONTEXT" || exit

bake() {
	varve bake "$@" >"$LOG" 2>&1 || {
		bake_status=$?
		sed 's/^/| /' "$LOG" >&2
		return $bake_status
	}
}

mkdir app
echo file >app/file
cat >app/Dockerfile.app <<'END'
FROM start
ARG WHO
RUN echo "$WHO $(cat /made)" >/app
COPY file /file
END
cat >docker-bake.json <<'END'
{
  "variable": {"TAG": {"default": "v1"}},
  "group": {"default": {"targets": ["app", "lib"]}},
  "target": {
    "common": {"args": {"WHO": "common"}, "labels": {"of": "${TAG}"}},
    "start": {"dockerfile-inline": "FROM base\nRUN echo made >/made\n"},
    "app": {
      "inherits": ["common"],
      "context": "app",
      "dockerfile": "Dockerfile.app",
      "contexts": {"start": "target:start"},
      "tags": ["app:${TAG}"]
    },
    "lib": {
      "matrix": {"n": ["1", "2"]},
      "name": "lib-${n}",
      "dockerfile-inline": "FROM base\nRUN echo shared >/shared\nRUN echo ${n} >/lib-of\n",
      "tags": ["lib:${n}"],
      "output": [{"type": "image"}, {"type": "tar", "dest": "lib-${n}.tar"}]
    }
  }
}
END

echo "all of the default group, and what they need"
bake
expect "from another target" "common made" "$(varve cat app:v1:/app)"
expect "from the context" file "$(varve cat app:v1:/file)"
expect "one of a matrix" 2 "$(varve cat lib:2:/lib-of)"
tar -tf lib-1.tar | grep -q lib-of || fail "there is no lib-of in lib-1.tar"
grep -q '^#[0-9]* \[app 2/3\] RUN echo' "$LOG" || fail "$(cat "$LOG")"
grep -q '^#[0-9]* \[lib-2\] exporting to image' "$LOG" || fail "$(cat "$LOG")"
expect "the label" v1 "$(varve inspect app:v1 | sed -n 's/.*"of": *"\([^"]*\)".*/\1/p' | head -n 1)"
expect "a step of two targets is done once" "CACHED DONE" "$(awk '
	/\[lib-[12] 2\/3\]/ { is[$1] = 1 }
	($1 in is) && $2 ~ /^(DONE|CACHED)$/ { print $2 }' "$LOG" | sort | xargs)"

echo "again: nothing is done"
bake
expect "done" 0 "$(awk '/ [1-9]\/[1-9]\] / { is[$1] = 1 } ($1 in is) && $2 == "DONE"' "$LOG" | wc -l)"

echo "some of them, with other values"
TAG=v2 varve bake --set app.args.WHO=set --metadata-file meta app >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "--set" "set made" "$(varve cat app:v2:/app)"
grep -q '^{"start":{"varve.build":.*"app":{"varve.build":' meta || fail "$(cat meta)"
bake --var TAG=v3 app
varve cat app:v3:/app >/dev/null
expect "--print" '"app:v4"' "$(varve bake --var TAG=v4 --print app | grep -o '"app:v4"')"
expect "--list" "app common lib-1 lib-2 start" "$(varve bake --list targets | sort | xargs)"
varve bake --print | varve bake -f - --print >again
varve bake --print >printed
diff printed again || fail "what is printed is read as something else"

echo "a step that several targets come to at the same time runs once, and is shown once"
cat >shared.json <<'END'
{
  "group": {"default": {"targets": ["n", "from-base"]}},
  "target": {
    "n": {
      "matrix": {"n": ["1", "2", "3", "4"]},
      "name": "n${n}",
      "args": {"N": "${n}"},
      "dockerfile": "Dockerfile.shared"
    },
    "base": {"dockerfile": "Dockerfile.shared", "target": "common"},
    "from-base": {
      "contexts": {"base-of": "target:base"},
      "dockerfile-inline": "FROM base-of\nRUN cat /common >/linked\n",
      "tags": ["linked"]
    }
  }
}
END
cat >Dockerfile.shared <<'END'
FROM base AS common
RUN --mount=type=cache,id=shared-count,target=/c echo was here; echo x >>/c/log; sleep 1; echo common >/common
RUN --mount=type=cache,id=shared-count,target=/c echo y >>/c/log; sleep 0.5
FROM common
ARG N
RUN --mount=type=cache,id=shared-count,target=/c,sharing=locked echo "$N" >>/c/log
END
# ran WORD: how often a step has added it to the log in the cache
ran() {
	printf 'FROM scratch\nCOPY --from=cache:shared-count log /\n' >Dockerfile.log
	varve build --no-cache -q -f Dockerfile.log -t ran . >/dev/null
	varve cat ran:/log | grep -c "^$1\$"
}
bake -f shared.json -j 8
expect "the first step" 1 "$(ran x)"
expect "the second step" 1 "$(ran y)"
expect "an own step of each" "1 1" "$(ran 1) $(ran 4)"
expect "a target as a context" common "$(varve cat linked:/linked)"
expect "how often it is shown" 1 "$(grep -c '^#[0-9]* [0-9.]* was here$' "$LOG")"
bake -f shared.json --no-cache
expect "the first step with --no-cache" 2 "$(ran x)"
expect "the second step with --no-cache" 2 "$(ran y)"
expect "an own step of each with --no-cache" "2 2" "$(ran 1) $(ran 4)"

echo "--jobs counts the steps of all targets"
cat >jobs.json <<'END'
{
  "group": {"default": {"targets": ["j"]}},
  "target": {"j": {
    "matrix": {"n": ["1", "2", "3", "4"]},
    "name": "j${n}",
    "args": {"N": "${n}"},
    "dockerfile": "Dockerfile.jobs"
  }}
}
END
cat >Dockerfile.jobs <<'END'
FROM base AS a
ARG N
RUN --mount=type=cache,id=busy,target=/m mkdir /m/a$N; echo "busy $(ls /m | wc -l)"; sleep 0.5; rmdir /m/a$N
FROM base AS b
ARG N
RUN --mount=type=cache,id=busy,target=/m mkdir /m/b$N; echo "busy $(ls /m | wc -l)"; sleep 0.5; rmdir /m/b$N
FROM a
COPY --from=b /bin/sh /sh
END
# most: the most RUNs that were under way at once
most() {
	awk '$3 == "busy" && $4 > most { most = $4 } END { print most + 0 }' "$LOG"
}
bake -f jobs.json -j 1
expect "at once with -j 1" 1 "$(most)"
bake -f jobs.json -j 3 --no-cache
most=$(most)
test "$most" -le 3 || fail "at once with -j 3: $most"
test "$most" -gt 1 || fail "one by one with -j 3"

echo "--jobserver is one for all targets"
printf 'FROM base\nARG N\nRUN echo "$N [$MAKEFLAGS]"\n' >Dockerfile.make
sed 's/Dockerfile.jobs/Dockerfile.make/' jobs.json >make.json
bake -f make.json --jobserver 2
expect "MAKEFLAGS" 4 "$(grep -c '[0-9] \[-j --jobserver-fds=.*\]$' "$LOG")"
expect "status" 125 "$(code varve bake -f make.json --jobserver many 2>"$LOG")"

echo "the first that fails is the error of all"
cat >fails.json <<'END'
{"target": {
  "good": {"dockerfile-inline": "FROM base\nRUN sleep 60\n"},
  "bad": {"dockerfile-inline": "FROM base\nRUN echo oh >&2; exit 3\n"}
}}
END
expect "status" 1 "$(code varve bake -f fails.json good bad 2>"$LOG")"
grep -q 'ERROR: target bad: failed to build: .*exit code: 3' "$LOG" || fail "$(cat "$LOG")"
grep -q '>>> RUN echo oh' "$LOG" || fail "$(cat "$LOG")"
grep -q '^#[0-9]* CANCELED' "$LOG" || fail "$(cat "$LOG")"

echo "--keep-going ends those alone that need what failed"
cat >keep.json <<'END'
{"target": {
  "good": {"dockerfile-inline": "FROM base\nRUN sleep 1; echo good >/good\n", "tags": ["good"]},
  "bad": {"dockerfile-inline": "FROM base\nRUN exit 3\n"},
  "worse": {"dockerfile-inline": "FROM base\nRUN exit 4\n"},
  "behind": {"contexts": {"b": "target:bad"}, "dockerfile-inline": "FROM b\nRUN true\n"},
  "further": {"contexts": {"b": "target:behind"}, "dockerfile-inline": "FROM b\nRUN true\n"}
}}
END
expect "status" 1 "$(code varve bake -k -f keep.json good worse further 2>"$LOG")"
expect "what needs nothing that failed" good "$(varve cat good:/good)"
grep -q 'ERROR: target bad: failed to build: .*exit code: 3' "$LOG" || fail "$(cat "$LOG")"
grep -q 'ERROR: target worse: failed to build: .*exit code: 4' "$LOG" || fail "$(cat "$LOG")"
grep -q 'ERROR: target behind: not begun: it needs target bad$' "$LOG" || fail "$(cat "$LOG")"
grep -q 'ERROR: target further: not begun: it needs target behind$' "$LOG" || fail "$(cat "$LOG")"

echo "--check of each"
varve bake -f fails.json --check good bad >out 2>"$LOG" || fail "$(cat "$LOG")"
expect "checks" 2 "$(grep -c 'no warnings found' out)"

echo "a compose file"
cat >compose.yaml <<'END'
x-build: &build
  args: {WHO: "${SOMEBODY:-nobody}"}
  dockerfile: Dockerfile.app
services:
  web:
    image: web:latest
    build:
      <<: *build
      context: app
      additional_contexts: [start=docker-image://app:v1]
  other:
    image: elsewhere
END
if varve bake -f compose.yaml --print >out 2>"$LOG"; then
	expect "services" 1 "$(grep -c '"dockerfile"' out)"
	SOMEBODY=me varve bake -f compose.yaml >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	expect "built" "me made" "$(varve cat web:/app)"
else
	grep -q 'without libyaml' "$LOG" || fail "$(cat "$LOG")"
fi

echo "limits of steps, of a bake file and of a compose file"
printf 'FROM base\nRUN df -k /dev/shm | grep -c " 8192 " >/limits; ulimit -n >>/limits\n' >Dockerfile.limits
cat >limits.json <<'END'
{"target": {"default": {
  "dockerfile": "Dockerfile.limits", "shm-size": "8m", "ulimits": ["nofile=77"], "tags": ["limits"]
}}}
END
bake -f limits.json
expect "of a bake file" "1 77" "$(varve cat limits:/limits | xargs)"
expect "status of a resource that is none" 1 "$(code varve bake -f limits.json --resource cpus=2 2>"$LOG")"
grep -q "there is no resource 'cpus'" "$LOG" || fail "$(cat "$LOG")"
cat >limits.yaml <<'END'
services:
  limits:
    image: composed
    build: {context: ., dockerfile: Dockerfile.limits, shm_size: 8m, ulimits: {nofile: {soft: 76, hard: 78}}}
END
if varve bake -f limits.yaml --print >out 2>"$LOG"; then
	varve bake -f limits.yaml --no-cache >"$LOG" 2>&1 || fail "$(cat "$LOG")"
	expect "of a compose file" "1 76" "$(varve cat composed:/limits | xargs)"
fi

echo "what is not understood"
echo 'target "app" {}' >docker-bake.hcl
expect "status" 125 "$(code varve bake 2>"$LOG")"
grep -q 'docker buildx bake --print' "$LOG" || fail "$(cat "$LOG")"
rm docker-bake.hcl
expect "status" 125 "$(code varve bake nothing 2>"$LOG")"
grep -q "there is no target 'nothing'" "$LOG" || fail "$(cat "$LOG")"

echo "a state of a build as the base of another"
printf 'FROM past\nRUN cat /made >/seen\n' >Dockerfile
build -t seen --build-context past=state://app:v1 "$CONTEXT"
expect "an image's" made "$(varve cat seen:/seen)"
build -t seen2 --build-context past=state://last@stage-0:1 "$CONTEXT"
expect "a step's" made "$(varve cat seen2:/seen)"
expect "status" 1 "$(code varve build --build-context past=state://nosuch "$CONTEXT" 2>"$LOG")"
grep -q "state://nosuch: no state" "$LOG" || fail "$(cat "$LOG")"
