/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/idmap.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/base/parse.h"
#include "fs/base/process_stat.h"
#include "fs/base/wire.h"
#include "fs/ids/credentials.h"

/* Another builder's holder that cannot be made out is on its way out: it gets this long. */
#define ATTEMPTS   200
#define ATTEMPT_NS 10000000L
#define DYING_MS   100

/* The files of one holder. A directory that is seen from several user or pid namespaces, or by
 * several users, has one for each: they could not enter each other's. */
struct place {
	int dir_fd;
	char fifo[80], lock[80], pid[80], credentials[96];
};

static int find_place(int dir_fd, struct place *ret, struct error *err)
{
	struct stat user, pid;

	if (stat("/proc/self/ns/user", &user) < 0 || stat("/proc/self/ns/pid", &pid) < 0)
		return error_errno(err, -errno, "cannot look at '/proc/self/ns'");
	ret->dir_fd = dir_fd;
	snprintf(ret->fifo, sizeof ret->fifo, "holder.%u.%lx.%lx.fifo", geteuid(),
		 (unsigned long)user.st_ino, (unsigned long)pid.st_ino);
	snprintf(ret->lock, sizeof ret->lock, "holder.%u.%lx.%lx.lock", geteuid(),
		 (unsigned long)user.st_ino, (unsigned long)pid.st_ino);
	snprintf(ret->credentials, sizeof ret->credentials, "holder.%u.%lx.%lx.credentials",
		 geteuid(), (unsigned long)user.st_ino, (unsigned long)pid.st_ino);
	snprintf(ret->pid, sizeof ret->pid, "holder.%u.%lx.%lx.pid", geteuid(),
		 (unsigned long)user.st_ino, (unsigned long)pid.st_ino);
	return 0;
}

/* When a process was started: with the pid a name for ever. */
static int start_time(pid_t pid, uint64_t *ret)
{
	return process_stat_field(pid, PROCESS_STAT_START, ret);
}

/* The process that the pid file names, if it still is the one that was meant. */
static int open_recorded(const struct place *place, pid_t *ret_pid)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *line = NULL;
	cleanup_fd int fd = -1;
	uint64_t start, now;
	uint32_t pid;
	char *blank;

	if (file_read(place->dir_fd, place->pid, 64, &text) < 0)
		return -ESRCH;
	line = buf_take(&text);
	blank = strchr(line, ' ');
	if (!blank)
		return -ESRCH;
	*blank = '\0';
	if (parse_u32(line, &pid) < 0 || parse_u64(blank + 1, &start) < 0 || pid > INT32_MAX)
		return -ESRCH;
	fd = pidfd_open((pid_t)pid, 0);
	if (fd < 0 || start_time((pid_t)pid, &now) < 0 || now != start)
		return -ESRCH;
	*ret_pid = (pid_t)pid;
	return take_fd(&fd);
}

static int look_at_ids(pid_t pid, struct holder *ret)
{
	cleanup_with(idmap_release) struct idmap users = { 0 }, groups = { 0 };
	int r = idmap_read(pid, &users, &groups);

	if (r < 0)
		return r;
	ret->all_ids = idmap_total(&users) > 1 && idmap_total(&groups) > 1;
	ret->root_uid = idmap_root(&users);
	ret->root_gid = idmap_root(&groups);
	return users.count && groups.count ? 0 : -ESTALE;
}

/* The table of who is who. It is made with the holder and goes with it. */
static int open_credentials(const struct place *place, bool make)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | (make ? O_CREAT | O_EXCL : 0);
	cleanup_fd int fd = -1;
	struct stat facts;
	int r;

	if (make)
		(void)unlinkat(place->dir_fd, place->credentials, 0);
	fd = openat(place->dir_fd, place->credentials, flags, 0600);
	if (fd < 0 || fstat(fd, &facts) < 0)
		return -errno;
	if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid())
		return -EPERM;
	r = make ? credential_table_format(fd) : 0;
	return r < 0 ? r : take_fd(&fd);
}

