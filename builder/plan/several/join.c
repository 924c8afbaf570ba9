/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/several/join.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "builder/plan/memory.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/several/same.h"
#include "fs/base/alloc.h"

/* Where a vertex stands in the Dockerfile. A base, which several stages may share, stands nowhere. */
struct position {
	size_t stage;
	unsigned step, kind;
};

/* The vertices that stand in one place, one behind the other. */
struct known {
	struct position position;
	struct vertex **items;
	size_t count, capacity;
	UT_hash_handle hh;
};

struct joining {
	struct plan *plan;
	struct known *known;
	size_t vertex_capacity;
	struct vertex **now; /* by its number in the present part: what stands for a vertex */
};

/* ---- vertices ---- */

static struct known *known_at(struct joining *joining, const struct vertex *vertex)
{
	struct position position;
	struct known *known;

	memset(&position, 0, sizeof position); /* it is hashed, gaps included */
	position.kind = vertex->kind;
	if (vertex->kind != VERTEX_BASE) {
		position.stage = vertex->stage->index;
		position.step = vertex->step;
	}
	HASH_FIND(hh, joining->known, &position, sizeof position, known);
	if (known)
		return known;
	known = xcalloc(1, sizeof *known);
	known->position = position;
	HASH_ADD(hh, joining->known, position, sizeof known->position, known);
	return known;
}

static const struct vertex *present(const struct joining *joining, const struct vertex *vertex)
{
	return vertex ? joining->now[vertex->index] : NULL;
}

/* Let it refer to what stands for its inputs. */
static void redirect(const struct joining *joining, struct vertex *vertex)
{
	vertex->parent = present(joining, vertex->parent);
	for (size_t i = 0; i < vertex->input_count; i++)
		vertex->inputs[i] = present(joining, vertex->inputs[i]);
	if (vertex->kind == VERTEX_COPY)
		vertex->copy.source.vertex = present(joining, vertex->copy.source.vertex);
	for (size_t i = 0; vertex->kind == VERTEX_RUN && i < vertex->run.mount_count; i++) {
		struct source *source = &vertex->run.mounts[i].source;

		source->vertex = present(joining, source->vertex);
	}
}

/* One of a part stands for itself, or the same one of a part before stands for it. */
static struct vertex *add_vertex(struct joining *joining, struct vertex *vertex)
{
	struct known *known = known_at(joining, vertex);
	struct plan *plan = joining->plan;

	redirect(joining, vertex);
	for (size_t i = 0; i < known->count; i++) {
		if (vertex_same(known->items[i], vertex))
			return known->items[i];
	}
	array_reserve_one(known->items, known->count, known->capacity);
	known->items[known->count++] = vertex;
	array_reserve_one(plan->vertices, plan->vertex_count, joining->vertex_capacity);
	return plan->vertices[plan->vertex_count++] = vertex;
}

/* ---- stages ---- */

static void add_stages(struct joining *joining, struct plan *part, const char *name)
{
	struct plan *plan = joining->plan;
	struct plan_stage *first = &plan->stages[plan->stage_count];

	for (size_t i = 0; i < part->stage_count; i++) {
		cleanup_free char *label = xasprintf("%s+%s", part->stages[i].label, name);

		first[i] = part->stages[i];
		first[i].number = plan->stage_count + i;
		first[i].label = plan_memory_string(plan->memory, label);
	}
	for (size_t i = 0; i < part->vertex_count; i++) {
		struct vertex *vertex = part->vertices[i];

		vertex->stage = &first[vertex->stage - part->stages];
	}
	for (size_t i = 0; i < part->target_count; i++)
		plan->targets[plan->target_count++] = &first[part->targets[i] - part->stages];
	plan->stage_count += part->stage_count;
}

static void add_all(struct strings *list, const struct strings *more)
{
	for (size_t i = 0; i < more->count; i++) {
		if (!strings_contain(list, more->items[i]))
			strings_add(list, more->items[i]);
	}
}

static void add_part(struct joining *joining, struct plan *part, const char *name)
{
	struct plan *plan = joining->plan;
	size_t stages = plan->stage_count, vertices = plan->vertex_count;

	add_stages(joining, part, name);
	joining->now = xcalloc(part->vertex_count + 1, sizeof(struct vertex *));
	for (size_t i = 0; i < part->vertex_count; i++)
		joining->now[i] = add_vertex(joining, part->vertices[i]);
	for (; stages < plan->stage_count; stages++)
		plan->stages[stages].last = present(joining, plan->stages[stages].last);
	/* Not before: until now their numbers were those of the part. */
	for (; vertices < plan->vertex_count; vertices++)
		plan->vertices[vertices]->index = (unsigned)vertices;
	free(take_ptr(&joining->now));
	add_all(&plan->required_secrets, &part->required_secrets);
	add_all(&plan->required_ssh, &part->required_ssh);
}

static void release(struct joining *joining)
{
	struct known *known, *next;

	HASH_ITER(hh, joining->known, known, next) {
		HASH_DEL(joining->known, known);
		free(known->items);
		free(known);
	}
}

struct plan *plan_join(struct plan *const *parts, char *const *names, size_t count)
{
	struct plan *plan = plan_new();
	struct joining joining = { .plan = plan };
	size_t stages = parts[0]->stage_count;

	plan->stages = plan_memory_array(plan->memory, count * stages, sizeof *plan->stages);
	plan->targets =
		plan_memory_array(plan->memory, count * stages, sizeof(struct plan_stage *));
	plan->created = parts[0]->created;
	plan->parts = xcalloc(count, sizeof *plan->parts);
	plan->platform_count = count;
	for (size_t i = 0; i < count; i++) {
		plan->parts[i] = parts[i];
		add_part(&joining, parts[i], names[i]);
	}
	plan->target = plan->targets[plan->target_count - 1];
	release(&joining);
	return plan;
}
