/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/cache_ticket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/base/parse.h"
#include "fs/snapshot/cache.h"

/* A ticket that is given back shows in its directory; that of a killed process does not. */
#define LOOK_AGAIN_MS 100
#define TICKET_MAX    1024

DEFINE_CLEANUP(DIR *, closedir);

struct cache_ticket {
	int queue_fd; /* the directory */
	int fd;       /* holds the lock */
	uint64_t number;
};

struct ticket_name {
	char text[24];
};

static struct ticket_name name_of(uint64_t number)
{
	struct ticket_name name;

	snprintf(name.text, sizeof name.text, "%020" PRIu64, number);
	return name;
}

/* ---- others ---- */

struct holder {
	uint64_t number;
	enum cache_access access;
	char label[TICKET_MAX];
};

/* What a ticket says: its first letter, and the label of its owner. */
static int read_ticket(int queue_fd, uint64_t number, struct holder *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(queue_fd, name_of(number).text, TICKET_MAX, &text);

	if (r < 0)
		return r;
	ret->number = number;
	ret->access = buf_string(&text)[0] == 't' ? CACHE_TOGETHER : CACHE_ALONE;
	snprintf(ret->label, sizeof ret->label, "%s", text.length > 1 ? text.data + 1 : "");
	return 0;
}

/* Is the owner of a ticket alive? One without an owner is removed. */
static bool has_owner(int queue_fd, uint64_t number)
{
	cleanup_fd int fd = openat(queue_fd, name_of(number).text, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (lockfile_try(fd, LOCKFILE_SHARED) == 0)
		return true;
	(void)unlinkat(queue_fd, name_of(number).text, 0);
	return false;
}

/*
 * Look through the tickets: the highest number in *ret_highest, and whether one below `number`
 * stands in the way of `access` (1, the lowest such in *ret_holder). Call with the queue locked.
 */
static int scan(int queue_fd, uint64_t number, enum cache_access access, uint64_t *ret_highest,
		struct holder *ret_holder)
{
	cleanup_with(closedir) DIR *dir = NULL;
	cleanup_fd int fd = openat(queue_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	int found = 0;

	if (fd < 0 || !(dir = fdopendir(fd)))
		return -errno;
	(void)take_fd(&fd);
	*ret_highest = 0;
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): this stream is ours */
		struct holder holder;
		uint64_t other;

		if (parse_u64(entry->d_name, &other) < 0)
			continue;
		if (other > *ret_highest)
			*ret_highest = other;
		if (other >= number || (found && other > ret_holder->number) ||
		    !has_owner(queue_fd, other) || read_ticket(queue_fd, other, &holder) < 0)
			continue;
		if (access == CACHE_TOGETHER && holder.access == CACHE_TOGETHER)
			continue;
		*ret_holder = holder;
		found = 1;
	}
	return found;
}

static int lock_queue(int queue_fd, int *ret_fd)
{
	return lockfile_open(queue_fd, "lock", LOCKFILE_EXCLUSIVE, true, ret_fd);
}

/* ---- one's own ---- */

static int draw(struct cache_ticket *ticket, enum cache_access access, const char *label)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_fd int lock_fd = -1;
	struct holder nobody;
	uint64_t highest;
	int r = lock_queue(ticket->queue_fd, &lock_fd);

	if (r == 0)
		r = scan(ticket->queue_fd, 0, access, &highest, &nobody);
	if (r < 0)
		return r;
	ticket->number = highest + 1;
	ticket->fd = openat(ticket->queue_fd, name_of(ticket->number).text,
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (ticket->fd < 0)
		return -errno;
	r = lockfile_lock(ticket->fd, LOCKFILE_EXCLUSIVE);
	if (r < 0)
		return r;
	buf_add_char(&text, access == CACHE_TOGETHER ? 't' : 'a');
	buf_append(&text, label, strnlen(label, TICKET_MAX - 2));
	return fd_write_all(ticket->fd, text.data, text.length);
}

static int look(struct cache_ticket *ticket, enum cache_access access, struct holder *ret)
{
	cleanup_fd int lock_fd = -1;
	uint64_t highest;
	int r = lock_queue(ticket->queue_fd, &lock_fd);

	return r < 0 ? r : scan(ticket->queue_fd, ticket->number, access, &highest, ret);
}

/* Until something has changed in the queue, or it is time to look again. */
static int wait_for_news(int watch_fd, int cancel_fd)
{
	struct pollfd fds[2] = { { .fd = watch_fd, .events = POLLIN },
				 { .fd = cancel_fd, .events = POLLIN } };
	char events[4096];

	if (poll(fds, 2, LOOK_AGAIN_MS) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return -ECANCELED;
	if (fds[0].revents)
		(void)!read(watch_fd, events, sizeof events);
	return 0;
}

static int wait_for_turn(struct cache_ticket *ticket, enum cache_access access,
			 struct cache_waiter *waiter)
{
	cleanup_fd int watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char queue_path[32];
	uint64_t told = 0;
	struct holder holder;
	int r;

	if (watch_fd < 0)
		return -errno;
	snprintf(queue_path, sizeof queue_path, "/proc/self/fd/%d", ticket->queue_fd);
	(void)inotify_add_watch(watch_fd, queue_path, IN_DELETE);
	while ((r = look(ticket, access, &holder)) > 0) {
		if (holder.number != told && waiter->waiting)
			waiter->waiting(waiter, holder.label);
		told = holder.number;
		r = wait_for_news(watch_fd, waiter->cancel_fd);
		if (r < 0)
			return r;
	}
	return r;
}

int cache_ticket_take(struct cache *cache, enum cache_access access, struct cache_waiter *waiter,
		      struct cache_ticket **ret, struct error *err)
{
	cleanup_with(cache_ticket_free) struct cache_ticket *ticket = xcalloc(1, sizeof *ticket);
	int r;

	ticket->fd = -1;
	ticket->queue_fd = openat(cache_dir_fd(cache), "queue", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = ticket->queue_fd < 0 ? -errno : draw(ticket, access, waiter->label);
	if (r == 0)
		r = wait_for_turn(ticket, access, waiter);
	if (r == -ECANCELED)
		return error_set(err, r, "gave up waiting for cache '%s'", cache_id(cache));
	if (r < 0)
		return error_errno(err, r, "cannot queue for cache '%s'", cache_id(cache));
	*ret = take_ptr(&ticket);
	return 0;
}

void cache_ticket_free(struct cache_ticket *ticket)
{
	if (!ticket)
		return;
	if (ticket->fd >= 0) {
		(void)unlinkat(ticket->queue_fd, name_of(ticket->number).text, 0);
		close(ticket->fd);
	}
	if (ticket->queue_fd >= 0)
		close(ticket->queue_fd);
	free(ticket);
}