/* 1 joined, 0 there is none, -ESTALE: one that is about to end. The lock is held. */
static int join_present(const struct place *place, struct holder *ret)
{
	cleanup_fd int fifo_fd = -1, pidfd = -1;
	struct stat facts;
	pid_t pid;

	fifo_fd =
		openat(place->dir_fd, place->fifo, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fifo_fd < 0)
		return 0; /* absent, or nobody reads it: killed */
	if (fstat(fifo_fd, &facts) < 0 || !S_ISFIFO(facts.st_mode) || facts.st_uid != geteuid())
		return 0;
	pidfd = open_recorded(place, &pid);
	if (pidfd < 0)
		return -ESTALE;
	if (look_at_ids(pid, ret) < 0)
		return -ESTALE;
	if (!ret->all_ids) {
		ret->credentials_fd = open_credentials(place, false);
		if (ret->credentials_fd < 0)
			return -ESTALE;
	}
	ret->fifo_fd = take_fd(&fifo_fd);
	ret->pidfd = take_fd(&pidfd);
	return 1;
}

/* Make the FIFO anew: both its ends, which can be opened only in this order without waiting. */
static int make_fifo(const struct place *place, int *ret_read_fd, int *ret_write_fd,
		     struct error *err)
{
	cleanup_fd int read_fd = -1;

