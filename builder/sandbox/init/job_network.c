/* SPDX-License-Identifier: Apache-2.0 */
/* A process that keeps a network namespace until nobody wants it any more. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "builder/sandbox/init/holder.h"
#include "builder/sandbox/init/network.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/zygote.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

static int make_network(const struct zygote *zygote, struct error *err)
{
	int r = process_become_root(zygote->all_ids, zygote->pid, err);
	int fd;

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNET) < 0)
		return error_errno(err, -errno, "cannot make a network namespace");
	r = network_loopback_up();
	if (r < 0)
		return error_errno(err, r, "cannot bring up the loopback interface");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, -errno, "cannot open '/proc/self/ns/net'") : fd;
}

/*
 * pasta and slirp4netns find the namespace through /proc/PID of this process, so they must be
 * allowed to look into it: there is nothing to see, and nothing it could do. Steps do not even see
 * that, as each has pids of its own.
 */
static int show_nothing(struct error *err)
{
	if (chroot(HOLDER_EMPTY) < 0 || chdir("/") < 0 || process_drop_capabilities() < 0 ||
	    prctl(PR_SET_DUMPABLE, 1) < 0)
		return error_errno(err, -errno, "cannot keep a network namespace");
	return 0;
}

int job_network(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count)
{
	struct pollfd polled = { .fd = fds[0], .events = POLLIN };
	struct error err = { 0 };
	int fd = wire_end(request) < 0 || fd_count != 1 ? -EPROTO : make_network(zygote, &err);

	if (fd >= 0 && show_nothing(&err) < 0)
		fd = err.code;
	if (fd < 0) {
		reply_error(fds[0], fd, &err);
		return 1;
	}
	reply_done(fds[0], (uint32_t)getpid(), &fd, 1);
	close(fd);
	while (poll(&polled, 1, -1) < 0)
		;
	return 0;
}
