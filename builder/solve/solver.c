/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/solve/solver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/solve/job.h"
#include "builder/step/pool.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"

#define WORKERS_MAX  256
#define WORKER_STACK ((size_t)512 << 10)

struct solver {
	const struct solve_options *options;
	struct step_result *results;
	struct solve_outcome *outcomes;

	pthread_mutex_t emit_lock; /* one event at a time */
	unsigned *numbers;         /* guarded by emit_lock: of vertices that were emitted, or 0 */
	unsigned next_number;      /* guarded by emit_lock */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Those that vertex i goes into, in order: users[users_from[i]] up to where the next begin. */
	unsigned *users;
	size_t *users_from;
	unsigned *waiting_for; /* guarded by lock: inputs of each vertex that are not done */
	unsigned *blocked;     /* guarded by lock: vertices that will never be worked on */
	size_t blocked_count;  /* guarded by lock */
	unsigned *queue;       /* guarded by lock: vertices that can be worked on */
	size_t queue_head, queue_tail; /* guarded by lock */
	size_t left;                   /* guarded by lock: vertices that have not ended */
	bool stopping;                 /* guarded by lock: one has failed */
	const struct vertex *failed;   /* guarded by lock */
	int result;                    /* guarded by lock */
	struct error error;            /* guarded by lock */
};

/* A vertex being worked on, and whom it tells. */
struct telling {
	struct step_output output;
	struct solver *solver;
	struct job job;
	unsigned number;
};

/* ---- events ---- */

static void emit(struct solver *solver, struct event *event)
{
	struct event_sink *sink = solver->options->sink;

	event->time_ns = clock_monotonic_ns();
	if (!sink)
		return;
	pthread_mutex_lock(&solver->emit_lock);
	sink->emit(sink, event);
	pthread_mutex_unlock(&solver->emit_lock);
}

/* "sha256:…" for those who want to tell vertices apart. */
static char *digest_of(const struct vertex *vertex)
{
	cleanup_free char *text = xasprintf("%u %s", vertex->index, vertex->name);
	struct object_id id = object_id_of(text, strlen(text));

	return xasprintf("sha256:%s", object_id_hex(&id).text);
}

static unsigned emit_vertex(struct solver *solver, const struct vertex *vertex)
{
	cleanup_free char *digest = digest_of(vertex);
	cleanup_free unsigned *inputs = xcalloc(vertex->input_count + 1, sizeof *inputs);
	struct event_sink *sink = solver->options->sink;
	struct event event = { .type = EVENT_VERTEX,
			       .name = vertex->name,
			       .digest = digest,
			       .inputs = inputs,
			       .input_count = vertex->input_count,
			       .time_ns = clock_monotonic_ns() };
	unsigned number;

	pthread_mutex_lock(&solver->emit_lock);
	number = solver->next_number++;
	solver->numbers[vertex->index] = number;
	for (size_t i = 0; i < vertex->input_count; i++)
		inputs[i] = solver->numbers[vertex->inputs[i]->index];
	event.vertex = number;
	if (sink)
		sink->emit(sink, &event);
	pthread_mutex_unlock(&solver->emit_lock);
	return number;
}

static void emit_log(struct step_output *output, int stream, const void *data, size_t size)
{
	const struct telling *telling = (const struct telling *)output;
	struct event event = { .type = EVENT_LOG,
			       .vertex = telling->number,
			       .stream = stream,
			       .data = data,
			       .size = size };

	emit(telling->solver, &event);
}

static void emit_status(struct step_output *output, const char *id, uint64_t current,
			uint64_t total, bool bytes, bool complete)
{
	const struct telling *telling = (const struct telling *)output;
	struct event event = { .type = EVENT_STATUS,
			       .vertex = telling->number,
			       .id = id,
			       .current = current,
			       .total = total,
			       .bytes = bytes,
			       .complete = complete };

	emit(telling->solver, &event);
}

static void emit_done(const struct telling *telling, enum event_outcome outcome,
		      const struct error *err)
{
	const struct vertex *vertex = telling->job.task.vertex;
	struct event event = { .type = EVENT_DONE,
			       .vertex = telling->number,
			       .outcome = outcome,
			       .error = outcome == EVENT_FAILED ? err->text : NULL,
			       .location = { .first_line = vertex->where.first_line,
					     .last_line = vertex->where.last_line } };

	emit(telling->solver, &event);
}

/* ---- one vertex ---- */

static void begin(struct telling *telling, struct solver *solver, const struct vertex *vertex)
{
	*telling = (struct telling){ .output = { .log = emit_log, .status = emit_status },
				     .solver = solver };
	job_init(&telling->job, solver->options->env, vertex, solver->results, &telling->output);
	telling->number = emit_vertex(solver, vertex);
	emit(solver, &(struct event){ .type = EVENT_STARTED, .vertex = telling->number });
}

