# SPDX-License-Identifier: Apache-2.0
# Contexts: where files come from, and which of them are not seen.
. "$RULES_LIB"
. "$SITE_LIB"

X01_forms_of_a_context() {
	start_site
	mkdir sub
	echo hello >sub/word
	dockerfile 'FROM scratch' 'COPY sub/word /'
	made
	holds word hello
	from_stdin() {
		rm -rf "$OUT"
		build --output "type=local,dest=$OUT" - <"$1"
	}
	for how in cf czf cjf cJf; do
		tar -$how ../context.tar .
		from_stdin ../context.tar
		holds word hello
	done
	printf 'FROM scratch\nCOPY <<E /x\nstdin\nE\n' >../stdin
	from_stdin ../stdin
	holds x stdin
	printf 'FROM scratch\nCOPY sub/word /\n' >../stdin
	status=0
	varve build - <../stdin >"$LOG" 2>&1 || status=$?
	expect "status without files" 1 $status
	said 'this build has no build context'
	cp ../context.tar "$SITE/context.tar.xz"
	cp ../stdin "$SITE/recipe"
	printf 'FROM scratch\nCOPY <<E /x\nafar\nE\n' >"$SITE/recipe"
	rm -rf "$OUT"
	build --output "type=local,dest=$OUT" "$URL/context.tar.xz"
	holds word hello
	rm -rf "$OUT"
	build --output "type=local,dest=$OUT" "$URL/recipe"
	holds x afar
	git init -q ../repo.git
	cp -r . ../repo.git/
	git -C ../repo.git add -A
	git -C ../repo.git commit -qm all
	rm -rf "$OUT"
	build --output "type=local,dest=$OUT" "file://$RULE_DIR/repo.git"
	holds word hello
	rm -rf "$OUT"
	mkdir ../empty
	printf 'FROM scratch\nCOPY <<E /x\nempty\nE\n' | build --output "type=local,dest=$OUT" -f - ../empty
	holds x empty
}

X02_only_what_is_named_is_read() {
	mkdir sub secret
	echo 1 >sub/1
	echo 2 >secret/2
	chmod 000 secret
	dockerfile 'FROM base' 'COPY sub /x/' 'RUN --mount=source=sub,target=/m cat /m/1 >/y'
	made
	holds x/1 1
	holds y 1
	chmod 700 secret
	touch sub/new secret/new
	build .
	expect "what is not named does not count" DONE "$(step 'COPY sub')"
	rm secret/new
	build .
	expect "steps" 0 "$(count DONE)"
}

X03_named_contexts() {
	start_site
	mkdir ../named
	echo directory >../named/f
	dockerfile 'FROM scratch' 'COPY --from=n f /'
	refused n
	made --build-context n=../named
	holds f directory
	dockerfile 'FROM n'
	made --build-context n=../named
	holds f directory
	dockerfile 'FROM base' 'RUN --mount=from=n,target=/n cat /n/f >/f'
	made --build-context n=../named
	holds f directory

	dockerfile 'FROM scratch' 'COPY <<E /f' 'image' 'E'
	build -t image --output "type=oci,dest=$RULE_DIR/layout,tar=false" .
	build -t image .
	dockerfile 'FROM scratch' 'COPY --from=n f /'
	made --build-context n=docker-image://image
	holds f image
	made --build-context "n=oci-layout://$RULE_DIR/layout:latest"
	holds f image
	digest=$(jq -r '.manifests[0].digest' "$RULE_DIR/layout/index.json")
	made --build-context "n=oci-layout://$RULE_DIR/layout@$digest"
	holds f image
	tar -C ../named -czf "$SITE/n.tar.gz" .
	made --build-context "n=$URL/n.tar.gz"
	holds f directory
	git init -q ../n.git
	echo repository >../n.git/f
	git -C ../n.git add -A
	git -C ../n.git commit -qm all
	made --build-context "n=file://$RULE_DIR/n.git"
	holds f repository

	# It goes before stages, and before images under each of their names.
	dockerfile 'FROM scratch AS stage' 'COPY <<E /f' 'stage' 'E' 'FROM stage'
	made --build-context stage=../named
	holds f directory
	for name in alpine alpine:latest docker.io/library/alpine docker.io/library/alpine:latest; do
		dockerfile 'FROM alpine'
		made --build-context "$name=../named"
		holds f directory
	done
	dockerfile 'FROM alpine:3'
	made --build-context docker.io/library/alpine:3=../named
	holds f directory
	made --platform linux/arm64 --build-context alpine:3::linux/arm64=../named
	holds f directory
	refused alpine:3 --platform linux/arm64 --build-context alpine:3::linux/amd64=../named
	refused nowhere --build-context alpine:3=../nowhere
}

