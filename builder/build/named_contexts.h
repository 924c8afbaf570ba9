/* SPDX-License-Identifier: Apache-2.0 */
/* The values of --build-context: directories and images that stand for names of the Dockerfile. */
#pragma once

#include <stddef.h>

#include "builder/plan/plan.h"
#include "builder/step/step_env.h"
#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

struct error;
struct place_options;

/* All zero is none. */
struct named_contexts {
	struct plan_context *plan; /* all of them, as planning wants them */
	size_t plan_count;
	struct named_context *opened; /* the directories, as steps want them */
	size_t opened_count;
	struct strings texts; /* names and images */
};

/*
 * Understand "NAME=DIRECTORY", NAME and a URL or repository, "NAME=oci-layout://DIRECTORY[:TAG][@DIGEST]" and
 * "NAME=docker-image://IMAGE", and open or fetch the files.
 */
int named_contexts_open(const struct place_options *options, const struct strings *values,
			struct named_contexts *ret, struct error *err);
void named_contexts_release(struct named_contexts *contexts);
DEFINE_CLEANUP_VALUE(struct named_contexts, named_contexts_release);
