/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bake/run.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/solve/event.h"
#include "builder/step/pool.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store.h"
#include "tools/build_call.h"

struct baking {
	const struct bake_run *run;
	struct step_pool *pool;
	struct bake_outcome *outcomes;
	struct store_lease *lease; /* holds what others are built from */

	pthread_mutex_t event_lock; /* held while the display is told something */
	unsigned last_vertex;       /* guarded by event_lock */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock */
	bool *begun;
	size_t failed; /* count: none */
	bool stopping;
};

/* ---- one display for all ---- */

/* Numbers of vertices are those of one build; the display knows them by others. */
struct target_sink {
	struct event_sink base;
	struct baking *baking;
	const char *name; /* of the target; NULL: there is only one */
	unsigned *numbers;
	size_t count;
};

static unsigned number_of(struct target_sink *sink, unsigned vertex)
{
	if (vertex >= sink->count) {
		size_t count = vertex + 64;

		sink->numbers = xreallocarray(sink->numbers, count, sizeof *sink->numbers);
		memset(sink->numbers + sink->count, 0,
		       (count - sink->count) * sizeof *sink->numbers);
		sink->count = count;
	}
	if (vertex && !sink->numbers[vertex])
		sink->numbers[vertex] = ++sink->baking->last_vertex;
	return sink->numbers[vertex];
}

/* "[app build 2/5] RUN make", "[app] exporting to image" */
static char *title(const struct target_sink *sink, const char *name)
{
	if (!sink->name)
		return xstrdup(name);
	return *name == '[' ? xasprintf("[%s %s", sink->name, name + 1)
			    : xasprintf("[%s] %s", sink->name, name);
}

static void emit(struct event_sink *base, const struct event *event)
{
	struct target_sink *sink = (struct target_sink *)base;
	struct event_sink *display = sink->baking->run->sink;
	cleanup_free unsigned *inputs = xcalloc(event->input_count + 1, sizeof *inputs);
	cleanup_free char *name = NULL;
	struct event told = *event;

	pthread_mutex_lock(&sink->baking->event_lock);
	told.vertex = number_of(sink, event->vertex);
	for (size_t i = 0; i < event->input_count; i++)
		inputs[i] = number_of(sink, event->inputs[i]);
	told.inputs = inputs;
	if (event->name) {
		name = title(sink, event->name);
		told.name = name;
	}
	display->emit(display, &told);
	pthread_mutex_unlock(&sink->baking->event_lock);
}

/* ---- one build ---- */

static long find_job(const struct bake_run *run, const char *name)
{
	for (size_t i = 0; i < run->count; i++) {
		if (strcmp(run->items[i].name, name) == 0)
			return (long)i;
	}
	return -1;
}

/* What it needs has been built: it is a context now. */
static void add_contexts(struct baking *baking, struct bake_job *job)
{
	for (size_t i = 0; i < job->needs.count; i++) {
		long other = find_job(baking->run, job->needs.items[i]);
		const struct object_id *id = &baking->outcomes[other].built.snapshot;

		strings_add_format(&job->flags.build_contexts, "%s=state://%s",
				   job->files_of.items[i], object_id_hex(id).text);
	}
}

static int open_inline(const struct bake_job *job, int *ret, struct error *err)
{
	cleanup_fd int fd = -1;
	int r;

	*ret = STDIN_FILENO;
	if (!job->dockerfile_inline)
		return 0;
	fd = memfd_create("dockerfile-inline", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot make a file in memory");
	r = fd_write_all(fd, job->dockerfile_inline, strlen(job->dockerfile_inline));
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot write a file in memory");
	*ret = take_fd(&fd);
	return 0;
}

static int build_one(struct baking *baking, size_t index)
{
	struct bake_job *job = &baking->run->items[index];
	struct bake_outcome *outcome = &baking->outcomes[index];
	struct target_sink sink = { .base = { .emit = emit },
				    .baking = baking,
				    .name = baking->run->count > 1 ? job->name : NULL };
	struct build_surroundings in = { .store = baking->run->store,
					 .sink = &sink.base,
					 .cancel_fd = baking->run->cancel_fd,
					 .insecure_registries = baking->run->insecure_registries,
					 .pool = baking->pool };
	int r = open_inline(job, &in.stdin_fd, &outcome->error);

	if (r == 0) {
		add_contexts(baking, job);
		r = build_call(&job->flags, job->context, &in, &outcome->built, &outcome->error);
	}
	if (r == 0 && !object_id_is_zero(&outcome->built.snapshot))
		r = store_lease_hold(baking->lease, &outcome->built.snapshot, &outcome->error);
	if (in.stdin_fd != STDIN_FILENO)
		close(in.stdin_fd);
	free(sink.numbers);
	return r;
}

/* ---- all of them ---- */

static const char *failed_need(const struct baking *baking, size_t index)
{
	const struct bake_job *job = &baking->run->items[index];

	for (size_t i = 0; i < job->needs.count; i++) {
		long other = find_job(baking->run, job->needs.items[i]);

		if (other >= 0 && baking->outcomes[other].result < 0)
			return job->needs.items[i];
	}
	return NULL;
}

static bool is_ready(const struct baking *baking, const struct bake_job *job)
{
	for (size_t i = 0; i < job->needs.count; i++) {
		long other = find_job(baking->run, job->needs.items[i]);

		if (other < 0 || !baking->outcomes[other].ended)
			return false;
	}
	return true;
}

/* What needs one that failed ends without having begun; called with the lock held. */
static void block(struct baking *baking)
{
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < baking->run->count; i++) {
			const char *name = baking->begun[i] ? NULL : failed_need(baking, i);

			if (!name)
				continue;
			baking->begun[i] = again = true;
			baking->outcomes[i] = (struct bake_outcome){ .ended = true,
								     .result = -ECANCELED,
								     .blocked_by = name };
		}
	}
}

