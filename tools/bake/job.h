/* SPDX-License-Identifier: Apache-2.0 */
/* A resolved target as a build: the options that it would have on the command line. */
#pragma once

#include <jansson.h>

#include "tools/build_flags.h"

struct error;

/* What the command line says for all targets. */
struct bake_flags {
	struct strings files, overrides, values, allow, resources;
	const char *call, *jobserver, *jobserver_style, *list, *metadata_file, *progress;
	bool check, keep_going, load, no_cache, print, pull, push;
	uint64_t jobs;
};

/* All zero is none. */
struct bake_job {
	const char *name;         /* the target's */
	struct build_flags flags; /* with strings that belong to the job and to the target */
	char *context;
	const char *dockerfile_inline; /* NULL */
	struct strings needs;          /* targets that it takes files from: their names */
	struct strings files_of;       /* for each, the name of the context */
	struct strings texts;          /* what the flags point to */
};

/* `target` is as bake_resolve() has it, and outlives the job. A helper has no output. Things that
 * have no effect are named in `warnings`. */
int bake_job_make(const char *name, const json_t *target, const struct bake_flags *all, bool helper,
		  struct bake_job *ret, struct strings *warnings, struct error *err);
void bake_job_release(struct bake_job *job);
DEFINE_CLEANUP_VALUE(struct bake_job, bake_job_release);
