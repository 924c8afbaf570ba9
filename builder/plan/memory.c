/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/memory.h"

#include "builder/dockerfile/recipe.h"
#include "builder/image/config.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"

/* Something that is not released with the arena. */
struct adopted {
	struct adopted *next;
	struct config config;
	struct trigger *trigger;
};

struct plan_memory *plan_memory_new(void)
{
	return xcalloc(1, sizeof(struct plan_memory));
}

void plan_memory_free(struct plan_memory *memory)
{
	if (!memory)
		return;
	for (struct adopted *at = memory->adopted; at; at = at->next) {
		config_release(&at->config);
		trigger_free(at->trigger);
	}
	arena_release(&memory->arena);
	free(memory);
}

bool plan_memory_full(const struct plan_memory *memory)
{
	return memory->used > PLAN_TEXT_MAX;
}

void *plan_memory_array(struct plan_memory *memory, size_t count, size_t size)
{
	memory->used += count * size;
	return arena_array(&memory->arena, count, size);
}

char *plan_memory_copy(struct plan_memory *memory, const char *data, size_t length)
{
	memory->used += length + 1;
	return arena_copy(&memory->arena, data, length);
}

char *plan_memory_string(struct plan_memory *memory, const char *s)
{
	return plan_memory_copy(memory, s, strlen(s));
}

char *plan_memory_take(struct plan_memory *memory, struct buf *buf)
{
	char *text = plan_memory_copy(memory, buf_string(buf), buf->length);

	buf_release(buf);
	return text;
}

struct strings plan_memory_strings(struct plan_memory *memory, const struct strings *list)
{
	struct strings copy = { .count = list->count };

	copy.items = plan_memory_array(memory, list->count + 1, sizeof *copy.items);
	for (size_t i = 0; i < list->count; i++)
		copy.items[i] = plan_memory_string(memory, list->items[i]);
	return copy;
}

static struct adopted *adopt(struct plan_memory *memory)
{
	struct adopted *adopted = plan_memory_array(memory, 1, sizeof *adopted);

	adopted->next = memory->adopted;
	memory->adopted = adopted;
	return adopted;
}

const struct config *plan_memory_adopt_config(struct plan_memory *memory, struct config *config)
{
	struct adopted *adopted = adopt(memory);

	adopted->config = *config;
	*config = (struct config){ 0 };
	return &adopted->config;
}

void plan_memory_adopt_trigger(struct plan_memory *memory, struct trigger *trigger)
{
	adopt(memory)->trigger = trigger;
}