/* 1 and one to begin with, 0 when none is left; waits while those that are left need others.
 * Called with the lock held. */
static int choose(struct baking *baking, size_t *ret)
{
	for (;;) {
		bool left = false;

		for (size_t i = 0; i < baking->run->count && !baking->stopping; i++) {
			if (baking->begun[i])
				continue;
			left = true;
			if (is_ready(baking, &baking->run->items[i])) {
				baking->begun[i] = true;
				*ret = i;
				return 1;
			}
		}
		if (!left)
			return 0;
		pthread_cond_wait(&baking->changed, &baking->lock);
	}
}

static void *work(void *context)
{
	struct baking *baking = context;
	size_t index;

	pthread_mutex_lock(&baking->lock);
	while (choose(baking, &index)) {
		struct bake_outcome *outcome = &baking->outcomes[index];
		int r;

		pthread_mutex_unlock(&baking->lock);
		r = build_one(baking, index);
		pthread_mutex_lock(&baking->lock);
		outcome->result = r;
		outcome->ended = true;
		/* What others cancelled is not what went wrong. */
		if (r < 0 && (baking->failed == baking->run->count ||
			      baking->outcomes[baking->failed].result == -ECANCELED))
			baking->failed = index;
		if (r < 0 && baking->run->keep_going && r != -ECANCELED) {
			block(baking);
		} else if (r < 0 && !baking->stopping) {
			baking->stopping = true;
			(void)eventfd_write(baking->run->cancel_fd, 1);
		}
		pthread_cond_broadcast(&baking->changed);
	}
	pthread_mutex_unlock(&baking->lock);
	return NULL;
}

/* Each build may have all the places there are, which the pool counts for all together. */
static size_t share_jobs(const struct bake_run *run)
{
	unsigned jobs = run->jobs ? run->jobs : step_pool_usual();

	for (size_t i = 0; i < run->count; i++) {
		run->items[i].flags.jobs = jobs;
		run->items[i].flags.keep_going = run->keep_going;
	}
	return run->count < jobs ? run->count : jobs;
}

static int run_threads(struct baking *baking)
{
	size_t count = share_jobs(baking->run), started = 0;
	cleanup_free pthread_t *threads = xcalloc(count, sizeof *threads);

	while (started < count && pthread_create(&threads[started], NULL, work, baking) == 0)
		started++;
	if (!started)
		(void)work(baking);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return baking->failed < baking->run->count ? baking->outcomes[baking->failed].result : 0;
}

int bake_run(const struct bake_run *run, struct bake_outcome *outcomes, size_t *ret_failed)
{
	cleanup_free bool *begun = xcalloc(run->count, sizeof *begun);
	struct baking baking = {
		.run = run, .outcomes = outcomes, .begun = begun, .failed = run->count
	};
	const struct step_pool_limits limits = { .steps = run->jobs ? run->jobs : step_pool_usual(),
						 .jobs = run->jobserver_jobs,
						 .jobs_fifo = run->jobserver_fifo };
	cleanup_with(step_pool_free) struct step_pool *pool = NULL;
	int r = step_pool_new(&limits, &pool, &outcomes[0].error);

	*ret_failed = 0;
	baking.pool = pool;
	if (r == 0)
		r = store_lease_begin(run->store, &baking.lease, &outcomes[0].error);
	if (r < 0)
		return r;
	pthread_mutex_init(&baking.event_lock, NULL);
	pthread_mutex_init(&baking.lock, NULL);
	pthread_cond_init(&baking.changed, NULL);
	r = run_threads(&baking);
	*ret_failed = baking.failed;
	pthread_cond_destroy(&baking.changed);
	pthread_mutex_destroy(&baking.lock);
	pthread_mutex_destroy(&baking.event_lock);
	store_lease_end(baking.lease);
	return r;
}

void bake_outcome_release(struct bake_outcome *outcome)
{
	build_result_release(&outcome->built);
	*outcome = (struct bake_outcome){ 0 };
}
