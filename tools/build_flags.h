/* SPDX-License-Identifier: Apache-2.0 */
/* The options of 'varve build', which are those of 'docker build' wherever the thing is the same. */
#pragma once

#include "tools/options.h"

struct build_flags {
	struct strings add_hosts, allow, annotations, build_args, build_contexts, cache_from,
		cache_to, labels, no_cache_stages, outputs, resources, secrets, ssh, tags, targets,
		ulimits;
	const char *cache_commit, *call, *file, *iidfile, *jobserver, *jobserver_style, *layers,
		*memory_reserve, *metadata_file, *network, *platform, *progress;
	bool all_stages, check, keep_going, load, no_cache, precise, pull, push, quiet, replay,
		squash;
	uint64_t jobs, shm_size;
};

extern const struct option_spec build_flag_specs[];
extern const char *const jobserver_styles[];
