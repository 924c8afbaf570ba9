# SPDX-License-Identifier: Apache-2.0
# Builders killed at all moments: case-run finds what they leave.
# shellcheck shell=sh disable=SC1090
. "$CASE_LIB"
mkdir "$TEST_TMP/cache"
round=0
while [ $round -lt 50 ]; do
	start --shared "cache=$TEST_TMP/cache" --mount fuse,fs=cache,dst=/mnt --owner --parallel 2 --repeat 20 \
		--mount tmpfs,dst=/tmp -- sh -c 'inside daemon /tmp/beat; echo x >>/mnt/file' >/dev/null 2>&1 &
	builder=$!
	# From 0 to about 250 ms, and not in order.
	sleep "0.$(printf '%03d' $((round * 37 % 250)))"
	kill -9 $builder 2>/dev/null || true
	wait $builder 2>/dev/null || true
	round=$((round + 1))
done
expect "after all that" ok "$(run -- echo ok)"
wait_for 10 sh -c "! ls '$RUNTIME' | grep -q 'fifo\$'"
