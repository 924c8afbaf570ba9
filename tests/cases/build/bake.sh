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
