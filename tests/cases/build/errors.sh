# SPDX-License-Identifier: Apache-2.0
# What a user is told when something is wrong.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base

# refuse STATUS TEXT OPTIONS…
refuse() {
	wanted=$1 text=$2
	shift 2
	status=0
	varve build "$@" >"$LOG" 2>&1 || status=$?
	expect "status of: $*" "$wanted" $status
	grep -qF -- "$text" "$LOG" || fail "no word of '$text' in: $(cat "$LOG")"
}

echo "a RUN that fails shows its last lines and its place"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN true
RUN echo useful words; \
    exit 42
END
refuse 1 'did not complete successfully: exit code: 42' "$CONTEXT"
grep -q '^ > \[3/3\] RUN echo useful words' "$LOG" || fail "no name of the step"
grep -q '^[0-9.]* useful words$' "$LOG" || fail "no last lines"
grep -q '^Dockerfile:3$' "$LOG" || fail "no place"
grep -q '^   3 | >>> RUN echo useful words; ' "$LOG" || fail "no excerpt"
grep -q '^   4 | >>>     exit 42$' "$LOG" || fail "no second line of the excerpt"
grep -q '^   2 |     RUN true$' "$LOG" || fail "no line around it"

echo "a program killed by a signal"
printf 'FROM base\nRUN kill -9 $$\n' >"$CONTEXT/Dockerfile"
refuse 1 'exit code: 137' "$CONTEXT"

echo "a parse error has file, line and column"
printf 'FROM base\nRUNN x\n' >"$CONTEXT/Dockerfile"
refuse 1 'Dockerfile:2' "$CONTEXT"
refuse 1 'did you mean RUN?' "$CONTEXT"
printf 'FROM base\nCOPY --form=x a b\n' >"$CONTEXT/Dockerfile"
refuse 1 'Dockerfile:2:' "$CONTEXT"

echo "what is missing is named"
printf 'FROM nosuch:image\n' >"$CONTEXT/Dockerfile"
refuse 1 "nosuch:image" "$CONTEXT"
printf 'FROM base\nCOPY nosuch /\n' >"$CONTEXT/Dockerfile"
refuse 1 'nosuch' "$CONTEXT"
printf 'FROM base\nCOPY --from=nosuch /a /\n' >"$CONTEXT/Dockerfile"
refuse 1 'nosuch' "$CONTEXT"
refuse 1 "$TEST_TMP/nowhere" "$TEST_TMP/nowhere"
mkdir "$TEST_TMP/empty"
refuse 1 'Dockerfile' "$TEST_TMP/empty"
printf 'FROM base\nUSER nosuch\nRUN true\n' >"$CONTEXT/Dockerfile"
refuse 1 'nosuch' "$CONTEXT"
printf 'FROM base\nRUN ["/no/such/program"]\n' >"$CONTEXT/Dockerfile"
refuse 1 '/no/such/program' "$CONTEXT"

echo "options that make no sense"
printf 'FROM base\n' >"$CONTEXT/Dockerfile"
refuse 125 "--nosuch" --nosuch "$CONTEXT"
refuse 125 "nosuch" --output type=nosuch "$CONTEXT"
refuse 1 "Bad_Name" -t Bad_Name "$CONTEXT"
refuse 1 "nosuch" --target nosuch "$CONTEXT"
refuse 1 "nosuch" --secret id=x,src=nosuch "$CONTEXT"
refuse 1 "it takes a name to push to" --push "$CONTEXT"

echo "too few files may be open: which limit it is, and what raises it"
(
	echo "FROM base AS begin"
	for i in 1 2 3 4 5 6 7 8; do
		printf 'FROM begin AS s%s\nRUN sleep 1; echo %s >/o\n' $i $i
	done
	echo "FROM base"
	for i in 1 2 3 4 5 6 7 8; do echo "COPY --from=s$i /o /o$i"; done
) >"$CONTEXT/Dockerfile"
(
	# shellcheck disable=SC3045 # every sh of ours has it
	ulimit -n 40
	refuse 1 "ulimit -Hn" "$CONTEXT"
)

echo "nothing of all that is left"
printf 'FROM base\n' >"$CONTEXT/Dockerfile"
! mount | grep -F "$TEST_TMP" || fail "a mount stayed"
build "$CONTEXT"
