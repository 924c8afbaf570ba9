/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letting go of what was not used for the longest time, down to a size. What images, pins and
 * builds that are running need stays in any case.
 */
#pragma once

#include "builder/usage/report.h"

struct prune_options {
	bool all;         /* also states that images share, and caches that nobody uses */
	bool types_given; /* only these, caches without `all` as well */
	bool types[USAGE_TYPE_COUNT];
	int64_t until_s;       /* only what was used before that; 0: whenever */
	const char *id_prefix; /* only these; NULL: any */
	/* Stop when no more than this is taken; 0 is not given. Without any of them, all goes. */
	uint64_t reserved_space; /* never go below that */
	uint64_t max_used_space, min_free_space;
	bool dry_run;
};

/* *ret holds what went, or would, with the sizes it was counted with; `total` is what is left, and
 * *ret_freed what that has freed. */
int prune_run(struct store *store, struct history *history, const struct prune_options *options,
	      struct usage_report *ret, uint64_t *ret_freed, struct error *err);
