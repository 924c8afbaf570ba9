/* SPDX-License-Identifier: Apache-2.0 */
/* Who may make keys, and who works on an active snapshot. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/base/parse.h"
#include "fs/snapshot/host_table.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/store.h"

/* How often is looked whether the one in the way has mounted or gone, if its end is not seen. */
#define STEP_MS     50
#define TELL_NS     UINT64_C(1000000000)
#define HOLDER_SIZE 64
/*
 * A server whose mount is not to be seen has been unmounted and does not know yet, or is mounted
 * where we cannot look: then it may go on for ever.
 */
#define UNSEEN_NS UINT64_C(60000000000)

static const char *const activity_names[] = { "serves", "works", "ends" };

static void (*tell_waiting)(const char *text);

void keyed_on_waiting(void (*tell)(const char *text))
{
	tell_waiting = tell;
}

int keyed_lock(struct store *store, int *ret_fd, struct error *err)
{
	cleanup_fd int dir_fd = keyed_dir(store, err);
	int r;

	if (dir_fd < 0)
		return dir_fd;
	r = lockfile_open(dir_fd, "lock", LOCKFILE_EXCLUSIVE, true, ret_fd);
	return r < 0 ? error_errno(err, r, "cannot lock '%s/" KEYED_DIR "'", store_path(store)) : 0;
}

/* ---- who is in the way ---- */

static char *mounted_at(int dir_fd)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (file_read(dir_fd, "mounted", PATH_MAX, &text) < 0 || !text.length ||
	    !host_table_has(buf_string(&text)))
		return xstrdup("");
	return buf_take(&text);
}

char *keyed_mounted_at(struct store *store, const char *key)
{
	cleanup_fd int dir_fd = keyed_own_dir(store, key);
	cleanup_fd int fd =
		dir_fd < 0 ? -1 : openat(dir_fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	/* Of a server that was killed the mount stays, though it is of no use. */
	if (fd < 0 || lockfile_try(fd, LOCKFILE_EXCLUSIVE) != 0)
		return xstrdup("");
	return mounted_at(dir_fd);
}

void keyed_say(int lock_fd, enum keyed_activity activity)
{
	char text[HOLDER_SIZE] = { 0 };

	/* Always as long as the last one, so that there is no moment with half of it. */
	snprintf(text, sizeof text, "%d %s", getpid(), activity_names[activity]);
	(void)!pwrite(lock_fd, text, sizeof text, 0);
}

/* As it says of itself. */
struct holder {
	pid_t pid; /* 0: unknown */
	enum keyed_activity activity;
};

static struct holder read_holder(int dir_fd)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct holder holder = { .activity = KEYED_SERVES };
	uint32_t pid;
	char *space;

	if (file_read(dir_fd, "lock", HOLDER_SIZE, &text) < 0 ||
	    !(space = strchr(buf_string(&text), ' ')))
		return holder;
	*space = '\0';
	if (parse_u32(buf_string(&text), &pid) == 0 && pid <= INT_MAX)
		holder.pid = (pid_t)pid;
	for (unsigned i = KEYED_SERVES; i <= KEYED_ENDS; i++) {
		if (strcmp(space + 1, activity_names[i]) == 0)
			holder.activity = (enum keyed_activity)i;
	}
	return holder;
}

static char *describe(const struct holder *holder, const char *key)
{
	static const char *const doings[] = {
		"still serves the snapshot",
		"works on the snapshot",
		"brings to the disk what was written in the snapshot",
	};
	cleanup_free char *who =
		holder->pid ? xasprintf("process %d", holder->pid) : xstrdup("another process");

	return xasprintf("%s, which %s '%s'", who, doings[holder->activity], key);
}

/* Until it has ended, or for a moment: it may also let go, or mount. */
static void wait_for(const struct holder *holder)
{
	cleanup_fd int fd = holder->pid ? pidfd_open(holder->pid, 0) : -1;
	struct pollfd end = { .fd = fd, .events = POLLIN };

	(void)poll(&end, 1, STEP_MS);
	/* What has ended is not waited for, but its lock may be ours only after it was reaped. */
	if (end.revents)
		(void)usleep(1000);
}

/* Whether it is worth to wait for what holds the lock since `since_ns` at least. */
static int check_holder(int dir_fd, const char *key, const struct holder *holder, uint64_t since_ns,
			struct error *err)
{
	cleanup_free char *where = NULL, *text = NULL;

	if (holder->activity != KEYED_SERVES)
		return 0;
	where = mounted_at(dir_fd);
	if (*where)
		return error_set(err, -EBUSY,
				 "the snapshot '%s' is mounted at '%s'; `varve umount %s` "
				 "first",
				 key, where, where);
	if (clock_monotonic_ns() - since_ns < UNSEEN_NS && !fault("keyed.unseen"))
		return 0;
	text = describe(holder, key);
	return error_set(err, -EBUSY,
			 "gave up waiting for %s: its mount is in another mount namespace, or was "
			 "detached while programs are at work in it",
			 text);
}

int keyed_lock_work(struct store *store, int dir_fd, const char *key, int *ret_fd,
		    struct error *err)
{
	uint64_t since_ns = clock_monotonic_ns();
	bool told = false;

	for (;;) {
		int r = lockfile_open(dir_fd, "lock", LOCKFILE_EXCLUSIVE, false, ret_fd);
		struct holder holder;

		if (r == 0) {
			keyed_say(*ret_fd, KEYED_WORKS);
			return 0;
		}
		if (r != -EWOULDBLOCK)
			return error_errno(err, r, "cannot lock the snapshot '%s' in '%s'", key,
					   store_path(store));
		holder = read_holder(dir_fd);
		r = check_holder(dir_fd, key, &holder, since_ns, err);
		if (r < 0)
			return r;
		if (!told && tell_waiting && clock_monotonic_ns() - since_ns >= TELL_NS) {
			cleanup_free char *text = describe(&holder, key);

			tell_waiting(text);
			told = true;
		}
		wait_for(&holder);
	}
}
