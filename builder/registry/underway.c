/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/underway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"

/* Who waits looks that often whether it is to be given up. */
#define LOOK_NS  100000000
#define NS_PER_S 1000000000

struct underway_blob {
	struct underway_blob *next;
	struct object_id digest;
	bool busy;
	int fd;         /* for those that waited; -1: there is none */
	unsigned users; /* who fetches it, and who waits */
};

/* With the lock held. */
static void leave(struct registries *registries, struct underway_blob *blob)
{
	struct underway_blob **at = &registries->underway;

	if (--blob->users)
		return;
	while (*at != blob)
		at = &(*at)->next;
	*at = blob->next;
	if (blob->fd >= 0)
		close(blob->fd);
	free(blob);
}

static struct underway_blob *find(struct registries *registries, const struct object_id *digest)
{
	struct underway_blob *blob = registries->underway;

	while (blob && !object_id_equal(&blob->digest, digest))
		blob = blob->next;
	if (blob)
		return blob;
	blob = xcalloc(1, sizeof *blob);
	*blob = (struct underway_blob){ .next = registries->underway, .digest = *digest, .fd = -1 };
	registries->underway = blob;
	return blob;
}

static int wait_for(struct registries *registries, struct underway_blob *blob, int cancel_fd)
{
	while (blob->busy) {
		struct timespec until;

		if (cancelled(cancel_fd))
			return -ECANCELED;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_NS;
		until.tv_sec += until.tv_nsec / NS_PER_S;
		until.tv_nsec %= NS_PER_S;
		(void)pthread_cond_timedwait(&registries->arrived, &registries->lock, &until);
	}
	return 0;
}

int underway_begin(struct registries *registries, const struct object_id *digest, int cancel_fd,
		   struct underway_blob **ret, int *ret_fd)
{
	struct underway_blob *blob;
	int r;

	(void)pthread_mutex_lock(&registries->lock);
	blob = find(registries, digest);
	blob->users++;
	r = wait_for(registries, blob, cancel_fd);
	if (r == 0 && blob->fd >= 0) {
		*ret_fd = fcntl(blob->fd, F_DUPFD_CLOEXEC, 3);
		r = *ret_fd < 0 ? -errno : 0;
	} else if (r == 0) {
		blob->busy = true;
		*ret = blob;
		r = 1;
	}
	if (r <= 0)
		leave(registries, blob);
	(void)pthread_mutex_unlock(&registries->lock);
	return r;
}

void underway_end(struct registries *registries, struct underway_blob *blob, int fd)
{
	(void)pthread_mutex_lock(&registries->lock);
	blob->busy = false;
	/* Kept as long as somebody is waiting for it. */
	if (fd >= 0 && blob->users > 1)
		blob->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)pthread_cond_broadcast(&registries->arrived);
	leave(registries, blob);
	(void)pthread_mutex_unlock(&registries->lock);
}
