/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure FILE COMMAND...: run a command, and write to FILE the seconds from its start to its end,
 * those of CPU that it and all it waited for took, and the KiB of the largest process among them.
 * Exits as the command did.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fs/base/clock.h"

extern char **environ;

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t begin_ns;
	double wall_s;
	int r, status;
	FILE *file;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE COMMAND...\n");
		return 2;
	}
	begin_ns = clock_monotonic_ns();
	r = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
	if (r != 0) {
		fprintf(stderr, "measure: cannot run '%s': %s\n", argv[2], strerror(r));
		return 127;
	}
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	wall_s = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
	file = fopen(argv[1], "we");
	if (!file) {
		fprintf(stderr, "measure: cannot write '%s': %s\n", argv[1], strerror(errno));
		return 127;
	}
	fprintf(file, "%.6f %.6f %ld\n", wall_s,
		seconds(&usage.ru_utime) + seconds(&usage.ru_stime), usage.ru_maxrss);
	if (fclose(file) != 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