	(void)unlinkat(place->dir_fd, place->fifo, 0);
	(void)unlinkat(place->dir_fd, place->pid, 0);
	if (mkfifoat(place->dir_fd, place->fifo, 0600) < 0)
		return error_errno(err, -errno, "cannot make a FIFO in the runtime directory");
	read_fd = openat(place->dir_fd, place->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	*ret_write_fd = openat(place->dir_fd, place->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (read_fd < 0 || *ret_write_fd < 0)
		return error_errno(err, -errno, "cannot open a FIFO in the runtime directory");
	*ret_read_fd = take_fd(&read_fd);
	return 0;
}

static int record(const struct place *place, pid_t pid, struct error *err)
{
	cleanup_free char *text = NULL;
	uint64_t start;
	int r = start_time(pid, &start);

	if (r == 0) {
		text = xasprintf("%d %llu", pid, (unsigned long long)start);
		r = file_replace(place->dir_fd, place->pid, text, strlen(text), 0600, false);
	}
	return r < 0 ? error_errno(err, r, "cannot record the holder") : 0;
}

static int greet(const struct place *place, int socket_fd, int fifo_fd, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_with(buf_release) struct buf body = { 0 };
	const int fds[] = { fifo_fd, place->dir_fd };
	int r;

	strings_add(&names, place->fifo);
	strings_add(&names, place->lock);
	strings_add(&names, place->pid);
	strings_add(&names, place->credentials);
	wire_put_strings(&body, &names);
	r = helper_greet(socket_fd, HELPER_HOLDER, &body, fds, 2);
	if (r < 0)
		return error_errno(err, r, "cannot talk to the holder");
	return helper_done(socket_fd, NULL, NULL, 0, NULL, err);
}

static int tell_ids(int socket_fd, bool all_ids, struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	int r;

	wire_put_u32(&body, all_ids);
	r = channel_send(socket_fd, body.data, body.length, NULL, 0);
	if (r < 0)
		return error_errno(err, r, "cannot talk to the holder");
	return helper_done(socket_fd, NULL, NULL, 0, NULL, err);
}

/* Start one with the ids of `plan`. -EXDEV: it is the ids that could not be had. */
static int start_with(const struct place *place, const struct idmap_plan *plan, struct holder *ret,
		      struct error *err)
{
	cleanup_fd int read_fd = -1, write_fd = -1, socket_fd = -1, pidfd = -1, table_fd = -1;
	pid_t pid;
	int r = make_fifo(place, &read_fd, &write_fd, err);

	if (r == 0 && plan->method == IDMAP_SINGLE) {
		table_fd = open_credentials(place, true);
		if (table_fd < 0)
			r = error_errno(err, table_fd, "cannot make '%s' in the runtime directory",
					place->credentials);
	}
	if (r == 0)
		r = helper_start(HELPER_NEW_NAMESPACES | HELPER_DETACHED, &pid, &socket_fd, err);
	if (r < 0)
		return r;
	pidfd = pidfd_open(pid, 0);
	r = pidfd < 0 ? error_errno(err, -errno, "cannot follow the holder") : 0;
	/* It answers, so it was alive: the pid was not somebody else's by then. */
	if (r == 0)
		r = greet(place, socket_fd, read_fd, err);
	if (r == 0 && idmap_apply(plan, pid, err) < 0)
		r = -EXDEV;
	if (r == 0)
		r = tell_ids(socket_fd, plan->method != IDMAP_SINGLE, err);
	if (r == 0)
		r = record(place, pid, err);
	if (r < 0) {
		if (pidfd >= 0)
			(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		return r;
	}
	ret->all_ids = plan->method != IDMAP_SINGLE;
	ret->root_uid = idmap_root(&plan->users);
	ret->root_gid = idmap_root(&plan->groups);
	ret->credentials_fd = take_fd(&table_fd);
	ret->fifo_fd = take_fd(&write_fd);
	ret->pidfd = take_fd(&pidfd);
	return 0;
}

static int start_new(const struct place *place, struct holder *ret, struct buf *ret_warning,
		     struct error *err)
{
	cleanup_with(idmap_plan_release) struct idmap_plan plan = { 0 };
	struct error reason = { 0 };
	int r;

	idmap_plan(&plan, ret_warning);
	r = start_with(place, &plan, ret, &reason);
	if (r == -EXDEV && plan.method != IDMAP_SINGLE) {
		buf_clear(ret_warning);
		buf_add_format(ret_warning, "other users than root are emulated in steps: %s",
			       reason.text);
		idmap_plan_release(&plan);
		idmap_plan_single(&plan);
		r = start_with(place, &plan, ret, &reason);
	}
	return r < 0 ? error_set(err, r == -EXDEV ? -EPERM : r, "%s", reason.text) : 0;
}

/* For those who come later: the ids are as the first one found them. */
static void explain_present(const struct holder *holder, struct buf *ret_warning)
{
	cleanup_with(idmap_plan_release) struct idmap_plan plan = { 0 };

	if (holder->all_ids)
		return;
	idmap_plan(&plan, ret_warning);
	if (!ret_warning->length)
		buf_add_string(ret_warning,
			       "other users than root are emulated in steps as long as builds go "
			       "on that began without subordinate ids");
}

int holder_join(int runtime_dir_fd, struct holder *ret, struct buf *ret_warning, struct error *err)
{
	const struct timespec pause = { .tv_nsec = ATTEMPT_NS };
	struct place place;
	int r = find_place(runtime_dir_fd, &place, err);

	*ret = (struct holder){ .fifo_fd = -1, .pidfd = -1, .credentials_fd = -1 };
	for (int i = 0; r == 0; i++) {
		cleanup_fd int lock_fd = -1;

		r = lockfile_open(place.dir_fd, place.lock, LOCKFILE_EXCLUSIVE, true, &lock_fd);
		if (r < 0)
			return error_errno(err, r, "cannot lock '%s' in the runtime directory",
					   place.lock);
		r = join_present(&place, ret);
		if (r > 0) {
			explain_present(ret, ret_warning);
			return 0;
		}
		if (r == 0 || i == ATTEMPTS)
			return start_new(&place, ret, ret_warning, err);
		/* Its builder was killed before it recorded it. Without writers it will end. */
		close(take_fd(&lock_fd));
		nanosleep(&pause, NULL);
		r = 0;
	}
	return r;
}

bool holder_alive(const struct holder *holder)
{
	/* On its way out it cannot be entered any more, a moment later the FIFO is closed, and its
	 * end may take long: mounts go with it. */
	struct pollfd states[] = { { .fd = holder->pidfd, .events = POLLIN },
				   { .fd = holder->fifo_fd } };

	return poll(states, 2, DYING_MS) == 0;
}

void holder_leave(struct holder *holder)
{
	if (holder->pidfd >= 0)
		close(holder->pidfd);
	if (holder->fifo_fd >= 0)
		close(holder->fifo_fd);
	if (holder->credentials_fd >= 0)
		close(holder->credentials_fd);
	holder->pidfd = holder->fifo_fd = holder->credentials_fd = -1;
}
