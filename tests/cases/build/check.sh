# SPDX-License-Identifier: Apache-2.0
# What is said of a Dockerfile without building it: --check, --call.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

echo "findings are listed after the build, and build nothing less"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS Base
WORKDIR here
RUN true
END
build "$CONTEXT"
grep -q ' warnings found (use --debug to expand):$' "$LOG" || fail "$(cat "$LOG")"
grep -q "^ - StageNameCasing: Stage name 'Base' should be lowercase (line 1)$" "$LOG" ||
	fail "$(cat "$LOG")"

echo "--check lists them on standard output, with their lines, and exits with 1"
expect "status" 1 "$(code varve build --check "$CONTEXT" 2>"$LOG" | tail -n 1)"
varve build --check "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG" || true
cat >"$TEST_TMP/wanted" <<'END'
Check complete, 2 warnings have been found!

WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/
Stage name 'Base' should be lowercase
Dockerfile:1
--------------------
   1 | >>> FROM base AS Base
   2 |     WORKDIR here
   3 |     RUN true
--------------------

WARNING: WorkdirRelativePath - https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/
Relative workdir "here" can have unexpected results if the base image changes
Dockerfile:2
--------------------
   1 |     FROM base AS Base
   2 | >>> WORKDIR here
   3 |     RUN true
   4 |     
--------------------
END
diff "$TEST_TMP/wanted" "$TEST_TMP/out" || fail "the check says something else"
expect "steps" 0 "$(count DONE)"
expect "status" 0 "$(code varve build --call=check,ignorestatus=true "$CONTEXT" 2>"$LOG" | tail -n 1)"

echo "skipping rules, and making an error of them"
sed -i '1i # check=skip=all' "$CONTEXT/Dockerfile"
expect "check" "Check complete, no warnings found." "$(varve build --check "$CONTEXT" 2>"$LOG")"
sed -i '1s/.*/# check=skip=StageNameCasing;error=true/' "$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q 'lint violation found for rules: WorkdirRelativePath' "$LOG" || fail "$(cat "$LOG")"
expect "steps" 0 "$(count DONE)"
build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all "$CONTEXT"

echo "what is wrong does not hide what was found, and images need not be there"
printf 'FROM nosuch\nMAINTAINER me\nUSER $x\nNONSENSE\n' >"$CONTEXT/Dockerfile"
varve build --check "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG" && fail "nonsense is fine"
grep -q 'MaintainerDeprecated' "$TEST_TMP/out" || fail "$(cat "$TEST_TMP/out")"
grep -q 'unknown instruction: NONSENSE' "$LOG" || fail "$(cat "$LOG")"
sed -i '/NONSENSE/d' "$CONTEXT/Dockerfile"
varve build --check "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG" && fail "MAINTAINER is fine"
grep -q '1 warning has been found' "$TEST_TMP/out" || fail "$(cat "$TEST_TMP/out")"
grep -q "image 'nosuch' is not at hand" "$LOG" || fail "$(cat "$LOG")"

echo "X07 a file that .dockerignore keeps out"
printf 'FROM base\nCOPY gone /\n' >"$CONTEXT/Dockerfile"
echo gone >"$CONTEXT/.dockerignore"
touch "$CONTEXT/gone"
varve build --check "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG" && fail "an ignored file is fine"
grep -q 'Attempting to Copy file "gone" that is excluded by .dockerignore' "$TEST_TMP/out" ||
	fail "$(cat "$TEST_TMP/out")"

echo "--call=outline and targets"
cat >"$CONTEXT/Dockerfile" <<'END'
# VERSION what to build
ARG VERSION=1
# tools what builds it
FROM base AS tools
FROM base:$VERSION AS app
RUN --mount=type=secret,id=key,required true
END
varve build --call=outline "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG"
cat >"$TEST_TMP/wanted" <<'END'
TARGET: app

BUILD ARG   VALUE   DESCRIPTION
VERSION     1       what to build

SECRET   REQUIRED
key      true

END
diff "$TEST_TMP/wanted" "$TEST_TMP/out" || fail "the outline says something else"
varve build --call=targets "$CONTEXT" >"$TEST_TMP/out" 2>"$LOG"
cat >"$TEST_TMP/wanted" <<'END'
TARGET        DESCRIPTION
tools         what builds it
app (default) 
END
diff "$TEST_TMP/wanted" "$TEST_TMP/out" || fail "the list of targets says something else"
if command -v python3 >/dev/null; then
	for what in check outline targets; do
		varve build --call=$what,format=json "$CONTEXT" 2>"$LOG" | python3 -m json.tool \
			>"$TEST_TMP/out" || fail "no JSON of $what"
	done
	grep -q '"base:$VERSION"' "$TEST_TMP/out" || fail "$(cat "$TEST_TMP/out")"
fi