/* With a place in the pool, and without one afterwards. */
static int work_in_place(struct solver *solver, const struct vertex *vertex, struct error *err)
{
	struct solve_outcome *outcome = &solver->outcomes[vertex->index];
	struct step_result result = { 0 };
	bool cached = false;
	struct telling telling;
	int r;

	outcome->started = true;
	outcome->started_ns = clock_monotonic_ns();
	outcome->started_s = clock_realtime_ns() / 1000000000;
	begin(&telling, solver, vertex);
	r = job_run(&telling.job, &result, &cached, err);
	outcome->ended_ns = clock_monotonic_ns();
	outcome->ended = true;
	outcome->outcome = r == -ECANCELED ? EVENT_CANCELED
			   : r < 0         ? EVENT_FAILED
			   : cached        ? EVENT_CACHED
					   : EVENT_OK;
	if (outcome->outcome == EVENT_FAILED)
		outcome->error = xstrdup(err->text[0] ? err->text : error_words(r));
	if (!telling.job.placeless)
		step_pool_leave(solver->options->env->pool);
	emit_done(&telling, outcome->outcome, err);
	job_release(&telling.job);
	solver->results[vertex->index] = result;
	return r;
}

static int work_on(struct solver *solver, const struct vertex *vertex, struct error *err)
{
	struct step_env *env = solver->options->env;
	int r = step_pool_enter(env->pool, env->cancel_fd, err);

	return r < 0 ? r : work_in_place(solver, vertex, err);
}

/* ---- workers ---- */

static void enqueue(struct solver *solver, unsigned index)
{
	solver->queue[solver->queue_tail++] = index;
}

/* What needs a vertex that has failed will never be worked on. */
static void block(struct solver *solver, const struct vertex *failed)
{
	size_t next = solver->blocked_count;
	unsigned at = failed->index;

	for (;;) {
		for (size_t i = solver->users_from[at]; i < solver->users_from[at + 1]; i++) {
			struct solve_outcome *outcome = &solver->outcomes[solver->users[i]];

			if (outcome->blocked_by)
				continue;
			outcome->blocked_by = failed;
			solver->blocked[solver->blocked_count++] = solver->users[i];
			solver->left--;
		}
		if (next == solver->blocked_count)
			return;
		at = solver->blocked[next++];
	}
}

/* The first real failure counts, and what it cancels does not; unless it cancels nothing. */
static bool counts(const struct solver *solver, int r)
{
	if (solver->result == 0)
		return true;
	if (solver->options->keep_going)
		return r == -ECANCELED;
	return solver->result == -ECANCELED && r != -ECANCELED;
}

static void note_failure(struct solver *solver, const struct vertex *vertex, int r,
			 const struct error *err)
{
	if (counts(solver, r)) {
		solver->result = r;
		solver->error = *err;
		solver->failed = r == -ECANCELED ? NULL : vertex;
	}
	if (solver->options->keep_going && r != -ECANCELED) {
		block(solver, vertex);
		return;
	}
	if (!solver->stopping && solver->options->cancel)
		solver->options->cancel(solver->options->context);
	solver->stopping = true;
	pthread_cond_broadcast(&solver->changed);
}

/*
 * Let those go ahead that have waited for nothing else. The first of them, most often the stage's
 * next step, is for the worker that calls this, and returned. Whoever took what has waited longest
 * would begin all stages before ending one, and each that has begun keeps its filesystem; and
 * waking another worker for each step of a stage would cost more than finding most of them done.
 */
static const struct vertex *note_done(struct solver *solver, const struct vertex *vertex)
{
	const struct plan *plan = solver->options->plan;
	const size_t *from = &solver->users_from[vertex->index];
	const struct vertex *first = NULL;

	for (size_t i = from[0]; i < from[1]; i++) {
		unsigned user = solver->users[i];

		if (--solver->waiting_for[user] > 0)
			continue;
		if (!first) {
			first = plan->vertices[user];
			continue;
		}
		enqueue(solver, user);
		pthread_cond_signal(&solver->changed);
	}
	return first;
}

/* With the lock held, which is given up meanwhile. What is to be done next by the same worker, or
 * NULL. */
static const struct vertex *work(struct solver *solver, const struct vertex *vertex)
{
	const struct solve_options *options = solver->options;
	const struct vertex *next = NULL;
	struct error err = { 0 };
	int r;

	pthread_mutex_unlock(&solver->lock);
	r = work_on(solver, vertex, &err);
	pthread_mutex_lock(&solver->lock);
	if (options->ended)
		options->ended(options->context, vertex, &solver->results[vertex->index],
			       &solver->outcomes[vertex->index]);
	if (r < 0)
		note_failure(solver, vertex, r, &err);
	else
		next = note_done(solver, vertex);
	if (--solver->left == 0)
		pthread_cond_broadcast(&solver->changed);
	return next;
}

