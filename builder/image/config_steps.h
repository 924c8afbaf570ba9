/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that an image's layers came from, for stores that take the layers in place of doing the
 * steps (--cache-to type=inline). They are a member of its configuration that others pass by:
 *
 *   "varve.cache.v1":{"steps":[{"layers":3,"keys":["HEX","HEX"]}]}
 *
 * A step with one of these keys led to the files that the lowest 3 layers are. What made no layer of
 * its own is not there; "layers" rises from step to step. When the step was done is said by the
 * layer's record in the history, and nothing is said that another store would say otherwise: the same
 * build makes the same image. config_parse() leaves them behind, as they would be lies in another
 * image.
 */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct config;
struct error;

#define CONFIG_STEPS_MEMBER "varve.cache.v1"
/* By definition and by content. */
#define CONFIG_STEP_KEYS_MAX 2

struct config_step {
	size_t layers; /* at least one */
	struct object_id keys[CONFIG_STEP_KEYS_MAX];
	size_t key_count; /* at least one */
};

/* All zero is an empty list. */
struct config_steps {
	struct config_step *items;
	size_t count, capacity;
};

/* `step` has more layers than those before it. */
void config_steps_add(struct config_steps *steps, const struct config_step *step);
/* The one that led to so many layers, or NULL. */
const struct config_step *config_steps_find(const struct config_steps *steps,
					    const struct object_id *key);
/* The image has a layer for those up to each of `ends` alone: steps that end within one are none. */
void config_steps_merge(struct config_steps *steps, const size_t *ends, size_t count);
void config_steps_release(struct config_steps *steps);
DEFINE_CLEANUP_VALUE(struct config_steps, config_steps_release);

/*
 * Those of a configuration, into an empty list: 1, or 0 when it has none. No step has more than
 * `layer_count` layers. `name` is what messages call the document. -EINVAL for what
 * config_steps_set() would not write; -EOPNOTSUPP when it has none but BuildKit's.
 */
int config_steps_parse(const void *data, size_t size, const char *name, size_t layer_count,
		       struct config_steps *ret, struct error *err);
/* To be written with the others; an empty list is none. */
void config_steps_set(const struct config_steps *steps, struct config *config);
