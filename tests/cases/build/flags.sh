# SPDX-License-Identifier: Apache-2.0
# The options of docker buildx build, one after another: what each does, or that it is said to do
# nothing.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base
cd "$TEST_TMP" || exit

# says TEXT OPTIONS...: a RUN of what the Dockerfile has prints the text
says() {
	wanted=$1
	shift
	build "$@" "$CONTEXT"
	grep -q "^#[0-9]* [0-9.]* $wanted\$" "$LOG" || fail "$*: $(cat "$LOG")"
}
# refused STATUS WORDS OPTIONS...
refused() {
	wanted=$1
	words=$2
	shift 2
	expect "status of $*" "$wanted" "$(code varve build "$@" "$CONTEXT" 2>"$LOG")"
	grep -q -e "$words" "$LOG" || fail "$*: $(cat "$LOG")"
}
dockerfile() {
	{
		echo 'FROM base'
		cat
	} >"$CONTEXT/Dockerfile"
}

echo "--add-host"
echo 'RUN grep some /etc/hosts' | dockerfile
says '10.1.2.3.some.host' --add-host some.host:10.1.2.3
says '10.1.2.4.some.host' --no-cache --add-host some.host=10.1.2.4
refused 1 'host-gateway is not supported' --add-host some.host:host-gateway

echo "--allow"
echo 'RUN --security=insecure echo free' | dockerfile
refused 1 'security.insecure'
says free --allow security.insecure

echo "--annotation, --output"
echo 'COPY Dockerfile /' | dockerfile
build --annotation a.b=c --output type=oci,dest=layout,tar=false "$CONTEXT"
grep -q '"annotations":{"a.b":"c"}' layout/blobs/sha256/* || fail "no annotation"
build -o files "$CONTEXT"
cmp files/Dockerfile "$CONTEXT/Dockerfile"
build -o - "$CONTEXT" 2>/dev/null || true
varve build -o - "$CONTEXT" 2>"$LOG" | tar -t | grep -q Dockerfile || fail "no archive"
refused 125 "there is no output of type 'disk'" -o type=disk

echo "--build-arg, with a value and from the environment"
printf 'ARG A\nARG B\nRUN echo "A=$A B=$B"\n' | dockerfile
B=2 says 'A=1 B=2' --build-arg A=1 --build-arg B
says 'A=1 B=' --build-arg A=1 --build-arg B

echo "--build-context"
mkdir -p other
echo there >other/file
printf 'COPY --from=other file /\nRUN cat /file\n' | dockerfile
says there --build-context other=other
refused 1 'NAME=DIRECTORY' --build-context other

echo "--cache-commit"
printf 'RUN --mount=type=cache,target=/c echo kept >/c/x; false\n' | dockerfile
refused 1 'exit code: 1' --cache-commit always
printf 'RUN --mount=type=cache,target=/c cat /c/x\n' | dockerfile
says kept
refused 125 "takes one of 'success', 'always'" --cache-commit never

echo "--call, --check"
printf 'RUN true\n' | dockerfile
expect "--check" "Check complete, no warnings found." "$(varve build --check "$CONTEXT" 2>"$LOG")"
expect "--call" "Check complete, no warnings found." "$(varve build --call lint "$CONTEXT" 2>"$LOG")"
refused 125 'one of build, check, outline and targets' --call other

echo "--debug"
printf 'RUN true\nMAINTAINER me\n' | dockerfile
varve --debug build "$CONTEXT" >"$LOG" 2>&1
grep -q 'MaintainerDeprecated: Maintainer instruction' "$LOG" || fail "$(cat "$LOG")"
varve build -D "$CONTEXT" >"$LOG" 2>&1

echo "--file, and standard input"
printf 'FROM base\nRUN echo other\n' >elsewhere
says other -f elsewhere
varve build -f - "$CONTEXT" <elsewhere >"$LOG" 2>&1 || fail "$(cat "$LOG")"
varve build - <elsewhere >"$LOG" 2>&1 || fail "$(cat "$LOG")"
refused 1 'nosuch' -f nosuch

echo "--iidfile, --metadata-file, --quiet, --tag, --load"
printf 'RUN true\n' | dockerfile
build --iidfile iid --metadata-file meta -t one -t two:2 --load "$CONTEXT"
expect_match "--iidfile" 'sha256:????????*' "$(cat iid)"
grep -q '"image.name":"docker.io/library/one:latest,docker.io/library/two:2"' meta || fail "$(cat meta)"
expect "--quiet" "$(cat iid)" "$(varve build -q "$CONTEXT" 2>"$LOG")"
expect "nothing else" '' "$(cat "$LOG")"
expect "both names" "one two" "$(varve images | awk '/^(one|two):/ { sub(/:.*/, "", $1); print $1 }' | sort | xargs)"
refused 1 'UPPER' -t UPPER

