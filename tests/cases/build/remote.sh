# SPDX-License-Identifier: Apache-2.0
# Files from elsewhere: archives as contexts, URLs, git repositories. All servers are on loopback.
. "$CASE_LIB"
. "$BUILD_LIB"
. "$SITE_LIB"
make_base
start_site

# out FILE: of the image that was built last
out() {
	cat "$TEST_TMP/out/$1"
}

build_out() {
	rm -rf "$TEST_TMP/out"
	build --output "type=local,dest=$TEST_TMP/out" "$@"
}

echo "X01 an archive on standard input is the context, compressed or not"
mkdir -p "$CONTEXT/sub"
printf 'FROM scratch\nCOPY . /\n' >"$CONTEXT/Dockerfile"
printf 'FROM scratch\nCOPY sub/word /other\n' >"$CONTEXT/sub/Dockerfile.other"
echo hello >"$CONTEXT/sub/word"
echo sub >"$CONTEXT/.dockerignore"
for how in cf czf cjf cJf; do
	rm -f "$TEST_TMP/context.tar"
	tar -C "$CONTEXT" -$how "$TEST_TMP/context.tar" .
	build_out - <"$TEST_TMP/context.tar"
	expect "the file with $how" hello "$(out sub/word)"
done
expect "all of it again" CACHED "$(step 'COPY . /')"
build_out -f sub/Dockerfile.other - <"$TEST_TMP/context.tar"
expect "another Dockerfile" hello "$(out other)"
expect "status" 1 "$(code varve build -f nosuch - <"$TEST_TMP/context.tar" 2>"$LOG")"
grep -q "no Dockerfile 'nosuch'" "$LOG" || fail "$(cat "$LOG")"
printf 'FROM base\nRUN --mount=target=/c cp /c/sub/word /word\n' >"$CONTEXT/Dockerfile"
tar -C "$CONTEXT" -czf "$TEST_TMP/context.tar" .
build_out - <"$TEST_TMP/context.tar"
expect "a bind mount of it" hello "$(out word)"

echo "a Dockerfile on standard input still is one"
printf 'FROM scratch\nCOPY <<E /x\nfrom stdin\nE\n' | build_out -
expect "its file" "from stdin" "$(out x)"
expect "status" 1 "$(printf 'FROM scratch\n' | code varve build -f "$CONTEXT/Dockerfile" - 2>"$LOG")"

echo "nothing in an archive leads out of it"
python3 - "$TEST_TMP/evil.tar" <<'END'
import io, sys, tarfile
with tarfile.open(sys.argv[1], 'w') as tar:
    for name in 'Dockerfile', '../../escaped':
        info = tarfile.TarInfo(name)
        info.size = 13
        tar.addfile(info, io.BytesIO(b'FROM scratch\n'))
END
code varve build - <"$TEST_TMP/evil.tar" >"$LOG" 2>&1
[ -z "$(find "$TEST_TMP" -name escaped)" ] || fail "it escaped"

echo "X01 URLs: an archive is the context, anything else the Dockerfile"
cp "$TEST_TMP/context.tar" "$SITE/context.tar.gz"
build_out "$URL/context.tar.gz"
expect "the file" hello "$(out word)"
printf 'FROM scratch\nCOPY <<E /x\nfrom afar\nE\n' >"$SITE/recipe"
build_out "$URL/moved/recipe"
expect "the file" "from afar" "$(out x)"
expect "status" 1 "$(code varve build "$URL/nosuch" 2>"$LOG")"
grep -q "invalid response status 404 for '$URL/nosuch'" "$LOG" || fail "$(cat "$LOG")"

echo "X03 and named contexts"
printf 'FROM scratch\nCOPY --from=far sub/word /\n' >"$CONTEXT/Dockerfile"
build_out --build-context "far=$URL/context.tar.gz" "$CONTEXT"
expect "the file" hello "$(out word)"
printf 'FROM far\n' >"$CONTEXT/Dockerfile"
build_out --build-context "far=$URL/context.tar.gz" "$CONTEXT"
expect "the file" hello "$(out sub/word)"

echo "K11 ADD of a URL: mode 0600, the server's time, the name of the URL"
head -c 300000 /dev/urandom >"$SITE/large"
echo tiny >"$SITE/tiny"
cat >"$CONTEXT/Dockerfile" <<END
FROM base
ADD $URL/large $URL/tiny?x=1 /added/
ADD --chmod=644 $URL/tiny /renamed
RUN stat -c '%a %u %Y' /added/large /added/tiny /renamed >/facts
END
build_out "$CONTEXT"
cmp "$SITE/large" "$TEST_TMP/out/added/large" || fail "it is another file"
expect "facts" "600 0 1420070400
600 0 1420070400
644 0 1420070400" "$(out facts)"

echo "K11 what has not changed is not fetched again"
: >"$TEST_TMP/asked"
build "$CONTEXT"
expect "steps" 3 "$(count CACHED | sed 's/4/3/')"
expect "answers 200" 0 "$(asked '" 200')"
expect "answers 304" 3 "$(asked '" 304')"
build --no-cache "$CONTEXT"
expect "answers 200" 0 "$(asked '" 200')"
echo other >"$SITE/tiny"
build_out "$CONTEXT"
expect "the new one" other "$(out renamed)"