X04_where_the_dockerfile_is() {
	mkdir ctx sub
	printf 'FROM scratch\nCOPY <<E /f\ndefault\nE\n' >ctx/Dockerfile
	printf 'FROM scratch\nCOPY <<E /f\nsub\nE\n' >sub/Other
	out() {
		rm -rf "$OUT"
		build --output "type=local,dest=$OUT" "$@"
	}
	out ctx
	holds f default
	out -f sub/Other ctx
	holds f sub
	(cd sub && out -f Other ../ctx)
	holds f sub
	mv ctx/Dockerfile ctx/dockerfile
	out ctx
	holds f default
	printf 'FROM scratch\nCOPY <<E /f\nlarge\nE\n' >ctx/Dockerfile
	out ctx
	holds f large
	printf 'FROM scratch\nCOPY <<E /f\nstdin\nE\nCOPY dockerfile /\n' | out -f - ctx
	holds f stdin
	[ -e "$OUT/dockerfile" ] || fail "no context"
	status=0
	varve build sub >"$LOG" 2>&1 || status=$?
	expect "status without one" 1 $status
	said Dockerfile
	status=0
	varve build -f Nosuch ctx >"$LOG" 2>&1 || status=$?
	expect "status of a wrong name" 1 $status
	said Nosuch
}

X05_which_file_says_what_is_ignored() {
	echo 1 >a
	echo 2 >b
	echo a >.dockerignore
	dockerfile 'FROM scratch' 'COPY . /'
	made
	lacks a
	holds b 2
	echo b >Dockerfile.dockerignore
	made
	holds a 1
	lacks b
	mkdir df
	cp Dockerfile df/Other
	made -f df/Other
	lacks a
	echo c >df/Other.dockerignore
	made -f df/Other
	holds a 1
	holds b 2
	# Not in archives; named contexts have their own.
	tar -cf ../all.tar .
	rm -rf "$OUT"
	build --output "type=local,dest=$OUT" - <../all.tar
	holds a 1
	mkdir ../named
	echo x >../named/x
	echo y >../named/y
	echo x >../named/.dockerignore
	dockerfile 'FROM scratch' 'COPY --from=n . /'
	made --build-context n=../named
	lacks x
	holds y y
}

X06_patterns() {
	mkdir -p d/e/f node/x
	for file in a.txt b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y 1 2 3 '#hash'; do echo x >"$file"; done
	dockerfile 'FROM scratch' 'COPY . /'
	# ignoring LINE…: what is left
	ignoring() {
		printf '%s\n' "$@" >.dockerignore
		made
		(cd "$OUT" && find . -type f ! -name .dockerignore ! -name Dockerfile | sed 's/^..//' |
			LC_ALL=C sort | tr '\n' ' ')
	}
	all='#hash 1 2 3 a.txt b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y '
	expect "nothing" "$all" "$(ignoring '')"
	expect "a comment" "$all" "$(ignoring '#hash')"
	expect "a comment further right" "1 2 3 a.txt b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring ' #hash')"
	expect "blanks around it" "#hash 1 2 3 b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring '  a.txt	 ')"
	expect "a byte order mark" "#hash 1 2 3 b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring "$(printf '\357\273\277a.txt')")"
	expect "a slash in front" "#hash 1 2 3 b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring /a.txt)"
	expect "an unclean path" "#hash 1 2 3 a.txt b.md d/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring ./d/../d//e/a.txt)"
	expect "a star" "#hash 1 2 3 b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " "$(ignoring '*.txt')"
	expect "two stars" "#hash 1 2 3 b.md d/e/f/keep.md node/x/y " "$(ignoring '**/*.txt')"
	expect "two stars in the middle" "#hash 1 2 3 a.txt b.md d/e/f/keep.md node/x/y " \
		"$(ignoring 'd/**/a.txt')"
	expect "a directory" "#hash 1 2 3 a.txt b.md node/x/y " "$(ignoring d)"
	expect "a question mark, a class" "#hash 3 a.txt b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring '[1-2]')"
	expect "one letter" "#hash a.txt b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " "$(ignoring '?' '!d')"
	expect "but not" "a.txt b.md d/e/f/keep.md " "$(ignoring '*' '!*.txt' '!b.md' '!d/e/f' '.git')"
	expect "the last counts" "#hash 1 2 3 b.md d/a.txt d/e/a.txt d/e/f/keep.md node/x/y " \
		"$(ignoring '!a.txt' a.txt)"
	expect "the top" "$all" "$(ignoring .)"
	printf '!\n' >.dockerignore
	refused 'illegal exclusion pattern: "!"'
	printf '[\n' >.dockerignore
	refused '['
	# What says what is ignored, and the recipe, may be.
	printf 'Dockerfile\n.dockerignore\n' >.dockerignore
	made
	lacks Dockerfile
	lacks .dockerignore
	holds a.txt x
	printf '*\n' >.dockerignore
	made
	lacks a.txt
}

X07_copying_what_is_ignored() {
	echo x >x
	echo y >y
	echo x >.dockerignore
	dockerfile 'FROM scratch' 'COPY x /'
	refused '"/x": not found'
	said 'CopyIgnoredFile: Attempting to Copy file "x" that is excluded by .dockerignore'
	dockerfile 'FROM scratch' 'ADD x /'
	refused '"/x": not found'
	said 'CopyIgnoredFile: Attempting to Add file "x" that is excluded by .dockerignore'
	dockerfile 'FROM scratch' 'COPY y /'
	made
	silent CopyIgnoredFile
}

run_rules
