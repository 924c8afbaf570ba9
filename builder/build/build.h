/* SPDX-License-Identifier: Apache-2.0 */
/* One whole build: from a Dockerfile and a context to an image and what it is written as. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/build/call.h"
#include "builder/dockerfile/run_mount.h"
#include "builder/export/export.h"
#include "builder/export/output.h"
#include "builder/history/history.h"
#include "builder/step/step_env.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct error;
struct event_sink;
struct step_pool;
struct store;

/* What the user has asked for; lists hold the values of options as they were given. */
struct build_options {
	struct store *store;
	struct event_sink *sink; /* NULL: nobody listens */
	int cancel_fd;           /* the build ends when it becomes readable */

	const char *context; /* PATH, or "-" */
	const char *file;    /* of the Dockerfile; NULL: the usual one */
	int stdin_fd;
	const char *platform; /* one, or several with commas between them; NULL: this host's */
	/* Stages, by name, number or pattern; none: the last one. */
	struct strings targets;
	bool all_stages;     /* are built, whether a target needs them or not */
	bool replay;         /* cached steps say again what they printed */
	bool keep_going;     /* a step that fails stops those alone that need it */
	const char *for_one; /* a flag of the caller that makes sense for one target; NULL: none */
	struct strings build_contexts, build_args, labels, tags;
	struct strings secrets, ssh, extra_hosts, ulimits, resources, allow, no_cache_stages;
	struct strings cache_from, cache_to;
	bool no_cache;
	bool pull;                          /* ask registries also for images that are there */
	struct strings insecure_registries; /* see registries_new() */
	struct call call;                   /* all but CALL_BUILD: plan it, and do nothing */
	bool network_none, network_host;
	uint64_t shm_size;       /* bytes; 0: 64 MiB */
	uint64_t open_files;     /* see struct sandbox_options */
	uint64_t memory_reserve; /* see struct step_env */
	enum cache_commit cache_commit;
	bool precise;             /* see struct step_env */
	unsigned jobs;            /* steps at once; 0: as fits the machine */
	unsigned jobserver_jobs;  /* of make and its like in all steps; 0: nobody counts */
	bool jobserver_fifo;      /* see struct step_pool_limits */
	struct step_pool *pool;   /* of several builds, and then with their jobs; NULL: its own */
	struct layering layering; /* of the image in the store; outputs have their own */
	const struct output *outputs;
	size_t output_count; /* 0: into the store */
};

/* What became of a stage that was asked for. */
struct build_target {
	char *label;
	/* Done, cached (its last step), failed, or canceled: not done, most often for what `reason`
	 * says. */
	enum history_status status;
	char *reason;              /* the step that failed; NULL */
	struct object_id snapshot; /* its last state; zero: none, or an empty tree */
};

/* All zero is none. */
struct build_result {
	char id[HISTORY_BUILD_ID_SIZE]; /* as the history knows it */
	struct object_id snapshot;      /* the image; of several targets the last one */
	/* Ids of all images, "sha256:…": of the targets in order, and those of a target for the
	 * platforms in theirs. */
	struct strings images;
	size_t platform_count;
	struct build_target *targets; /* all of them in order; with all_stages all stages */
	size_t target_count;
	struct export_result exported; /* of the last output */
	/* The lines of the Dockerfile that an error is about, as they are shown; most often none. */
	struct buf excerpt;
	/* What --call asked for, for standard output, also when the build itself would fail; and the
	 * status to exit with. */
	struct buf answer;
	int status;
};

/*
 * 0, -ECANCELED, or an error with words for the user. What was done stays in the store in any case.
 */
int build_run(const struct build_options *options, struct build_result *ret, struct error *err);
void build_result_release(struct build_result *result);
DEFINE_CLEANUP_VALUE(struct build_result, build_result_release);
