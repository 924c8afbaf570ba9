# SPDX-License-Identifier: Apache-2.0
# Builds of the kinds that people write about: many stages over repositories, caches shared by the
# builds of several services, configuration in heredocs. All without a network.
. "$CASE_LIB"
. "$BUILD_LIB"
cd "$TEST_TMP" || exit

# take PROGRAM: a program of this host with its libraries goes into the root
take() {
	program=$(command -v "$1") || skip "no $1"
	mkdir -p "$ROOT/usr/bin"
	cp -L "$program" "$ROOT/usr/bin/$1"
	for library in $(ldd "$program" | grep -o '/[^ ]*'); do
		mkdir -p "$ROOT$(dirname "$library")"
		cp -L "$library" "$ROOT$library"
	done
}
take git
take script
take flock
for name in git-upload-pack git-receive-pack; do
	ln -sf git "$ROOT/usr/bin/$name"
done
mkdir -p "$ROOT/usr/share/git-core/templates"
for name in seq basename dirname awk xargs od; do
	ln -sf busybox "$ROOT/bin/$name"
done
echo 'opam:x:1000:1000::/home/opam:/bin/sh' >>"$ROOT/etc/passwd"
printf 'root:x:0:\nopam:x:1000:\n' >"$ROOT/etc/group"
make_base

