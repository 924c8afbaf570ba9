/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of what steps have printed, in all logs that are kept or those of some builds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct store;

struct log_search {
	const char *pattern; /* an extended regular expression */
	bool ignore_case;
	const char *stream; /* "stdout" or "stderr"; NULL: both */
	bool times, json;
	uint32_t before, after; /* lines around each match */
};

/*
 * Write the lines in which the pattern is, with the address of the step in front, and those around
 * them as grep does. `names` are builds
 * or states; none of them is all builds, newest first, where a log is shown once, for the build
 * that has it last. EXIT_OK when there was one, EXIT_BUILD_FAILED when not.
 */
int log_search(struct store *store, const struct log_search *search, char *const *names,
	       size_t count, struct error *err);
