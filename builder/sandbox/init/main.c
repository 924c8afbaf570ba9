/* SPDX-License-Identifier: Apache-2.0 */
/* The helper: everything of the builder's that runs inside namespaces. */
#include <sys/socket.h>
#include <unistd.h>

#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/roles.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/wire.h"

static bool is_our_socket(void)
{
	int domain = -1, type = -1;
	socklen_t length = sizeof domain;

	return getsockopt(HELPER_SOCKET, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
	       domain == AF_UNIX &&
	       getsockopt(HELPER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
	       type == SOCK_STREAM;
}

static int refuse(void)
{
	static const char words[] = "varve-init: this is a part of varve, not a program to run\n";

	(void)!write(STDERR_FILENO, words, sizeof words - 1);
	return HELPER_REFUSED;
}

int main(void)
{
	cleanup_with(buf_release) struct buf greeting = { 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count = 0;
	struct wire wire;
	uint32_t role;

	/* An image can run this, by /proc/self/exe: then there is nobody to talk to. */
	if (!is_our_socket() ||
	    channel_receive(HELPER_SOCKET, &greeting, fds, CHANNEL_MAX_FDS, &fd_count) <= 0)
		return refuse();
	wire = wire_of(greeting.data, greeting.length);
	if (wire_u64(&wire) != HELPER_GREETING || wire.bad)
		return refuse();
	role = wire_u32(&wire);
	process_reset_signals();
	/*
	 * Where the user stood keeps that filesystem in use. In a copy of the host's mounts it keeps
	 * all of them: the copy's are locked to each other, and none of them goes before the last.
	 */
	if (chdir("/") < 0)
		return refuse();
	if (role == HELPER_HOLDER && fd_count == 2)
		return holder_main(&wire, fds);
	if (role == HELPER_ZYGOTE && (fd_count == 2 || fd_count == 3))
		return zygote_main(&wire, fds, fd_count == 3 ? fds[2] : -1);
	if (role == HELPER_GUARD && fd_count == 2)
		return guard_main(&wire, fds);
	return refuse();
}
