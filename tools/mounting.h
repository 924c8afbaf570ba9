/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting what a user names, for `varve mount` and for mount(8). */
#pragma once

#include <stdbool.h>

struct error;
struct invocation;

struct mounting {
	const char *state; /* as access_state() has it, or snapshot:KEY; NULL: the whole history */
	const char *directory; /* NULL: one is made here, called like the state */
	bool writable;         /* a throw-away copy */
	const char *options;   /* more mount options, or NULL */
	bool only_check;       /* whether the state is there */
};

/* *ret_directory is where, for the caller to free. */
int mounting_do(const struct invocation *call, const struct mounting *mounting,
		char **ret_directory, struct error *err);