static void *run_worker(void *context)
{
	struct solver *solver = context;
	const struct vertex *vertex = NULL;

	pthread_mutex_lock(&solver->lock);
	while (!solver->stopping && solver->left > 0) {
		if (!vertex && solver->queue_head == solver->queue_tail) {
			pthread_cond_wait(&solver->changed, &solver->lock);
			continue;
		}
		if (!vertex)
			vertex = solver->options->plan
					 ->vertices[solver->queue[solver->queue_head++]];
		vertex = work(solver, vertex);
	}
	pthread_mutex_unlock(&solver->lock);
	return NULL;
}

static unsigned worker_count(const struct solve_options *options)
{
	unsigned count = options->jobs ? options->jobs : step_pool_usual();

	if (count > options->plan->vertex_count)
		count = (unsigned)options->plan->vertex_count;
	return count > WORKERS_MAX ? WORKERS_MAX : count;
}

static void run_workers(struct solver *solver)
{
	unsigned count = worker_count(solver->options), started = 0;
	cleanup_free pthread_t *threads = xcalloc(count + 1, sizeof *threads);
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	while (started + 1 < count &&
	       pthread_create(&threads[started], &attr, run_worker, solver) == 0)
		started++;
	pthread_attr_destroy(&attr);
	(void)run_worker(solver);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* Whoever looked through all vertices for those that one goes into would take as long as there are
 * vertices, for each of them. */
static void find_users(struct solver *solver)
{
	const struct plan *plan = solver->options->plan;
	cleanup_free size_t *at = NULL;

	solver->users_from = xcalloc(plan->vertex_count + 2, sizeof *solver->users_from);
	for (size_t i = 0; i < plan->vertex_count; i++) {
		for (size_t j = 0; j < plan->vertices[i]->input_count; j++)
			solver->users_from[plan->vertices[i]->inputs[j]->index + 1]++;
	}
	for (size_t i = 0; i < plan->vertex_count; i++)
		solver->users_from[i + 1] += solver->users_from[i];
	at = xmemdup(solver->users_from, (plan->vertex_count + 1) * sizeof *at);
	solver->users = xcalloc(at[plan->vertex_count] + 1, sizeof *solver->users);
	for (size_t i = 0; i < plan->vertex_count; i++) {
		for (size_t j = 0; j < plan->vertices[i]->input_count; j++)
			solver->users[at[plan->vertices[i]->inputs[j]->index]++] = (unsigned)i;
	}
}

static void solver_init(struct solver *solver, const struct solve_options *options,
			struct step_result *results, struct solve_outcome *outcomes)
{
	const struct plan *plan = options->plan;
	size_t count = plan->vertex_count;

	*solver = (struct solver){ .options = options,
				   .results = results,
				   .outcomes = outcomes,
				   .next_number = options->first_event,
				   .left = count };
	pthread_mutex_init(&solver->emit_lock, NULL);
	pthread_mutex_init(&solver->lock, NULL);
	pthread_cond_init(&solver->changed, NULL);
	solver->numbers = xcalloc(count + 1, sizeof *solver->numbers);
	solver->waiting_for = xcalloc(count + 1, sizeof *solver->waiting_for);
	solver->queue = xcalloc(count + 1, sizeof *solver->queue);
	solver->blocked = xcalloc(count + 1, sizeof *solver->blocked);
	find_users(solver);
	memset(results, 0, count * sizeof *results);
	memset(outcomes, 0, count * sizeof *outcomes);
	for (size_t i = 0; i < count; i++) {
		solver->waiting_for[i] = (unsigned)plan->vertices[i]->input_count;
		if (!solver->waiting_for[i])
			enqueue(solver, (unsigned)i);
	}
}

static void solver_release(struct solver *solver)
{
	free(solver->numbers);
	free(solver->waiting_for);
	free(solver->queue);
	free(solver->blocked);
	free(solver->users);
	free(solver->users_from);
	pthread_cond_destroy(&solver->changed);
	pthread_mutex_destroy(&solver->lock);
	pthread_mutex_destroy(&solver->emit_lock);
}

int solve(const struct solve_options *options, struct step_result *results,
	  struct solve_outcome *outcomes, const struct vertex **ret_failed, struct error *err)
{
	struct solver solver;
	int r;

	if (ret_failed)
		*ret_failed = NULL;
	if (!options->plan->vertex_count)
		return 0;
	solver_init(&solver, options, results, outcomes);
	run_workers(&solver);
	r = solver.result;
	if (r < 0 && err)
		*err = solver.error;
	if (r < 0 && ret_failed)
		*ret_failed = solver.failed;
	solver_release(&solver);
	return r;
}
