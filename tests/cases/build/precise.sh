# SPDX-License-Identifier: Apache-2.0
# varve build --precise: a RUN is done again when something is other than it has seen it.
. "$CASE_LIB"
. "$BUILD_LIB"

for tool in gcc make as; do
	command -v "$tool" >/dev/null || skip "there is no $tool here"
done

# add_program PATH: of the host, with the libraries it needs, into $ROOT
add_program() {
	for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
		[ -e "$ROOT$file" ] && continue
		mkdir -p "$ROOT$(dirname "$file")"
		cp -L "$file" "$ROOT$file"
	done
}
for program in /usr/bin/make /usr/bin/gcc /usr/bin/as "$(gcc -print-prog-name=cc1)"; do
	add_program "$program"
done
make_base

mkdir "$CONTEXT/src" "$CONTEXT/inc" "$CONTEXT/first" "$CONTEXT/docs"
cat >"$CONTEXT/Makefile" <<'END'
app: $(patsubst %.c,%.o,$(wildcard src/*.c))
	cat $^ >$@
%.o: %.c
	gcc -nostdinc -Ifirst -Iinc -c -o $@ $<
END
echo '#include <number.h>
int main(void) { return NUMBER; }' >"$CONTEXT/src/main.c"
echo '#define NUMBER 3' >"$CONTEXT/inc/number.h"
echo '#define UNUSED 4' >"$CONTEXT/inc/unused.h"
echo first >"$CONTEXT/README.md"
echo keep >"$CONTEXT/first/keep"
echo text >"$CONTEXT/docs/text"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
WORKDIR /project
COPY . .
RUN make
RUN wc -c app >/size
END
echo Dockerfile >"$CONTEXT/.dockerignore"

# precise WANTED WHAT: build, and expect make to have been DONE or CACHED
precise() {
	build --precise "$CONTEXT"
	expect "$2: COPY" "${3:-DONE}" "$(step 'COPY . .')"
	expect "$2: make" "$1" "$(step 'RUN make')"
}

# seen PATTERN: what varve explain says was other
seen() {
	varve explain last@stage-0:4 >"$TEST_TMP/why"
	sed -n '/^An earlier run/,/^$/p' "$TEST_TMP/why" | grep -q "^  $1" ||
		fail "not told of $1: $(cat "$TEST_TMP/why")"
}

echo "the first time"
precise DONE "nothing known"

echo "a file that nobody has looked at"
echo second >"$CONTEXT/README.md"
precise CACHED README
expect "the step behind" CACHED "$(step 'wc -c app')"
at last sh -c "cmp $AT/project/README.md $CONTEXT/README.md && [ -s $AT/project/app ] && [ -s $AT/size ]" ||
	fail "the files of the new state"
varve diff last@stage-0:3 last@stage-0:4 >"$TEST_TMP/changes"
expect "what make has changed" "A /project/app
A /project/src/main.o" "$(cat "$TEST_TMP/changes")"
varve log last@stage-0:4 | grep -q 'gcc -nostdinc' || fail "the output of make is gone"

echo "the same files, other times"
touch -d '2001-02-03 04:05:06' "$CONTEXT/src/main.c" "$CONTEXT/Makefile" "$CONTEXT/src"
precise CACHED times CACHED

echo "more where nobody has looked"
echo more >"$CONTEXT/docs/more"
echo '#define UNUSED 5' >"$CONTEXT/inc/unused.h"
precise CACHED "docs/more, inc/unused.h"

echo "without --precise everything counts"
echo third >"$CONTEXT/README.md"
build "$CONTEXT"
expect "make" DONE "$(step 'RUN make')"

echo "after a collection"
varve gc >"$TEST_TMP/gc"
echo fourth >"$CONTEXT/README.md"
precise CACHED README

echo "a header that was read"
echo '#define NUMBER 5' >"$CONTEXT/inc/number.h"
precise DONE "inc/number.h"
seen '/project/inc/number.h: other content'

echo "and back, beside a file that nobody has looked at"
echo '#define NUMBER 3' >"$CONTEXT/inc/number.h"
echo fifth >"$CONTEXT/README.md"
precise CACHED "inc/number.h as it was"

echo "a header that was looked for in vain"
cp "$CONTEXT/inc/number.h" "$CONTEXT/first/number.h"
precise DONE "first/number.h"
seen '/project/first: other names in it'
rm "$CONTEXT/first/number.h"

echo "a file in a directory that was listed"
echo 'int more;' >"$CONTEXT/src/more.c"
precise DONE "src/more.c"
seen '/project/src: other names in it'
rm "$CONTEXT/src/more.c"

echo "a mode"
chmod 600 "$CONTEXT/src/main.c"
precise DONE "mode"
seen '/project/src/main.c: other mode'
chmod 644 "$CONTEXT/src/main.c"

echo "what the kernel remembers of the step before"
rm -r "${CONTEXT:?}"/*
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
WORKDIR /w
COPY . .
RUN cat file other/* 2>/dev/null; ls none; true
RUN cat file other/* >/copy; test -e none || echo none >>/copy
RUN echo * >/list
END
echo one >"$CONTEXT/file"
build --precise "$CONTEXT"
echo two >"$CONTEXT/file"
build --precise "$CONTEXT"
expect "the first to read" DONE "$(step 'cat file other/* 2')"
expect "the second to read" DONE "$(step 'cat file other/* >')"
expect "one that has not" CACHED "$(step 'echo * >')"
at last grep -q two "$AT/copy" || fail "an old copy: $(cat "$AT/copy")"

echo "what mounts show"
mkdir "$CONTEXT/dir"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS made
COPY dir /dir
FROM base
RUN --mount=type=bind,target=/context cat /context/file >/one
RUN --mount=type=bind,from=made,source=/dir,target=/made cat /made/file >/two
RUN --mount=type=bind,from=made,target=/made,rw cat /made/dir/file >/three; echo x >/made/dir/file
RUN --mount=type=cache,target=/cache cat file /cache/file >/four 2>/dev/null; echo x >/cache/file
END
echo one >"$CONTEXT/dir/file"
echo one >"$CONTEXT/dir/other"
build --precise "$CONTEXT"
echo two >"$CONTEXT/other"
echo two >"$CONTEXT/dir/other"
build --precise "$CONTEXT"
expect "steps that ran: COPY" 1 "$(count DONE)"
echo two >"$CONTEXT/dir/file"
build --precise "$CONTEXT"
expect "a context's file that nobody has read" CACHED "$(step 'target=/context')"
expect "a stage's file, read through a part" DONE "$(step 'source=/dir')"
expect "a stage's file, read through all" DONE "$(step 'target=/made,rw')"
at last grep -q two "$AT/three" || fail "an old copy"
varve explain last@stage-1:3 | grep -q '^  /made/dir/file: other content' ||
	fail "$(varve explain last@stage-1:3)"
varve explain --format json last@stage-1:3 | grep -q '"seen":."/made/dir/file: other content".,' ||
	fail "as JSON: $(varve explain --format json last@stage-1:3)"
echo three >"$CONTEXT/file"
build --precise "$CONTEXT"
expect "a context's file that was read" DONE "$(step 'target=/context')"

echo "who a user is"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
COPY passwd /etc/passwd
COPY file /etc/other
USER someone
RUN true
END
echo 'someone:x:0:0::/home/a:/bin/sh' >"$CONTEXT/passwd"
build --precise "$CONTEXT"
echo four >"$CONTEXT/file"
build --precise "$CONTEXT"
expect "the same user" CACHED "$(step 'RUN true')"
echo 'someone:x:0:0::/home/b:/bin/sh' >"$CONTEXT/passwd"
build --precise "$CONTEXT"
expect "another home" DONE "$(step 'RUN true')"

echo "all that can be done to files is done again"
rm -r "${CONTEXT:?}"/*
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
COPY . /w/
RUN cd /w && rm -r gone && mv was/in there && mv was renamed && ln linked second && \
	echo more >>linked && chmod 700 dir && chmod 600 dir/file && rm type && mkdir type && \
	echo x >type/file && ln -sf elsewhere link && mkfifo pipe && mkdir -p new/deep/dir && \
	echo y >new/deep/file && mv replaced replacing
END
mkdir -p "$CONTEXT/gone/deep" "$CONTEXT/was/in" "$CONTEXT/dir"
for file in gone/deep/a gone/b was/in/c was/d dir/file linked type replaced replacing README; do
	echo "$file" >"$CONTEXT/$file"
done
ln -s nowhere "$CONTEXT/link"
build --precise "$CONTEXT"
echo other >"$CONTEXT/README"
build --precise "$CONTEXT"
expect "step" CACHED "$(step 'RUN cd /w')"
describe() {
	(cd "$AT/w" && find . -exec stat -c '%n %F %a %h %N' {} + | sort &&
		find . -type f -exec md5sum {} + | sort -k 2)
}
at last describe >"$TEST_TMP/replayed"
build --precise --no-cache "$CONTEXT"
expect "step" DONE "$(step 'RUN cd /w')"
at last describe >"$TEST_TMP/done"
cmp "$TEST_TMP/replayed" "$TEST_TMP/done" || fail "$(diff "$TEST_TMP/replayed" "$TEST_TMP/done")"

echo "more than can be kept"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN i=0; while [ $i -lt 66000 ]; do test -e /none$i; i=$((i + 1)); done
END
build --precise "$CONTEXT"
grep -q 'not to be found again by what it looked at: more than 65536 names' "$LOG" ||
	fail "no warning: $(cat "$LOG")"