echo "--jobs"
printf 'RUN true\n' | dockerfile
build -j 1 "$CONTEXT"
refused 125 "'-j' takes a number\|takes" -j many

echo "--label"
build --label x=1 -t labelled "$CONTEXT"
varve inspect labelled | grep -q '"x": *"1"' || fail "$(varve inspect labelled)"

echo "--network"
printf 'RUN ip link | grep -c : || true\n' | dockerfile
build --network none "$CONTEXT"
refused 125 "takes one of 'default', 'none', 'host'" --network bridge

echo "--no-cache, --no-cache-filter"
printf 'RUN echo one\nFROM base AS b\nCOPY --from=0 /etc/passwd /\nRUN echo two\n' | dockerfile
build "$CONTEXT"
build "$CONTEXT"
expect "cached" 0 "$(count DONE)"
build --no-cache-filter b "$CONTEXT"
expect "two" DONE "$(step 'RUN echo two')"
build --no-cache "$CONTEXT"
expect "one" DONE "$(step 'RUN echo one')"

echo "--platform"
printf 'ARG TARGETPLATFORM\nRUN echo "for $TARGETPLATFORM"\n' | dockerfile
host=$(varve build --call=outline "$CONTEXT" 2>/dev/null | awk '$1 == "TARGETPLATFORM" { print $2 }')
[ -n "$host" ] || host=linux/$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
says "for $host" --platform "$host"
refused 1 'one platform at a time' --platform linux/amd64,linux/arm64

echo "--progress"
for mode in plain quiet rawjson none auto; do
	build --progress "$mode" "$CONTEXT"
done
refused 125 "takes one of 'auto'" --progress loud

echo "--push"
refused 1 'it takes a name to push to' --push

echo "--secret, --ssh"
echo hush >secret
printf 'RUN --mount=type=secret,id=s cat /run/secrets/s\n' | dockerfile
says hush --secret id=s,src=secret
S=other says other --no-cache --secret id=s,env=S
refused 1 'key' --secret key=s

echo "--shm-size, --ulimit"
printf 'RUN df -k /dev/shm | tail -n 1 | grep -o "  *8192 " | tr -d " "; ulimit -n\n' | dockerfile
says 8192 --shm-size 8m
says 77 --no-cache --ulimit nofile=77
refused 1 'nosuch' --ulimit nosuch=1

echo "--target"
printf 'RUN echo first\nFROM base\nRUN false\n' | dockerfile
sed -i '1s/$/ AS one/' "$CONTEXT/Dockerfile"
says first --no-cache --target one
refused 1 'none' --target none

echo "what has no effect says so, and is no error"
printf 'RUN true\n' | dockerfile
for option in --attest=type=sbom --builder=x --cache-from=x --cache-to=type=inline --cgroup-parent=x \
	--policy=x --provenance=false --resource=memory=1g --sbom=true \
	--memory=1g -m1g --memory-swap=1g --cpu-shares=1 -c1 --cpu-period=1 --cpu-quota=1 \
	--cpuset-cpus=0 --cpuset-mems=0 --compress --isolation=default --security-opt=x --rm \
	--force-rm --print=outline; do
	build "$option" "$CONTEXT"
	grep -q -e 'has no effect: ' "$LOG" || fail "$option: $(cat "$LOG")"
done
build --squash "$CONTEXT"
refused 125 "unknown option '--nosuch'" --nosuch
