# SPDX-License-Identifier: Apache-2.0
# Steps of one store for another one: --cache-to and --cache-from.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base
said() {
	grep -qF -- "$1" "$LOG" || fail "no word of '$1' in: $(cat "$LOG")"
}
fails() {
	! varve build "$@" >"$LOG" 2>&1 || fail "no failure of: $*"
}
# machine NAME: what has nothing but the base image
machine() {
	rm -rf "$TEST_TMP/store-$1"
	export VARVE_STORE="$TEST_TMP/store-$1"
	varve import --name base "$TEST_TMP/base.tar" >"$TEST_TMP/base.id"
}
cat >"$CONTEXT/Dockerfile" <<'END2'
FROM base AS build
RUN date +%N >/stamp; head -c 300000 /dev/urandom >/large; ln /stamp /link; mkdir -p /d/e; chmod 700 /d
FROM base
COPY Dockerfile /
WORKDIR /w
COPY --from=build /stamp /large /w/
RUN date +%N >/other; head -c 20000000 /dev/zero >/w/sparse; echo x >>/w/sparse
RUN echo y >>/w/sparse; rm /bin/inside
END2
cache=$TEST_TMP/cache

echo "another store runs nothing that this one has run"
machine one
build -t app --cache-to "type=local,dest=$cache,mode=max" "$CONTEXT"
said "exporting cache to client directory"
expect "steps that ran" 6 "$(count DONE)"
varve build -o "$TEST_TMP/first" "$CONTEXT" >"$LOG" 2>&1 || fail "$(cat "$LOG")"
machine two
build --cache-from "type=local,src=$cache" -o "$TEST_TMP/second" "$CONTEXT"
said "importing cache manifest from $cache"
expect "steps that ran" 0 "$(count DONE)"
expect "steps of one that were found" 7 "$(count CACHED)"
(cd "$TEST_TMP/first" && find . | sort | xargs -d '\n' stat -c '%n %a %s %F %h %Y' | sed 's/ [0-9]*$//' && find . -type f | sort | xargs sha256sum) >"$TEST_TMP/a"
(cd "$TEST_TMP/second" && find . | sort | xargs -d '\n' stat -c '%n %a %s %F %h %Y' | sed 's/ [0-9]*$//' && find . -type f | sort | xargs sha256sum) >"$TEST_TMP/b"
cmp "$TEST_TMP/a" "$TEST_TMP/b" || fail "other files: $(diff "$TEST_TMP/a" "$TEST_TMP/b")"
varve fsck >"$LOG" 2>&1 || fail "the store: $(cat "$LOG")"
varve --store "$cache" fsck >"$LOG" 2>&1 || fail "the cache: $(cat "$LOG")"
build "$CONTEXT"
expect "steps that ran without it" 0 "$(count DONE)"

echo "a cache that has it all is not written again"
before=$(du -s --apparent-size "$cache" | cut -f 1)
build --cache-to "type=local,dest=$cache,mode=max" "$CONTEXT"
said "0 new objects"
expect "its size" "$before" "$(du -s --apparent-size "$cache" | cut -f 1)"

echo "mode=min has the steps of the result alone"
build --cache-to "type=local,dest=$TEST_TMP/min" "$CONTEXT"
machine three
build --cache-from "type=local,src=$TEST_TMP/min" "$CONTEXT"
expect "the step of another stage" DONE "$(step '[build 2/2] RUN')"
expect "the first steps of the result" CACHED "$(step 'WORKDIR /w')"

echo "what is not there, or is no cache, is warned of, and the build goes on"
machine four
mkdir "$TEST_TMP/nothing"
for place in "$TEST_TMP/missing" "$TEST_TMP/nothing"; do
	build --cache-from "type=local,src=$place" --cache-from "type=local,src=$cache" "$CONTEXT"
	said "cache '$place' is not used: "
	expect "steps that ran" 0 "$(count DONE)"
done

echo "tags keep caches apart that share their files"
machine five
build --cache-from "type=local,src=$cache,tag=other" "$CONTEXT"
expect "steps that ran" 6 "$(count DONE)"
build --cache-to "type=local,dest=$cache,tag=other" "$CONTEXT"
machine six
build --cache-from "type=local,src=$cache,tag=other" --target build "$CONTEXT"
expect "the other stage" DONE "$(step 'RUN date')"

echo "reset keeps what this build gives, and nothing else"
[ "$(find "$cache" -type f -size 300000c | wc -l)" -gt 0 ] || fail "no large file to be dropped"
printf 'FROM base\nRUN echo small >/small\n' >"$CONTEXT/small"
build -f "$CONTEXT/small" --cache-to "type=local,dest=$cache,reset=true" "$CONTEXT"
expect "large files" 0 "$(find "$cache" -type f -size 300000c | wc -l)"
machine seven
build -f "$CONTEXT/small" --cache-from "type=local,src=$cache" "$CONTEXT"
expect "the step" CACHED "$(step 'RUN echo small')"
build --cache-from "type=local,src=$cache" "$CONTEXT"
expect "steps that ran" 6 "$(count DONE)"

