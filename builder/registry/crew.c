/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"

#define CREW_MAX 16

struct crew {
	int stop_fd, cancel_fd;
	int (*work)(void *context, size_t index, struct error *err);
	void *context;
	size_t count;
	pthread_mutex_t lock;
	size_t next;          /* guarded by lock */
	struct error failure; /* guarded by lock: the first one */
};

int crew_new(int cancel_fd, struct crew **ret, struct error *err)
{
	struct crew *crew = xcalloc(1, sizeof *crew);
	int r = 0;

	(void)pthread_mutex_init(&crew->lock, NULL);
	crew->cancel_fd = -1;
	crew->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (crew->stop_fd < 0)
		r = -errno;
	if (r == 0)
		r = cancel_join(crew->stop_fd, cancel_fd, &crew->cancel_fd);
	if (r < 0) {
		crew->cancel_fd = -1;
		crew_free(crew);
		return error_errno(err, r, "cannot begin");
	}
	*ret = crew;
	return 0;
}

int crew_cancel_fd(const struct crew *crew)
{
	return crew->cancel_fd;
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	if (crew->stop_fd >= 0)
		close(crew->stop_fd);
	if (crew->cancel_fd >= 0)
		close(crew->cancel_fd);
	(void)pthread_mutex_destroy(&crew->lock);
	free(crew);
}

static void *run(void *context)
{
	struct crew *crew = context;

	(void)pthread_mutex_lock(&crew->lock);
	while (crew->next < crew->count && crew->failure.code == 0) {
		size_t index = crew->next++;
		struct error problem = { 0 };
		int r;

		(void)pthread_mutex_unlock(&crew->lock);
		r = crew->work(crew->context, index, &problem);
		(void)pthread_mutex_lock(&crew->lock);
		if (r >= 0 || crew->failure.code < 0)
			continue;
		crew->failure = problem;
		crew->failure.code = r;
		/* The others have nothing to do any more. */
		(void)eventfd_write(crew->stop_fd, 1);
	}
	(void)pthread_mutex_unlock(&crew->lock);
	return NULL;
}

int crew_run(struct crew *crew, size_t most, size_t count,
	     int (*work)(void *context, size_t index, struct error *err), void *context,
	     struct error *err)
{
	pthread_t threads[CREW_MAX];
	size_t started = 0;

	crew->work = work;
	crew->context = context;
	crew->count = count;
	while (started < most && started < count && started < CREW_MAX &&
	       pthread_create(&threads[started], NULL, run, crew) == 0)
		started++;
	/* Without a thread it is done here. */
	if (started == 0)
		run(crew);
	while (started > 0)
		(void)pthread_join(threads[--started], NULL);
	if (crew->failure.code < 0 && err)
		*err = crew->failure;
	return crew->failure.code;
}
