# SPDX-License-Identifier: Apache-2.0
# Whole builds that stand in tables, when there are any: $VARVE_CASES.
. "$CASE_LIB"
. "$BUILD_LIB"

: "${VARVE_CASES:=$VARVE_SOURCE_ROOT/../shared/cases}"
[ -f "$VARVE_CASES/run.py" ] || skip "no tables in '$VARVE_CASES'"
command -v python3 >/dev/null || skip "no python3"

bash "$VARVE_CASES/mkbusybox.sh" "$TEST_TMP/busybox" >/dev/null
varve import --name busybox:latest "$TEST_TMP/busybox/busybox.tar"
for table in integration dockerignore_blackbox; do
	python3 "$VARVE_CASES/run.py" "$VARVE_CASES/$table.jsonl" \
		"$VARVE build {args} --output type=local,dest={out} {ctx}" \
		--root "$TEST_TMP/builds" >"$TEST_TMP/results"
	grep -v '^PASS' "$TEST_TMP/results"
	grep -q ' fail=0 ' "$TEST_TMP/results" || fail "builds of $table"
done
