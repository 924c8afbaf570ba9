/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that share one open store commit, read all of it, and collect garbage, all at once. At
 * the end every name leads to a whole state. Meant for the thread sanitizer.
 *
 *     threads [SECONDS]
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/store/fsck.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "tests/crash/workload.h"

#define COMMITTERS 3

struct party {
	struct store *store;
	uint64_t end_ns;
	unsigned number; /* 0 collects, 1 reads, the rest commit */
	uint64_t rounds;
	int result;
};

/* Everything is read and every list made; what is collected meanwhile is no problem of its own. */
static int read_all(struct worker *worker, struct error *err)
{
	struct fsck_options options = { 0 };
	struct fsck_report report = { 0 };
	struct ref_list refs = { 0 };
	struct step_list steps = { 0 };
	int r = store_ref_list(worker->store, "cache/", &refs, err);

	if (r == 0)
		r = store_step_list(worker->store, &steps, err);
	for (size_t i = 0; i < steps.count && r >= 0; i++) {
		r = store_lease_hold(worker->lease, &steps.items[i].snapshot, err);
		if (r == -ENOENT)
			r = 0;
	}
	if (r >= 0)
		r = store_fsck(worker->store, &options, &report, err);
	if (r == -EWOULDBLOCK)
		r = 0; /* one collects */
	else if (r >= 0 && report.problems.count)
		r = error_set(err, -EBADMSG, "%s", report.problems.items[0]);
	fsck_report_release(&report);
	ref_list_release(&refs);
	step_list_release(&steps);
	return r;
}

static void *run(void *context)
{
	struct party *party = context;
	struct worker worker;
	struct error err = { 0 };
	int r = 0;

	worker_join(&worker, party->store, party->number);
	while (r >= 0 && clock_monotonic_ns() < party->end_ns) {
		struct timespec pause = { 0, (long)worker_random(&worker, 5000000) };

		/* These two keep each other out, and come to nothing at once. */
		if (party->number < 2)
			(void)nanosleep(&pause, NULL);
		if (party->number == 0)
			r = worker_collect(&worker, &err);
		else if (party->number == 1)
			r = read_all(&worker, &err);
		else
			r = worker_commit(&worker, &err);
		party->rounds++;
	}
	if (r < 0)
		printf("# thread %u: %d: %s\n", party->number, r, err.text);
	party->result = r;
	worker_end(&worker);
	return NULL;
}

static int run_all(struct store *store, uint64_t seconds)
{
	struct party parties[COMMITTERS + 2];
	pthread_t threads[COMMITTERS + 2];
	uint64_t end_ns = clock_monotonic_ns() + seconds * 1000000000;
	int failed = 0;

	for (unsigned i = 0; i < COMMITTERS + 2; i++) {
		parties[i] = (struct party){ .store = store, .end_ns = end_ns, .number = i };
		if (pthread_create(&threads[i], NULL, run, &parties[i]) != 0)
			exit(2);
	}
	for (unsigned i = 0; i < COMMITTERS + 2; i++) {
		(void)pthread_join(threads[i], NULL);
		printf("# thread %u: %llu rounds\n", i, (unsigned long long)parties[i].rounds);
		failed |= parties[i].result < 0;
	}
	return failed;
}

int main(int argc, char **argv)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	cleanup_free char *path = xasprintf("%s/varve-threads.XXXXXX", base ? base : "/tmp");
	struct store *store = NULL;
	struct error err = { 0 };
	uint64_t seconds = 3;
	size_t problems;
	int failed;

	if (argc > 1 && parse_u64(argv[1], &seconds) < 0)
		return 2;
	if (!mkdtemp(path) || store_open(path, STORE_CREATE, &store, &err) < 0)
		return 2;
	failed = run_all(store, seconds);
	store_close(store);
	problems = store_problems(path);
	printf("1..1\n%s 1 - %zu problems\n", failed || problems ? "not ok" : "ok", problems);
	(void)dir_remove_all(-100 /* AT_FDCWD */, path);
	return failed || problems;
}
