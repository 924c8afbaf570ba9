/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Six committing processes against one that collects garbage without a pause. At the end every
 * name leads to a whole state.
 *
 *     race [SECONDS] [--break]
 *
 * With --break each process locks files of its own, so that the locks keep nobody out: a run that
 * finds no damage then proves nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "tests/crash/workload.h"

#define COMMITTERS 6

/* Leave the next process files of its own to lock. */
static void take_locks_away(const char *path)
{
	static const char *const names[] = { "lock", "gate" };

	for (size_t i = 0; i < 2; i++) {
		cleanup_free char *file = xasprintf("%s/%s", path, names[i]);

		(void)unlink(file);
	}
}

static int run(const char *path, unsigned number, uint64_t end_ns, int ready_fd, bool broken)
{
	struct worker worker;
	struct error err = { 0 };
	int r = 0;

	worker_begin(&worker, path, number);
	if (broken) {
		/* A transaction opens the files, and they are kept. */
		r = worker_commit(&worker, &err);
		while (worker.commits == 0 && r == 0)
			r = worker_commit(&worker, &err);
		take_locks_away(path);
	}
	if (write(ready_fd, "r", 1) != 1)
		return 1;
	while (r >= 0 && clock_monotonic_ns() < end_ns) {
		r = number == 0 ? worker_collect(&worker, &err) : worker_commit(&worker, &err);
		worker.commits += number == 0;
		if (broken && r < 0)
			r = 0; /* failing is one way to show it */
	}
	if (r < 0)
		printf("# process %u: %d: %s\n", number, r, err.text);
	printf("# process %u: %llu %s\n", number, (unsigned long long)worker.commits,
	       number == 0 ? "collections" : "commits");
	(void)fflush(stdout);
	worker_end(&worker);
	return r < 0;
}

static int race(const char *path, uint64_t seconds, bool broken)
{
	uint64_t end_ns = clock_monotonic_ns() + seconds * 1000000000;
	pid_t pids[COMMITTERS + 1];
	int ready[2], failed = 0, status;
	char byte;

	if (pipe(ready) < 0)
		return 1;
	for (unsigned i = 0; i <= COMMITTERS; i++) {
		(void)fflush(stdout);
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(run(path, i, end_ns, ready[1], broken));
		/* One after the other, so that each finds, or does not find, the files. */
		if (pids[i] < 0 || read(ready[0], &byte, 1) != 1)
			failed = 1;
	}
	for (unsigned i = 0; i <= COMMITTERS; i++) {
		if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			failed = 1;
	}
	return failed;
}

int main(int argc, char **argv)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	cleanup_free char *path = xasprintf("%s/varve-race.XXXXXX", base ? base : "/tmp");
	uint64_t seconds = 8;
	bool broken = argc > 2 && strcmp(argv[2], "--break") == 0;
	size_t problems, names;
	int failed;

	if (argc > 1 && parse_u64(argv[1], &seconds) < 0)
		return 2;
	if (!mkdtemp(path))
		return 2;
	failed = race(path, seconds, broken);
	names = store_names(path);
	problems = store_problems(path);
	printf("1..1\n%s 1 - %zu names, %zu problems\n", failed || problems ? "not ok" : "ok",
	       names, problems);
	(void)dir_remove_all(-100 /* AT_FDCWD */, path);
	return failed || problems || names == 0;
}
