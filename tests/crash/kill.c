/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that commit and collect are killed at random moments and started again, over and
 * over. The store is whole at any time, also while they are at it, and usable afterwards.
 *
 *     kill [SECONDS]
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/base/parse.h"
#include "tests/crash/workload.h"

#define PROCESSES 4 /* the first collects */

static void run(const char *path, unsigned number)
{
	struct worker worker;
	struct error err = { 0 };
	int r = 0;

	worker_begin(&worker, path, number);
	while (r >= 0)
		r = number == 0 ? worker_collect(&worker, &err) : worker_commit(&worker, &err);
	printf("# process %u: %d: %s\n", number, r, err.text);
	(void)fflush(stdout);
	_exit(1);
}

static pid_t start(const char *path, unsigned number)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		run(path, number);
	return pid;
}

/* 0 when it was our signal that ended it. */
static int end(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return 1;
	return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int run_all(const char *path, uint64_t seconds, unsigned *ret_kills)
{
	uint64_t end_ns = clock_monotonic_ns() + seconds * 1000000000, random = end_ns;
	pid_t pids[PROCESSES];
	int failed = 0;

	for (unsigned i = 0; i < PROCESSES; i++)
		pids[i] = start(path, i);
	while (!failed && clock_monotonic_ns() < end_ns) {
		struct timespec pause = { 0, 0 };
		unsigned victim;

		random = hash64_mix(random + 1);
		victim = (unsigned)(random % PROCESSES);
		pause.tv_nsec = (long)(random >> 8) % 60000000;
		if (pause.tv_nsec < 0)
			pause.tv_nsec = -pause.tv_nsec;
		(void)nanosleep(&pause, NULL);
		failed = end(pids[victim]);
		pids[victim] = start(path, victim);
		++*ret_kills;
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		failed |= end(pids[i]);
	return failed;
}

/* After everything it commits and collects as if nothing had been. */
static int is_usable(const char *path)
{
	struct worker worker;
	struct error err = { 0 };
	int r = 0;

	worker_begin(&worker, path, 1);
	for (int i = 0; i < 50 && r >= 0; i++)
		r = worker_commit(&worker, &err);
	if (r >= 0)
		r = worker_collect(&worker, &err);
	if (r < 0)
		printf("# afterwards: %s\n", err.text);
	worker_end(&worker);
	return r >= 0;
}

int main(int argc, char **argv)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
	cleanup_free char *path = xasprintf("%s/varve-kill.XXXXXX", base ? base : "/tmp");
	uint64_t seconds = 8;
	unsigned kills = 0;
	size_t problems = 0;
	int failed = 0;

	if (argc > 1 && parse_u64(argv[1], &seconds) < 0)
		return 2;
	if (!mkdtemp(path))
		return 2;
	for (uint64_t i = 0; i < seconds && !failed && !problems; i++) {
		failed = run_all(path, 1, &kills);
		problems = store_problems(path);
	}
	if (!failed && !problems)
		failed = !is_usable(path);
	if (!failed)
		problems += store_problems(path);
	printf("1..1\n%s 1 - %u processes killed, %zu problems\n",
	       failed || problems ? "not ok" : "ok", kills, problems);
	if (failed || problems)
		printf("# the store is left in '%s'\n", path);
	else
		(void)dir_remove_all(-100 /* AT_FDCWD */, path);
	return failed || problems;
}
