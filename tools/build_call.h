/* SPDX-License-Identifier: Apache-2.0 */
/* A build as its options describe it, for whoever has more than one to do. */
#pragma once

#include "builder/build/build.h"
#include "tools/build_flags.h"

struct buf;
struct error;
struct event_sink;
struct step_pool;
struct store;

struct build_surroundings {
	struct store *store;
	struct event_sink *sink;
	int cancel_fd; /* see struct build_options */
	int stdin_fd;
	const struct strings *insecure_registries; /* see registries_new(); NULL: none */
	struct step_pool *pool;                    /* see struct build_options */
};

/* As build_run() does it; what is wrong with the options is told in the same way. Safe in several
 * threads. */
int build_call(const struct build_flags *flags, const char *context,
	       const struct build_surroundings *in, struct build_result *ret, struct error *err);
/* --jobserver: 0, nobody counts, is "off" and NULL. */
int build_jobserver_read(const char *text, unsigned *ret, struct error *err);
/* What --metadata-file says of a result: a JSON object. */
void build_add_metadata(struct buf *text, const struct build_result *result);