echo "damage is a warning and no hit"
build --cache-to "type=local,dest=$TEST_TMP/bad,mode=max" "$CONTEXT"
machine eight
find "$TEST_TMP/bad" -type f -size +100k | while read -r file; do
	chmod u+w "$file"
	printf 'XXXX' | dd of="$file" bs=1 seek=200 conv=notrunc 2>/dev/null
done
build --cache-from "type=local,src=$TEST_TMP/bad" -o "$TEST_TMP/third" "$CONTEXT"
said "is of no use for a step: "
[ "$(count DONE)" -gt 0 ] || fail "damaged steps were used"
varve fsck >"$LOG" 2>&1 || fail "the store: $(cat "$LOG")"

echo "steps with secrets are not given away"
printf 'FROM base\nRUN --mount=type=secret,id=s cp /run/secrets/s /leaked\n' >"$CONTEXT/secret"
echo hush >"$TEST_TMP/secret"
build -f "$CONTEXT/secret" --secret "id=s,src=$TEST_TMP/secret" \
	--cache-to "type=local,dest=$TEST_TMP/secrets,mode=max" "$CONTEXT"
machine nine
build -f "$CONTEXT/secret" --secret "id=s,src=$TEST_TMP/secret" \
	--cache-from "type=local,src=$TEST_TMP/secrets" "$CONTEXT"
expect "the step" DONE "$(step 'RUN --mount')"

echo "several write at once, and one that is killed leaves nothing half"
rm -rf "$cache"
for i in 1 2 3; do
	printf 'FROM base\nRUN head -c 3000000 /dev/urandom >/x%s; cat /bin/busybox >/y\n' $i >"$CONTEXT/at-once-$i"
	varve build -f "$CONTEXT/at-once-$i" --cache-to "type=local,dest=$cache,mode=max" "$CONTEXT" \
		>"$LOG.$i" 2>&1 &
done
wait
for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
	printf 'FROM base\nRUN head -c 3000000 /dev/urandom >/z%s\n' $delay >"$CONTEXT/killed"
	varve build -f "$CONTEXT/killed" "$CONTEXT" >"$LOG" 2>&1
	varve build -f "$CONTEXT/killed" --cache-to "type=local,dest=$cache" "$CONTEXT" >"$LOG" 2>&1 &
	builder=$!
	sleep $delay
	kill -KILL $builder 2>/dev/null || true
	wait $builder 2>/dev/null || true
	varve --store "$cache" fsck >"$LOG" 2>&1 || fail "killed after $delay: $(cat "$LOG")"
done
machine ten
for i in 1 2 3; do
	build -f "$CONTEXT/at-once-$i" --cache-from "type=local,src=$cache" "$CONTEXT"
	expect "steps of $i that ran" 0 "$(count DONE)"
done

echo "what cannot be written fails the build, unless that is to be ignored"
: >"$TEST_TMP/file"
fails --cache-to "type=local,dest=$TEST_TMP/file/x" -f "$CONTEXT/small" "$CONTEXT"
said "cannot make the directory '$TEST_TMP/file/x'"
build --cache-to "type=local,dest=$TEST_TMP/file/x,ignore-error=true" -f "$CONTEXT/small" "$CONTEXT"
said "cannot make the directory '$TEST_TMP/file/x'"

echo "what is not supported is refused before anything is done"
for type in gha s3 azblob; do
	fails --no-cache --cache-to "type=$type" "$CONTEXT"
	said "type=$type is not supported; use type=registry or type=local"
	expect "steps that ran" 0 "$(count DONE)"
done
fails --cache-from "type=local,src=x,digest=sha256:0" "$CONTEXT"
said "digest is that of a manifest"
fails --cache-to "type=local,dest=x,mode=all" "$CONTEXT"
said "mode=all: it is min or max"
fails --cache-to "type=local" "$CONTEXT"
said "it has no dest"

echo "bake gives and takes them, too"
cat >"$CONTEXT/docker-bake.json" <<END2
{ "target": { "default": { "dockerfile": "small", "cache-to": [ "type=local,dest=$TEST_TMP/baked" ],
	"cache-from": [ "type=local,src=$TEST_TMP/baked" ] } } }
END2
bake() {
	(cd "$CONTEXT" && varve bake --allow "fs=$TEST_TMP" >"$LOG" 2>&1) || fail "bake: $(cat "$LOG")"
}
machine eleven
bake
machine twelve
bake
said "CACHED"
expect "the step" CACHED "$(step 'RUN echo small')"
