/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/targets.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "builder/dockerfile/lex/suggest.h"
#include "builder/plan/plan_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

static int refuse(struct planning *planning, const char *target)
{
	struct location nowhere = { 0 };
	size_t count = planning->recipe->stage_count;
	cleanup_free const char **labels = xcalloc(count, sizeof *labels);
	cleanup_free char *quoted = quote_string(target, QUOTED_MAX);
	const char *nearest;

	for (size_t i = 0; i < count; i++)
		labels[i] = planning->stages[i].plan->label;
	nearest = suggest(target, labels, count);
	if (!nearest)
		return diagnostic_set(planning->diag, -EINVAL, nowhere,
				      "target stage %s could not be found", quoted);
	return diagnostic_set(planning->diag, -EINVAL, nowhere,
			      "target stage %s could not be found (did you mean %s?)", quoted,
			      nearest);
}

static void choose(struct planning *planning, size_t index, bool *chosen)
{
	chosen[index] = true;
	planning->stages[index].is_tree = planning->stages[index].plan->needed = true;
}

static bool is_pattern(const char *target)
{
	return strpbrk(target, "*?[") != NULL;
}

/* A name goes before a number, that before a label, and all of them before a pattern of labels. */
static int choose_named(struct planning *planning, const char *target, bool *chosen)
{
	const struct recipe *recipe = planning->recipe;
	const struct stage *stage = recipe_stage(recipe, target, recipe->stage_count);
	bool pattern = is_pattern(target), found = false;
	uint32_t number;

	if (stage) {
		choose(planning, stage->index, chosen);
		return 0;
	}
	if (parse_u32(target, &number) == 0 && number < recipe->stage_count) {
		choose(planning, number, chosen);
		return 0;
	}
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const char *label = planning->stages[i].plan->label;

		if (pattern ? fnmatch(target, label, FNM_CASEFOLD) != 0
			    : strcasecmp(target, label) != 0)
			continue;
		choose(planning, i, chosen);
		found = true;
	}
	return found ? 0 : refuse(planning, target);
}

/* An empty name is as good as none. */
static size_t count_names(const struct plan_options *options, const char **ret_last)
{
	size_t count = 0;

	for (size_t i = 0; options->targets && i < options->targets->count; i++) {
		if (!*options->targets->items[i])
			continue;
		*ret_last = options->targets->items[i];
		count++;
	}
	return count;
}

const char *targets_name(const struct planning *planning)
{
	const struct plan *plan = planning->plan;
	const char *given = NULL;

	if (plan->target_count > 1)
		return "";
	if (count_names(planning->options, &given) == 1 && !is_pattern(given))
		return given;
	return planning->recipe->stages[plan->target->index].name;
}

int targets_find(struct planning *planning)
{
	const struct plan_options *options = planning->options;
	size_t count = planning->recipe->stage_count;
	cleanup_free bool *chosen = xcalloc(count, sizeof *chosen);
	struct plan *plan = planning->plan;
	const char *last;

	if (count_names(options, &last) == 0)
		choose(planning, count - 1, chosen);
	for (size_t i = 0; options->targets && i < options->targets->count; i++) {
		const char *target = options->targets->items[i];
		int r = *target ? choose_named(planning, target, chosen) : 0;

		if (r < 0)
			return r;
	}
	plan->targets = plan_memory_array(planning->memory, count, sizeof(struct plan_stage *));
	for (size_t i = 0; i < count; i++) {
		struct stage_work *work = &planning->stages[i];

		if (chosen[i])
			plan->targets[plan->target_count++] = work->plan;
		if (options->all_stages)
			work->is_tree = work->plan->needed = true;
	}
	plan->target = plan->targets[plan->target_count - 1];
	return 0;
}
