/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/plan.h"

#include <errno.h>
#include <strings.h>

#include "builder/plan/globals.h"
#include "builder/plan/lint.h"
#include "builder/plan/lower/lower.h"
#include "builder/plan/outline.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/reach/bases.h"
#include "builder/plan/reach/forward.h"
#include "builder/plan/reach/reach.h"
#include "builder/plan/reach/targets.h"
#include "builder/plan/result.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"

struct plan *plan_new(void)
{
	struct plan *plan = xcalloc(1, sizeof *plan);

	plan->memory = plan_memory_new();
	plan->platform_count = 1;
	return plan;
}

static void release(struct plan *plan)
{
	free(plan->vertices);
	strings_release(&plan->required_secrets);
	strings_release(&plan->required_ssh);
	plan_memory_free(plan->memory);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	/* Parts have none themselves. */
	for (size_t i = 0; plan->parts && i < plan->platform_count; i++) {
		release(plan->parts[i]);
		free(plan->parts[i]);
	}
	free(plan->parts);
	release(plan);
	free(plan);
}

/* ---- before ---- */

static bool names_stage(const struct strings *names, const struct plan_stage *stage)
{
	for (size_t i = 0; names && i < names->count; i++) {
		if (strcasecmp(names->items[i], stage->label) == 0)
			return true;
	}
	return false;
}

/* An entry in the plan for every stage, needed or not. */
static void prepare_stages(struct planning *planning)
{
	const struct plan_options *options = planning->options;
	struct plan_memory *memory = planning->memory;
	struct plan *plan = planning->plan;
	size_t count = planning->recipe->stage_count;

	plan->stages = plan_memory_array(memory, count, sizeof *plan->stages);
	plan->stage_count = count;
	planning->stages = plan_memory_array(memory, count, sizeof *planning->stages);
	for (size_t i = 0; i < count; i++) {
		const struct stage *stage = &planning->recipe->stages[i];
		struct plan_stage *entry = &plan->stages[i];
		char label[40];

		snprintf(label, sizeof label, "stage-%zu", i);
		*entry = (struct plan_stage){ .index = i,
					      .number = i,
					      .name = stage->from->from.name,
					      .where = stage->from->statement->where };
		entry->label = entry->name ? entry->name : plan_memory_string(memory, label);
		planning->stages[i] = (struct stage_work){ .stage = stage, .plan = entry };
		planning->stages[i].no_cache =
			options->no_cache || names_stage(options->no_cache_stages, entry);
	}
}

/* An argument that is empty is as good as none. */
static const char *setting(const struct plan_options *options, const char *name)
{
	const char *value = build_args_get(options->build_args, name);

	return value && *value ? value : NULL;
}

/* ---- the plan ---- */

/* Who is FROM what, and what of it the targets need. */
static int find_way(struct planning *planning)
{
	int r = targets_find(planning);

	if (r == 0)
		r = globals_declare(planning);
	if (r == 0)
		r = globals_settle_time(planning);
	if (r == 0)
		r = bases_resolve(planning);
	if (r == 0)
		r = forward_check(planning);
	return r < 0 ? r : reach_stages(planning);
}

static int lower_stages(struct planning *planning)
{
	struct plan *plan = planning->plan;

	/* Labels of what several stages share count the steps of stages that are still to come. */
	for (size_t i = 0; i < plan->stage_count; i++)
		plan->stages[i].steps = lower_count_steps(&planning->stages[i]);
	for (size_t i = 0; i < plan->stage_count; i++) {
		int r = plan->stages[i].needed ? lower_stage(planning, &planning->stages[i]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int plan_make(const struct recipe *recipe, const struct plan_options *options,
	      struct plan_images *images, struct plan **ret, struct diagnostic *diag)
{
	cleanup_with(plan_free) struct plan *plan = plan_new();
	struct planning planning = {
		.recipe = recipe,
		.options = options,
		.diag = diag,
		.plan = plan,
		.memory = plan->memory,
		.lint = options->lint,
		.images = { .memory = plan->memory, .source = images },
		.cache_namespace = setting(options, "BUILDKIT_CACHE_MOUNT_NS"),
		.hostname = setting(options, "BUILDKIT_SANDBOX_HOSTNAME"),
	};
	int r;

	if (planning.hostname)
		planning.hostname = plan_memory_string(plan->memory, planning.hostname);
	contexts_init(&planning.contexts, options);
	prepare_stages(&planning);
	r = find_way(&planning);
	if (r == 0)
		r = lower_stages(&planning);
	if (r == 0)
		result_finish(&planning);
	if (r == 0 && options->outline)
		outline_finish(&planning, options->outline);
	if (r == 0)
		r = lint_finish(planning.lint, diag);
	free(planning.notes);
	contexts_release(&planning.contexts);
	images_release(&planning.images);
	if (r == 0)
		*ret = take_ptr(&plan);
	else
		diagnostic_file(diag, recipe->file->name);
	return r;
}
