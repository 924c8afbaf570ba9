/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/identity.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/wire.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"

/* Tables of who is who. Its own group is among the supplementary ones, as with all ids. */
static int prepare_ids(struct step *step, struct error *err)
{
	struct credentials credentials = { 0 };
	const struct spec *spec = &step->spec;
	uint32_t groups[CREDENTIALS_GROUPS];
	int r = -E2BIG, owners_fd;

	if (spec->group_count < CREDENTIALS_GROUPS) {
		groups[0] = spec->gid;
		if (spec->group_count)
			memcpy(groups + 1, spec->groups, spec->group_count * sizeof *groups);
		r = identity_setgroups(&credentials, groups, spec->group_count + 1);
	}
	if (r == 0)
		r = identity_setgid(&credentials, spec->gid);
	if (r == 0)
		r = identity_setuid(&credentials, spec->uid);
	if (r == 0)
		r = credential_table_place(step->credentials, &credentials, &step->place);
	if (r < 0)
		return error_errno(err, r, "cannot run as user %u:%u", spec->uid, spec->gid);
	r = owner_table_new(&step->owners, &owners_fd);
	return r < 0 ? error_errno(err, r, "cannot make a table of owners") : 0;
}

static int prepare(struct step *step, struct error *err)
{
	int r;

	step->outcome = mmap(NULL, sizeof *step->outcome, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (step->outcome == MAP_FAILED)
		return error_errno(err, -errno, "cannot supervise the step");
	if (step->spec.insecure || (step->channel_count == 0 && step->flags & START_ALL_IDS))
		return 0;
	if (!(step->flags & START_ALL_IDS)) {
		r = prepare_ids(step, err);
		if (r < 0)
			return r;
	}
	r = channel_pair(step->notify_fds);
	return r < 0 ? error_errno(err, r, "cannot supervise the step") : 0;
}

/*
 * Keep only what is needed until the end. Above all the step's output: whoever reads it waits for
 * all copies to be closed.
 */
static void close_the_rest(const struct step *step, int inside_fd)
{
	size_t count = 0;
	int *keep = xcalloc(step->filesystem_count + step->channel_count + 8, sizeof *keep);

	for (int i = 0; i < 3; i++)
		keep[count++] = i;
	keep[count++] = inside_fd;
	keep[count++] = step->builder_fd;
	keep[count++] = step->host_proc_fd;
	keep[count++] = step->notify_fds[1];
	for (size_t i = 0; i < step->filesystem_count; i++)
		keep[count++] = step->filesystems[i].mount_fd;
	for (size_t i = 0; i < step->channel_count; i++)
		keep[count++] = step->channels[i].channel_fd;
	process_close_others(keep, count);
	free(keep);
}

static int receive_listener(int socket_fd)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	size_t count = 0;
	int fd;

	if (channel_receive(socket_fd, &message, &fd, 1, &count) <= 0 || count != 1)
		return -1;
	return fd;
}

/* Until pid 1, and with it everything in its namespace, has ended. */
static void wait_for_the_end(struct step *step, int inside_fd)
{
	struct pollfd polled[] = { { .fd = inside_fd, .events = POLLIN },
				   { .fd = step->notify_fds[1], .events = POLLIN },
				   { .fd = -1, .events = POLLIN } };

	for (;;) {
		if (poll(polled, 3, -1) < 0)
			continue;
		if (polled[0].revents)
			return;
		if (polled[1].revents) {
			polled[2].fd = receive_listener(polled[1].fd);
			polled[1].fd = -1;
			notify_prepare(polled[2].fd);
		}
		if (polled[2].revents & POLLIN)
			notify_answer(step, polled[2].fd);
		else if (polled[2].revents)
			polled[2].fd = -1; /* nobody is left who could ask */
	}
}

/* Write back what was written through memory: the filesystem's owner has it all afterwards. */
static int sync_filesystem(const struct step *step, const struct step_filesystem *filesystem)
{
	cleanup_fd int fd = -1;
	char path[32];

	snprintf(path, sizeof path, "self/fd/%d", filesystem->mount_fd);
	fd = openat(step->host_proc_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return -errno;
	return 0;
}

static int sync_all(const struct step *step, struct error *err)
{
	for (size_t i = 0; i < step->filesystem_count; i++) {
		const struct step_filesystem *at = &step->filesystems[i];
		bool done = at->read_only;
		int r;

		for (size_t j = 0; j < i && !done; j++)
			done = !step->filesystems[j].read_only &&
			       step->filesystems[j].device == at->device;
		r = done ? 0 : sync_filesystem(step, at);
		if (r < 0)
			return error_errno(err, r, "cannot write back to the filesystem '%s'",
					   at->name);
	}
	return 0;
}

static uint64_t nanoseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_usec * 1000u;
}

static void report(const struct step *step, const struct rusage *usage)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	const struct step_outcome *outcome = step->outcome;
	struct error err = { 0 };
	int r = sync_all(step, &err);

	wire_put_u32(&body, (uint32_t)outcome->wait_status);
	wire_put_u32(&body, !outcome->ended);
	wire_put_u64(&body, outcome->ended ? outcome->ended_ns - outcome->started_ns : 0);
	wire_put_u64(&body, nanoseconds(&usage->ru_utime));
	wire_put_u64(&body, nanoseconds(&usage->ru_stime));
	wire_put_u64(&body, (uint64_t)usage->ru_maxrss * 1024);
	wire_put_u32(&body, (uint32_t)-r);
	wire_put_string(&body, err.text);
	reply_send(step->builder_fd, REPLY_ENDED, &body, NULL, 0);
}

int supervise(struct step *step, struct error *err)
{
	struct rusage usage = { 0 };
	int inside_fd, status;
	pid_t pid;
	int r = prepare(step, err);

	if (r < 0)
		return r;
	pid = process_fork(CLONE_NEWPID, &inside_fd);
	if (pid < 0)
		return error_errno(err, pid, "cannot make a pid namespace");
	if (pid == 0)
		inside(step);
	close_the_rest(step, inside_fd);
	wait_for_the_end(step, inside_fd);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	/* When it could not start the command it has said so itself. */
	if (step->outcome->started_ns)
		report(step, &usage);
	return 0;
}