echo "K11 --checksum asks nobody when it is known, and refuses another file"
digest=$(sha256sum <"$SITE/large" | cut -d ' ' -f 1)
printf 'FROM scratch\nADD --checksum=sha256:%s %s/large /x\n' "$digest" "$URL" >"$CONTEXT/Dockerfile"
: >"$TEST_TMP/asked"
build_out "$CONTEXT"
cmp "$SITE/large" "$TEST_TMP/out/x" || fail "it is another file"
expect "requests" 0 "$(asked GET)"
printf 'FROM scratch\nADD --checksum=sha256:%s %s/tiny /x\n' "$digest" "$URL" >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q 'digest mismatch' "$LOG" || fail "$(cat "$LOG")"

echo "K11 secrets open the way"
echo hidden >"$SITE/private/file"
printf 'FROM scratch\nADD %s/private/file /x\n' "$URL" >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q 'invalid response status 401' "$LOG" || fail "$(cat "$LOG")"
TOKEN=letmein build_out --secret "id=HTTP_AUTH_TOKEN_${URL#http://},env=TOKEN" "$CONTEXT"
expect "the file" hidden "$(out x)"

echo "K10 archives from a URL are unpacked when it is asked for"
printf 'FROM scratch\nADD %s/context.tar.gz /kept/\nADD --unpack=true %s/context.tar.gz /open/\n' \
	"$URL" "$URL" >"$CONTEXT/Dockerfile"
build_out "$CONTEXT"
expect "unpacked" hello "$(out open/sub/word)"
cmp "$SITE/context.tar.gz" "$TEST_TMP/out/kept/context.tar.gz" || fail "it was unpacked"

# A repository with a branch, a tag, a submodule.
commit() {
	git -C "$1" add -A && git -C "$1" commit -qm "$2"
}
REPO=$TEST_TMP/repos/app.git
mkdir -p "$TEST_TMP/repos"
git init -q "$TEST_TMP/repos/part.git"
echo part >"$TEST_TMP/repos/part.git/part"
commit "$TEST_TMP/repos/part.git" part
git init -q "$REPO"
mkdir "$REPO/dir"
printf 'FROM scratch\nCOPY . /\n' >"$REPO/Dockerfile"
printf 'FROM scratch\nCOPY . /\n' >"$REPO/dir/Dockerfile"
echo first >"$REPO/word"
echo below >"$REPO/dir/word"
commit "$REPO" first
git -C "$REPO" tag -a v1 -m v1
first=$(git -C "$REPO" rev-parse HEAD)
git -C "$REPO" checkout -q -b next
echo second >"$REPO/word"
commit "$REPO" second
git -C "$REPO" checkout -q main

echo "X01 a repository is the context"
build_out "file://$REPO"
expect "the branch" first "$(out word)"
[ ! -e "$TEST_TMP/out/.git" ] || fail ".git is there"
build_out "file://$REPO#next"
expect "another branch" second "$(out word)"
build_out "file://$REPO#v1:dir"
expect "a directory of it" below "$(out word)"
build_out "file://$REPO?branch=next&commit=$(git -C "$REPO" rev-parse --short=12 next)"
expect "with a commit" second "$(out word)"
build_out --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 "file://$REPO"
[ -e "$TEST_TMP/out/.git/HEAD" ] || fail ".git is not there"
printf 'FROM scratch\nCOPY --from=app word /x\n' >"$CONTEXT/Dockerfile"
build_out --build-context "app=file://$REPO#next" "$CONTEXT"
expect "a named context" second "$(out x)"
expect "status" 1 "$(code varve build "file://$REPO#nosuch" 2>"$LOG")"
grep -q "does not contain ref 'nosuch'" "$LOG" || fail "$(cat "$LOG")"

start_git "$TEST_TMP/repos" part.git
git -C "$REPO" submodule --quiet add "$GIT/part.git" sub >/dev/null 2>&1
commit "$REPO" "with a submodule"

echo "K12 ADD of a repository"
cat >"$CONTEXT/Dockerfile" <<END
FROM scratch
ADD $GIT/app.git /all/
ADD $GIT/app.git#v1:dir /part/
ADD --keep-git-dir=true $GIT/app.git#next /kept/
ADD --checksum=$first $GIT/app.git?tag=v1 /checked/
END
build_out "$CONTEXT"
expect "the branch" first "$(out all/word)"
expect "the submodule" part "$(out all/sub/part)"
[ ! -e "$TEST_TMP/out/all/.git" ] && [ ! -e "$TEST_TMP/out/all/sub/.git" ] || fail ".git is there"
expect "a directory" below "$(out part/word)"
expect "the commit in .git" "$(git -C "$REPO" rev-parse next)" "$(out kept/.git/HEAD)"
expect "by its commit" first "$(out checked/word)"
build "$CONTEXT"
expect "steps that are done again" 0 "$(count DONE)"
echo third >"$REPO/word"
commit "$REPO" third
build_out "$CONTEXT"
expect "what is new" third "$(out all/word)"

echo "K12 another commit than the checksum says, and what a Dockerfile may not name"
printf 'FROM scratch\nADD --checksum=%s %s/app.git#next /x\n' "$first" "$GIT" >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q "expected checksum to match $first" "$LOG" || fail "$(cat "$LOG")"
printf 'FROM scratch\nADD file://%s /x\n' "$REPO" >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
printf 'FROM scratch\nADD %s/app.git#--upload-pack=x /x\n' "$GIT" >"$CONTEXT/Dockerfile"
expect "status" 1 "$(LOG=$LOG code build "$CONTEXT" 2>/dev/null)"
grep -q 'no name of a branch' "$LOG" || fail "$(cat "$LOG")"

echo "nothing that was fetched stays behind"
expect "temporary files" "" "$(ls "$VARVE_STORE/tmp")"