echo "many stages over one repository, collected into one"
export HOME="$TEST_TMP" GIT_CONFIG_NOSYSTEM=1
git init -q -b main "$CONTEXT/source"
(
	cd "$CONTEXT/source" || exit
	git config user.name tester
	git config user.email tester@localhost
	for i in $(seq 1 40); do
		od -An -N 20000 -tx1 /dev/urandom >"file$i"
	done
	git add .
	git commit -q -m first
	echo second >file1
	git commit -q -a -m second
)
git clone -q --bare "$CONTEXT/source" "$CONTEXT/ocaml.git"
rm -r "$CONTEXT/source"
locks=16
{
	cat <<'END'
# syntax=docker/dockerfile:1
FROM base AS base
RUN mkdir -p /home/opam && chown opam:opam /home/opam
USER opam
ENV HOME="/home/opam" GIT_CONFIG_COUNT="1" GIT_CONFIG_KEY_0="safe.directory" GIT_CONFIG_VALUE_0="*"
ENV GIT_AUTHOR_NAME="o" GIT_AUTHOR_EMAIL="o@x" GIT_COMMITTER_NAME="o" GIT_COMMITTER_EMAIL="o@x"
WORKDIR /home/opam
COPY --chown=opam:opam ocaml.git ocaml.git
RUN git clone --shared -q ocaml.git relocatable
WORKDIR relocatable
RUN test "$(id -un)-$(stat -c %U .)" = opam-opam
END
	for i in $(seq 1 $locks); do
		cat <<END
FROM base AS lock-$i
RUN git checkout -q -b lock-$i main~1 || git fetch origin && git checkout -q lock-$i
RUN <<End-of-Script
set -e
for n in 1 2 3; do
  echo "lock $i, \$n" >file\$n
  git commit -q -a -m "\$n of $i"
done
cat >> rebuild <<"EOF"
  echo "\$HOME" of $i
EOF
sh rebuild
End-of-Script
RUN git gc -q --no-prune
RUN script --quiet --return --append --command "echo built $i; exit 0" ../log-$i
END
	done
	echo "FROM base AS collector"
	for i in $(seq 1 $locks); do
		echo "COPY --chown=opam:opam --from=lock-$i /home/opam/relocatable/.git builds/$i/.git"
		echo "COPY --chown=opam:opam --from=lock-$i /home/opam/log-$i logs/log-$i"
	done
	cat <<'END'
FROM collector AS unified
COPY --from=collector /home/opam/relocatable/builds builds
COPY <<EOF all/objects/info/alternates
END
	for i in $(seq 1 $locks); do
		echo "/home/opam/relocatable/builds/$i/.git/objects"
	done
	cat <<'END'
EOF
RUN for i in builds/*; do git -C $i log --oneline lock-$(basename $i) | head -n 1; done >/home/opam/heads
RUN cat logs/log-1 >>/home/opam/heads && rm -f logs/log-1
END
} >"$CONTEXT/Dockerfile"
build -t unified --output "type=oci,layers=pack:20,dest=unified,tar=false" "$CONTEXT"
expect "commits of all" $locks "$(at unified grep -c ' 3 of ' "$AT/home/opam/heads")"
expect "what script saw" 1 "$(at unified grep -c '^built 1' "$AT/home/opam/heads")"
expect "the first is gone" "" "$(at unified ls "$AT/home/opam/relocatable/logs" | grep -x log-1 || true)"
expect "the owner" 1000:1000 \
	"$(varve ls -l unified:/home/opam/relocatable | awk '/ builds$/ { print $2 }')"
expect "alternates" $locks \
	"$(at unified grep -c objects "$AT/home/opam/relocatable/all/objects/info/alternates")"
one=$(du -sk "$CONTEXT/ocaml.git" | cut -f1)
base_size=$(du -sk "$TEST_TMP/base.tar" | cut -f1)
size=$(du -sk "$VARVE_STORE" | cut -f1)
[ "$size" -lt $((base_size + 12 * one)) ] || fail "$locks copies of ${one}K take ${size}K"
build "$CONTEXT"
expect "nothing is done again" 0 "$(count DONE)"

echo "another order and other lines: only what is new is done"
sed -e '1a # generated anew' -e 's/^FROM base AS lock-16$/FROM base AS lock-17\nRUN true\n&/' "$CONTEXT/Dockerfile" >again
cp again "$CONTEXT/Dockerfile"
build "$CONTEXT"
expect "nothing is done again" 0 "$(count DONE)"

echo "package caches, locked, with the architecture in their ids, in several stages at once"
cat >"$CONTEXT/Dockerfile" <<'END'
# syntax=docker/dockerfile:1.7
FROM base AS one
ARG TARGETARCH
ARG JOBS=2
RUN --mount=type=cache,id=apt-cache-${TARGETARCH},target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=apt-lib-${TARGETARCH},target=/var/lib/apt,sharing=locked \
    test ! -e /var/cache/apt/lock && touch /var/cache/apt/lock && sleep 0.3 && \
    echo "one $JOBS" >>/var/lib/apt/list && rm /var/cache/apt/lock
FROM base AS two
ARG TARGETARCH
RUN --mount=type=cache,id=apt-lib-${TARGETARCH},target=/var/lib/apt,sharing=locked \
    --mount=type=cache,id=apt-cache-${TARGETARCH},target=/var/cache/apt,sharing=locked \
    test ! -e /var/cache/apt/lock && touch /var/cache/apt/lock && sleep 0.3 && \
    echo two >>/var/lib/apt/list && rm /var/cache/apt/lock
WORKDIR /src
COPY Dockerfile .
RUN --mount=type=cache,target=/src/.work touch .work/x && ls -a >/seen
FROM base
ARG TARGETARCH
COPY --from=one /etc/passwd /one
COPY --from=two /seen /seen
RUN --mount=type=cache,id=apt-lib-${TARGETARCH},target=/l sort /l/list >/list
END
build -t apt "$CONTEXT"
expect "both were there" "one 2 two" "$(varve cat apt:/list | xargs)"
varve cat apt:/seen | grep -q '^.work$' || fail "the cache in what was copied is missing"

echo "services built at once that share a cache, as cargo does"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS build
ARG SERVICE
WORKDIR /build
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target <<EOF
set -e
( flock 9
  n=$(cat target/count 2>/dev/null || echo 0)
  sleep 0.1
  echo $((n + 1)) >target/count
) 9>target/.cargo-lock
mkdir -p target/release && echo "$SERVICE" >target/release/$SERVICE
cp target/release/$SERVICE /build/service
EOF
FROM scratch
COPY --from=build /build/service /service
ENTRYPOINT ["/service"]
END
pids=
for service in api web worker mail; do
	varve build --build-arg SERVICE=$service -t "$service" "$CONTEXT" >"log.$service" 2>&1 &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || fail "$(cat log.*)"
done
for service in api web worker mail; do
	expect "$service" $service "$(varve cat $service:/service)"
done
printf 'FROM base\nCOPY --from=cache:/build/target / /target/\n' >"$CONTEXT/Dockerfile"
build -t target "$CONTEXT"
expect "each had the lock" 4 "$(varve cat target:/target/count)"
expect "all are in the cache" "api mail web worker" "$(varve ls target:/target/release | xargs)"

echo "the snippets of a reference"
cat >"$CONTEXT/Dockerfile" <<'END'
# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM base AS builder
ARG TARGETOS TARGETARCH
RUN case ${TARGETARCH} in amd64|arm64) echo "$TARGETOS" known ;; *) echo other ;; esac >/arch
RUN --mount=type=secret,id=api_key API_KEY=$(cat /run/secrets/api_key) && test "$API_KEY" = hush
RUN --mount=type=secret,id=api_key,env=KEY test "$KEY" = hush
RUN --mount=type=bind,source=.,target=/src test -f /src/Dockerfile
RUN --mount=type=tmpfs,target=/t touch /t/x
RUN <<EOF
echo one \
  two >/words
EOF
FROM base AS test
ENV PORT=8080
COPY <<EOF /etc/nginx/conf.d/default.conf
listen ${PORT};
proxy_set_header Host \$host;
EOF
COPY <<'EOF' /app/x.py
print("$PORT")
EOF
RUN --mount=type=bind,from=builder,source=/words,target=/w cat /w >/seen
COPY --from=builder /arch /arch
END
printf hush >key
build --secret id=api_key,src=key --target=test --output type=local,dest=out "$CONTEXT"
expect "a heredoc with variables" 'listen 8080; proxy_set_header Host $host;' \
	"$(tr '\n' ' ' <out/etc/nginx/conf.d/default.conf | sed 's/ $//')"
expect "one without" 'print("$PORT")' "$(cat out/app/x.py)"
expect "a line that goes on" "one two" "$(cat out/seen)"
expect "arguments of the platform" "linux known" "$(cat out/arch)"
[ ! -e out/run/secrets/api_key ] || fail "the secret is in the output"

echo "a cache as the place where things are installed, named again by each RUN"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
ENV PATH=/root/.opam/default/bin:$PATH
RUN rm -f /etc/apt/apt.conf.d/docker-clean
RUN --mount=type=cache,id=opam,target=/root/.opam \
    test -x /root/.opam/default/bin/tool || { mkdir -p /root/.opam/default/bin && \
    printf '#!/bin/sh\necho tool of the cache\n' >/root/.opam/default/bin/tool && \
    chmod +x /root/.opam/default/bin/tool; }
RUN --mount=type=cache,id=opam,target=/root/.opam tool >/used
RUN ! tool 2>/dev/null && test ! -e /root/.opam
END
build -t prefix "$CONTEXT"
expect "with the mount" "tool of the cache" "$(varve cat prefix:/used)"

echo "how many jobs there are need not be part of what a step is"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN --mount=type=secret,id=jobs,env=JOBS echo "made by ${JOBS:-1}" && echo made >/made
END
FOUR=2 build --secret id=jobs,env=FOUR "$CONTEXT"
FOUR=4 build --secret id=jobs,env=FOUR "$CONTEXT"
expect "with another number" CACHED "$(step 'made by')"

echo "what compilers leave is not seen, and no variable switches anything on"
mkdir -p "$CONTEXT/a/dist-newstyle/b" "$CONTEXT/a/c/.work"
touch "$CONTEXT/a/dist-newstyle/b/x" "$CONTEXT/a/c/p.vo" "$CONTEXT/a/c/.p.aux" "$CONTEXT/a/c/p.v" \
	"$CONTEXT/a/c/.work/host"
printf '**/dist-newstyle/\n**/*.vo\n**/.*.aux\n**/.work\n' >"$CONTEXT/.dockerignore"
printf 'FROM base\nCOPY a /a\nRUN --mount=type=cache,target=/a/c/.work touch /a/c/.work/own\n' \
	>"$CONTEXT/Dockerfile"
DOCKER_BUILDKIT=0 build -t ignoring "$CONTEXT"
expect "what is seen" "c c/p.v" "$(at ignoring sh -c "cd '$AT/a' && find . -mindepth 1 | sed 's/..//' | sort | xargs")"
rm "$CONTEXT/.dockerignore"

echo "a cache is taken out into a file, and is where another store's begins"
printf 'FROM scratch\nCOPY --from=cache:/build/target / /\n' >"$CONTEXT/Dockerfile"
build --output type=local,dest=taken "$CONTEXT"
expect "all of it" "api mail web worker" "$(cd taken/release && echo *)"
printf 'FROM base\nRUN --mount=type=cache,id=new,from=taken,target=/n ls /n/release | xargs >/seen\n' \
	>"$CONTEXT/Dockerfile"
build -t begun --build-context taken=taken "$CONTEXT"
expect "where it begins" "api mail web worker" "$(varve cat begun:/seen)"

echo "caches alone are thrown away"
[ -n "$(varve cache ls --format json)" ] || fail "there are no caches"
varve prune -f -a --filter type=exec.cachemount >"$LOG" 2>&1 || fail "$(cat "$LOG")"
expect "caches left" "" "$(varve cache ls --format json)"
expect "images left" "tool of the cache" "$(varve cat prefix:/used)"
