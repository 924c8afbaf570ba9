/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/lower.h"

#include <errno.h>

#include "builder/image/config.h"
#include "builder/plan/label.h"
#include "builder/plan/lower/findings.h"
#include "builder/plan/lower/lower_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

/* ---- vertices ---- */

static void add_vertex(struct planning *planning, struct vertex *vertex)
{
	struct plan *plan = planning->plan;

	array_reserve_one(plan->vertices, plan->vertex_count, planning->vertex_capacity);
	vertex->index = (unsigned)plan->vertex_count;
	plan->vertices[plan->vertex_count++] = vertex;
}

void lower_add_input(struct vertex *vertex, const struct vertex *input)
{
	for (size_t i = 0; i < vertex->input_count; i++) {
		if (vertex->inputs[i] == input)
			return;
	}
	vertex->inputs[vertex->input_count++] = input;
}

struct vertex *lower_vertex(struct lowering *lowering, enum vertex_kind kind, struct buf *command,
			    size_t more_inputs)
{
	struct plan_memory *memory = lowering->planning->memory;
	struct vertex *vertex = plan_memory_array(memory, 1, sizeof *vertex);
	cleanup_with(buf_release) struct buf name = { 0 };
	size_t prefix;

	if (lowering->step)
		label_prefix(lowering, &name);
	prefix = name.length;
	buf_append(&name, buf_string(command), command->length);
	buf_release(command);
	*vertex = (struct vertex){ .kind = kind,
				   .stage = lowering->work->plan,
				   .step = lowering->step,
				   .name = plan_memory_take(memory, &name),
				   .where = lowering->work->plan->where,
				   .parent = lowering->parent };
	vertex->command = vertex->name + prefix;
	if (lowering->instruction)
		vertex->where = lowering->instruction->statement->where;
	vertex->inputs = plan_memory_array(memory, more_inputs + 1, sizeof *vertex->inputs);
	if (lowering->parent)
		lower_add_input(vertex, lowering->parent);
	add_vertex(lowering->planning, vertex);
	return vertex;
}

void lower_advance(struct lowering *lowering, struct vertex *vertex,
		   const struct config_record *record)
{
	lowering->chain = config_chain_add(lowering->planning->memory, lowering->chain,
					   CONFIG_HISTORY, record);
	vertex->config = lowering->chain;
	lowering->parent = vertex;
}

struct config_chain *lower_change(struct lowering *lowering, enum config_change change,
				  struct buf *created_by)
{
	struct plan_memory *memory = lowering->planning->memory;
	struct config_record record = { .created = lowering->planning->plan->created,
					.empty_layer = true };
	struct config_chain *link;

	if (created_by)
		record.created_by = plan_memory_take(memory, created_by);
	link = config_chain_add(memory, lowering->chain, change, created_by ? &record : NULL);
	lowering->chain = link;
	return link;
}

/* ---- stages ---- */

static bool counts_as_step(const struct instruction *instruction)
{
	return instruction->keyword == KEYWORD_RUN || instruction->keyword == KEYWORD_COPY ||
	       instruction->keyword == KEYWORD_ADD || instruction->keyword == KEYWORD_WORKDIR;
}

unsigned lower_count_steps(const struct stage_work *work)
{
	unsigned steps = 1;

	if (work->replaced)
		return steps;
	for (size_t i = 0; i < work->trigger_count; i++)
		steps += counts_as_step(work->triggers[i]);
	for (size_t i = 0; i < work->stage->count; i++)
		steps += counts_as_step(&work->stage->instructions[i]);
	return steps;
}

static int lower_instruction(struct lowering *lowering)
{
	lowering->step += counts_as_step(lowering->instruction);
	switch (lowering->instruction->keyword) {
	case KEYWORD_RUN:
		return lower_run(lowering);
	case KEYWORD_ADD:
	case KEYWORD_COPY:
		return lower_copy(lowering);
	case KEYWORD_WORKDIR:
		return lower_workdir(lowering);
	case KEYWORD_ARG:
		return lower_arg(lowering);
	case KEYWORD_CMD:
	case KEYWORD_ENTRYPOINT:
	case KEYWORD_ENV:
	case KEYWORD_EXPOSE:
	case KEYWORD_FROM:
	case KEYWORD_HEALTHCHECK:
	case KEYWORD_LABEL:
	case KEYWORD_MAINTAINER:
	case KEYWORD_ONBUILD:
	case KEYWORD_SHELL:
	case KEYWORD_STOPSIGNAL:
	case KEYWORD_USER:
	case KEYWORD_VOLUME:
	case KEYWORD_UNKNOWN:
	case KEYWORD_COUNT:
		break;
	}
	return lower_config(lowering);
}

/* Limits that no single instruction goes past. */
static int check_limits(const struct lowering *lowering)
{
	if (plan_memory_full(lowering->planning->memory))
		return error_set(lowering->err, -E2BIG, "the plan takes more than %zu MiB",
				 PLAN_TEXT_MAX >> 20);
	if (lowering->chain->records > CONFIG_HISTORY_MAX)
		return error_set(lowering->err, -E2BIG,
				 "the history of an image made here, that of its base included, "
				 "has more than %d records",
				 CONFIG_HISTORY_MAX);
	return 0;
}

static int lower_line(struct lowering *lowering, const struct instruction *instruction,
		      bool is_trigger)
{
	struct location where =
		instruction ? instruction->statement->where : lowering->work->plan->where;
	int r;

	lowering->instruction = instruction;
	lowering->is_trigger = is_trigger;
	r = instruction ? lower_instruction(lowering) : lower_from(lowering);
	if (instruction)
		find_undefined(lowering);
	if (r == 0)
		r = check_limits(lowering);
	if (r < 0)
		return planning_refuse(lowering->planning, r, where, lowering->err);
	return 0;
}

int lower_stage(struct planning *planning, struct stage_work *work)
{
	struct error err = { 0 };
	struct lowering lowering = {
		.planning = planning, .work = work, .scope = &work->scope, .step = 1, .err = &err
	};
	cleanup_with(strings_release) struct strings missing = { 0 };
	const struct stage *stage = work->stage;
	int r = lower_line(&lowering, NULL, false);

	work->scope.missing = &missing;
	for (size_t i = 0; !work->replaced && i < work->trigger_count && r == 0; i++)
		r = lower_line(&lowering, work->triggers[i], true);
	for (size_t i = 0; !work->replaced && i < stage->count && r == 0; i++)
		r = lower_line(&lowering, &stage->instructions[i], false);
	work->scope.missing = NULL;
	work->plan->last = lowering.parent;
	work->plan->config = lowering.chain;
	return r;
}
