/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builder/step/jobserver.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/object/id_set.h"

/* Steps wait as often as they compute: for the network, for a cache, for each other's keys. */
#define STEPS_PER_CPU 4

struct step_pool {
	int places_fd; /* an eventfd that counts free places; -1: nobody counts */
	struct jobserver *jobserver;
	bool jobs_fifo;

	pthread_mutex_t lock;
	unsigned running;      /* guarded by lock: RUN steps that have been let through */
	struct strings builds; /* guarded by lock */
	struct id_set done;    /* guarded by lock */
};

unsigned step_pool_usual(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return STEPS_PER_CPU * (unsigned)(cpus > 0 ? cpus : 1);
}

int step_pool_new(const struct step_pool_limits *limits, struct step_pool **ret, struct error *err)
{
	cleanup_with(step_pool_free) struct step_pool *pool = xcalloc(1, sizeof *pool);
	int r = 0;

	pool->places_fd = -1;
	pool->jobs_fifo = limits->jobs_fifo;
	pthread_mutex_init(&pool->lock, NULL);
	if (limits->steps) {
		/* Readable for as many as there are places, and a wait for one can be given up. */
		pool->places_fd =
			eventfd(limits->steps, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
		if (pool->places_fd < 0)
			return error_errno(err, -errno, "cannot count steps");
	}
	if (limits->jobs)
		r = jobserver_new(limits->jobs, &pool->jobserver, err);
	if (r == 0)
		*ret = take_ptr(&pool);
	return r;
}

void step_pool_free(struct step_pool *pool)
{
	if (!pool)
		return;
	jobserver_free(pool->jobserver);
	if (pool->places_fd >= 0)
		close(pool->places_fd);
	strings_release(&pool->builds);
	id_set_release(&pool->done);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* ---- places ---- */

int step_pool_enter(struct step_pool *pool, int cancel_fd, struct error *err)
{
	struct pollfd events[2] = { { .fd = cancel_fd, .events = POLLIN } };
	eventfd_t taken;

	if (!pool || pool->places_fd < 0)
		return 0;
	events[1] = (struct pollfd){ .fd = pool->places_fd, .events = POLLIN };
	/* Who has just left one and is faster than those that wait may have it: a stage is ended
	 * before the next one begins. */
	while (eventfd_read(pool->places_fd, &taken) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return error_errno(err, -errno, "cannot count steps");
		if (poll(events, 2, -1) > 0 && events[0].revents)
			return error_set(err, -ECANCELED, "cancelled");
	}
	return 0;
}

void step_pool_leave(struct step_pool *pool)
{
	if (pool && pool->places_fd >= 0)
		(void)eventfd_write(pool->places_fd, 1);
}

/* ---- memory and jobs ---- */

bool step_pool_begin_run(struct step_pool *pool, bool memory_is_short)
{
	bool may;

	if (!pool)
		return true;
	pthread_mutex_lock(&pool->lock);
	may = pool->running == 0 || !memory_is_short;
	pool->running += may;
	pthread_mutex_unlock(&pool->lock);
	return may;
}

void step_pool_end_run(struct step_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->running--;
	pthread_mutex_unlock(&pool->lock);
}

struct jobserver *step_pool_jobserver(struct step_pool *pool)
{
	return pool ? pool->jobserver : NULL;
}

bool step_pool_jobs_fifo(const struct step_pool *pool)
{
	return pool->jobs_fifo;
}

/* ---- who, and what ---- */

void step_pool_add_build(struct step_pool *pool, const char *label)
{
	pthread_mutex_lock(&pool->lock);
	strings_add(&pool->builds, label);
	pthread_mutex_unlock(&pool->lock);
}

bool step_pool_has_build(struct step_pool *pool, const char *label)
{
	bool has;

	if (!pool)
		return false;
	pthread_mutex_lock(&pool->lock);
	has = strings_contain(&pool->builds, label);
	pthread_mutex_unlock(&pool->lock);
	return has;
}

void step_pool_add_done(struct step_pool *pool, const struct object_id *key)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	(void)id_set_add(&pool->done, key);
	pthread_mutex_unlock(&pool->lock);
}

bool step_pool_is_done(struct step_pool *pool, const struct object_id *key)
{
	bool is;

	if (!pool)
		return false;
	pthread_mutex_lock(&pool->lock);
	is = id_set_contains(&pool->done, key);
	pthread_mutex_unlock(&pool->lock);
	return is;
}
