/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start_up ROUNDS COMMAND...: how long each command takes from its start to its end, as one JSON
 * object a line. A command is one argument, split at blanks. Rounds go through all commands one
 * after another, so that what else the machine does meets them alike; the difference to the first
 * is the median of the differences within a round.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"

extern char **environ;

static void split(struct strings *ret, const char *command)
{
	while (*command) {
		size_t length = strcspn(command, " ");

		if (length > 0)
			strings_add_range(ret, command, length);
		command += length + (command[length] == ' ');
	}
}

static double run_ms(const struct strings *command, const posix_spawn_file_actions_t *actions)
{
	uint64_t begin_ns = clock_monotonic_ns();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, command->items[0], actions, NULL, strings_argv(command), environ) !=
		    0 ||
	    waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "start_up: '%s' failed\n", command->items[0]);
		exit(1);
	}
	return (double)(clock_monotonic_ns() - begin_ns) / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? (size_t)argc - 2 : 0;
	struct strings *commands = xcalloc(count + 1, sizeof *commands);
	posix_spawn_file_actions_t actions;
	double *times, *differences, *more;
	uint32_t rounds;

	if (count == 0 || parse_u32(argv[1], &rounds) < 0 || rounds == 0) {
		fprintf(stderr, "usage: start_up ROUNDS COMMAND...\n");
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	times = xcalloc(count * rounds, sizeof *times);
	differences = xcalloc(rounds, sizeof *differences);
	more = xcalloc(count, sizeof *more);
	for (size_t i = 0; i < count; i++)
		split(&commands[i], argv[i + 2]);
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++)
			times[i * rounds + round] = run_ms(&commands[i], &actions);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t round = 0; round < rounds; round++)
			differences[round] = times[i * rounds + round] - times[round];
		more[i] = median(differences, rounds);
	}
	for (size_t i = 0; i < count; i++)
		printf("{\"command\":\"%s\",\"median_ms\":%.3f,\"least_ms\":%.3f,\"more_ms\":%.3f}\n",
		       argv[i + 2], median(times + i * rounds, rounds), times[i * rounds], more[i]);
	posix_spawn_file_actions_destroy(&actions);
	for (size_t i = 0; i < count; i++)
		strings_release(&commands[i]);
	free(commands);
	free(times);
	free(differences);
	free(more);
	return 0;
}
