/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan owns: its texts and arrays, configurations of images, their ONBUILD triggers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/arena.h"
#include "fs/base/strings.h"

struct buf;
struct config;
struct trigger;

struct plan_memory {
	struct arena arena;
	size_t used; /* bytes that were asked for */
	struct adopted *adopted;
};

struct plan_memory *plan_memory_new(void);
void plan_memory_free(struct plan_memory *memory);
DEFINE_CLEANUP(struct plan_memory *, plan_memory_free);

/* More than PLAN_TEXT_MAX has been asked for. Whoever writes down what variables stand for looks
 * before the next thing: a value may be longer than all of the Dockerfile. */
bool plan_memory_full(const struct plan_memory *memory);

/* Zeroed; never NULL. */
void *plan_memory_array(struct plan_memory *memory, size_t count, size_t size);
char *plan_memory_copy(struct plan_memory *memory, const char *data, size_t length);
char *plan_memory_string(struct plan_memory *memory, const char *s);
/* What the buffer holds, which is empty after. */
char *plan_memory_take(struct plan_memory *memory, struct buf *buf);
/* A copy of the list, not to be released. */
struct strings plan_memory_strings(struct plan_memory *memory, const struct strings *list);

/* Keep it as long as the memory; `config` is empty after. */
const struct config *plan_memory_adopt_config(struct plan_memory *memory, struct config *config);
void plan_memory_adopt_trigger(struct plan_memory *memory, struct trigger *trigger);
