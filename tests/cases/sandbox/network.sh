# SPDX-License-Identifier: Apache-2.0
# No network, the host's, or one of its own with a way out. Nothing here talks to the world.
# shellcheck shell=sh disable=SC1090,SC2012,SC2015
. "$CASE_LIB"
interfaces() {
	run "$@" -- sh -c 'ls /sys/class/net | tr "\n" " "'
}
"$INSIDE" serve >port &
service=$!
wait_for 5 grep -q . port
port=$(cat port)
reach() { # whether a service on the host's loopback answers
	run "$@" -- inside reach "$port"
}

expect "none: interfaces" "lo " "$(interfaces)"
expect "none: loopback works" pong "$(run -- sh -c 'echo pong | nc -l -p 99 >/dev/null & sleep 0.2
	echo x | nc -w 2 127.0.0.1 99')"
expect "none: the host's services" "reach ECONNREFUSED" "$(reach)"
expect "none: no nameserver" "" "$(run -- sh -c 'grep ^nameserver /etc/resolv.conf' || true)"

expect "host: interfaces" "$(ls /sys/class/net | tr '\n' ' ')" "$(interfaces --network host)"
expect "host: its resolv.conf" "$(cat /etc/resolv.conf)" "$(run --network host -- cat /etc/resolv.conf)"
expect "host: its services" "reach ok" "$(reach --network host)"
"$INSIDE" abstract listen "varve-$$" >listening &
listener=$!
wait_for 5 grep -q listening listening
expect "host: abstract sockets" "connect ok" "$(run --network host -- inside abstract connect "varve-$$")"
expect "none: abstract sockets" "connect ECONNREFUSED" "$(run -- inside abstract connect "varve-$$")"

tried=0
for helper in pasta slirp; do
	program=$helper
	[ $helper = pasta ] || program=slirp4netns
	command -v $program >/dev/null && [ -w /dev/net/tun ] || continue
	tried=$((tried + 1))
	expect "$helper: a way out" 1 \
		"$(run --network $helper -- sh -c 'ip route | grep -c "^default via "')"
	expect "$helper: loopback and one more" 2 "$(run --network $helper -- sh -c 'ls /sys/class/net | wc -l')"
	expect "$helper: the host's services" "reach ECONNREFUSED" "$(reach --network $helper)"
	expect "$helper: abstract sockets" "connect ECONNREFUSED" \
		"$(run --network $helper -- inside abstract connect "varve-$$")"
	expect_match "$helper: a nameserver that can be reached" "nameserver *" \
		"$(run --network $helper -- sh -c 'grep ^nameserver /etc/resolv.conf | grep -v " 127\." | head -n 1')"
	expect "$helper: one network for steps in a row" 1 "$(run --network $helper --repeat 5 -- \
		readlink /proc/self/ns/net | sort -u | wc -l)"
	expect "$helper: one each for steps at a time" 2 "$(run --network $helper --parallel 2 -- \
		sh -c 'readlink /proc/self/ns/net; sleep 1.5' | sort -u | wc -l)"
	expect "$helper: a new one after a step that could change it" 2 \
		"$(run --network $helper --insecure --repeat 2 -- sh -c \
			'readlink /proc/self/ns/net; ip link set lo down' | sort -u | wc -l)"
	expect "$helper: no rights over it" 1 \
		"$(code run --network $helper -- sh -c 'ip link set lo down 2>/dev/null || exit 1')"

	# The program ends with the builder, also when that is killed.
	start --network $helper -- sh -c 'echo up; sleep 100' >up &
	builder=$!
	wait_for 10 grep -q up up
	kill -9 $builder
	wait $builder || true
done
kill $listener $service

# Without either: the host's network, and it is said.
if [ "$(id -u)" = 0 ] && [ -e /usr/bin/passt ]; then
	unshare -m sh -eu -c '
		mount --bind /dev/null /usr/bin/passt
		[ ! -e /usr/bin/slirp4netns ] || mount --bind /dev/null /usr/bin/slirp4netns
		"$@"' sh "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" --repeat 2 -- \
		sh -c 'ls /sys/class/net | tr "\n" " "; echo' >out 2>err
	expect "without a program: the host's" "$(ls /sys/class/net | tr '\n' ' ')" "$(head -n 1 out)"
	expect_match "it is said" "warning: steps share this host's network*is missing*apt-get install passt*" \
		"$(cat err)"
	expect "it is said once" 1 "$(wc -l <err)"
	unshare -m sh -eu -c 'mount --bind /dev/null /usr/bin/passt; "$@"' sh "$SANDBOX_RUN" \
		--runtime "$RUNTIME" --fs "root=$ROOT" --network pasta -- true 2>err && fail "no pasta, no error"
	expect_match "asked for in vain" "*no network for steps: pasta is missing*" "$(cat err)"

	# It is there, and may not do what it should, as under a profile of AppArmor.
	printf '#!/bin/sh\necho "may not open the namespace" >&2\nexit 1\n' >refused
	chmod 755 refused
	unshare -m sh -eu -c '
		mount --bind refused /usr/bin/passt
		[ ! -e /usr/bin/slirp4netns ] || mount --bind /dev/null /usr/bin/slirp4netns
		"$@"' sh "$SANDBOX_RUN" --runtime "$RUNTIME" --fs "root=$ROOT" -- true 2>err
	expect_match "what else there is" \
		"warning: steps share*may not open the namespace*apt-get install slirp4netns && *" "$(cat err)"
fi
[ $tried -gt 0 ] || echo "neither pasta nor slirp4netns can be tried here"
