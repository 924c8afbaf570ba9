# SPDX-License-Identifier: Apache-2.0
# What a step sees and how its end is told.
# shellcheck shell=sh disable=SC1090,SC2016
. "$CASE_LIB"

expect "exit status" 7 "$(code run -- sh -c 'exit 7')"
expect "death by a signal" 137 "$(code run -- sh -c 'kill -9 $$')"
expect "standard output" "out" "$(run -- echo out 2>&1)"
expect "standard error" "err" "$(run -- sh -c 'echo err >&2' 2>&1)"
expect "own output opened again" "again" "$(run -- sh -c 'echo again >/dev/stdout')"
expect "standard input" "" "$(run -- cat)"
expect "null input is its own" /dev/null "$(run -- readlink /proc/self/fd/0)"
expect "descriptors" "0 /dev/null 1 pipe: 2 pipe:" \
	"$(run -- inside fds | sed 's/:.*/:/' | tr '\n' ' ' | sed 's/ $//')"
expect "environment" "PATH=/bin X=y" "$(run --env PATH=/bin --env X=y -- env | sort | tr '\n' ' ' | sed 's/ PWD=[^ ]*//; s/ SHLVL=[^ ]*//; s/ $//')"
expect "umask" 0022 "$(run -- sh -c umask)"
expect "working directory" /tmp "$(run --cwd /tmp -- pwd)"
expect "host name" buildkitsandbox "$(run -- hostname)"
expect "another host name" box "$(run --hostname box -- hostname)"
expect "its own session" same "$(run -- sh -c 'set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo same')"
expect "root is the filesystem" root "$(run -- sh -c 'ls / | grep root')"
expect "user and group" "uid=0 gid=0" "$(run -- id | sed 's/(root)//g; s/ groups.*//')"

expect_match "etc/hosts" "127.0.0.1*localhost buildkitsandbox*9.8.7.6 other" \
	"$(run --add-host '9.8.7.6 other' -- cat /etc/hosts)"
expect "etc/hostname" box "$(run --hostname box -- cat /etc/hostname)"
expect "etc/hosts is read-only" 1 "$(code run -- sh -c 'echo x 2>/dev/null >/etc/hosts')"

# What cannot be carried out is said before anything runs.
expect "no such directory" 125 "$(code run --cwd /nowhere -- true 2>err)"
expect_match "its words" "*working directory '/nowhere'*" "$(cat err)"
expect "no such command" 125 "$(code run -- nonesuch 2>err)"
expect_match "its words" "*cannot execute 'nonesuch': not found in \$PATH*" "$(cat err)"
expect "no such file" 125 "$(code run -- /bin/nonesuch 2>err)"
expect_match "its words" "*cannot execute '/bin/nonesuch'*" "$(cat err)"
expect "a directory as command" 125 "$(code run -- /tmp 2>err)"
echo 'no program' >"$ROOT/bin/text"
chmod 755 "$ROOT/bin/text"
expect "no program" 125 "$(code run -- text 2>err)"
expect_match "its words" "*cannot execute 'text': Exec format error*" "$(cat err)"
expect "no such filesystem" 125 "$(code run --root other -- true 2>err)"
expect_match "its words" "*no filesystem 'other' is mounted*" "$(cat err)"

# Resource limits: number of open files is 7, core files 4.
expect "open files" 512 "$(run --open-files 512 -- sh -c 'ulimit -n')"
expect "ulimit" "100 200" "$(run --ulimit 7:100:200 -- sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)')"
hard=$(sh -c 'ulimit -Hn')
if [ "$hard" != unlimited ]; then
	expect "ulimit above the hard one" 125 \
		"$(code run --ulimit "7:$((hard + 1)):$((hard + 1))" -- true 2>err)"
	expect_match "its words" "*resource limit 7 above the hard limit*" "$(cat err)"
fi

# Mounts in memory.
expect "tmpfs" "64 1777 tmpfs" "$(run --mount tmpfs,dst=/mnt,size=64k -- sh -c \
	'echo $(df -k /mnt | grep -o "[0-9]*" | head -n 2 | grep 64) $(stat -c %a /mnt) $(grep " /mnt " /proc/mounts | cut -d" " -f3)')"
expect "a secret" "400 0:0 hush" \
	"$(run --mount file,dst=/etc/passwd,text=hush,mode=400 -- sh -c 'echo $(stat -c "%a %u:%g" /etc/passwd) $(cat /etc/passwd)')"
expect "a secret is read-only" 1 \
	"$(code run --mount file,dst=/etc/passwd,text=x,mode=600 -- sh -c 'echo y 2>/dev/null >/etc/passwd')"
expect "a secret is no program" 126 \
	"$(code run --mount "file,dst=/etc/passwd,text=#!/bin/true,mode=400" -- sh -c '/etc/passwd 2>/dev/null')"
expect "unless it is meant to be one" 0 \
	"$(code run --mount "file,dst=/etc/passwd,text=#!/bin/true,mode=500" -- /etc/passwd)"
expect "a file on a directory" 125 "$(code run --mount file,dst=/mnt,text=x -- true 2>err)"
expect_match "its words" "*mount target '/mnt'*one is a directory*" "$(cat err)"
expect "a target that is missing" 125 "$(code run --mount tmpfs,dst=/mnt/x/y -- true 2>err)"
expect_match "its words" "*mount target '/mnt/x/y' does not exist*" "$(cat err)"
: >"$ROOT/mnt/agent"
expect "a socket" "ping" \
	"$(run --echo --mount socket,dst=/mnt/agent,mode=666 -- inside connect /mnt/agent ping)"
rm "$ROOT/mnt/agent"

# One after the other and at the same time.
expect "many" 20 "$(run --parallel 4 --repeat 5 -- echo x | wc -l)"
run --status -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done' 2>err
expect_match "what it took" "exited=1 code=0 signal=0 wall=*us user=????*us rss=???*k" "$(cat err)"
