/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/result.h"

#include "builder/plan/config_chain_internal.h"
#include "builder/plan/lint.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/scope/build_args.h"

static const struct config_chain *add_platform(struct planning *planning,
					       const struct config_chain *chain)
{
	const struct plan_options *options = planning->options;
	struct config_chain *link =
		config_chain_add(planning->memory, chain, CONFIG_PLATFORM, NULL);
	struct platform *platform;

	if (options->platform_given) {
		platform = plan_memory_array(planning->memory, 1, sizeof *platform);
		*platform = options->target_platform;
		link->platform = platform;
	}
	return link;
}

/* A label without "=" is an empty one. */
static const struct config_chain *add_labels(struct planning *planning,
					     const struct config_chain *chain)
{
	const struct strings *labels = planning->options->labels;
	struct plan_memory *memory = planning->memory;
	struct config_chain *link;
	const char **words;

	if (!labels || labels->count == 0)
		return chain;
	words = plan_memory_array(memory, 2 * labels->count + 1, sizeof *words);
	for (size_t i = 0; i < labels->count; i++) {
		const char *pair = labels->items[i], *equals = strchrnul(pair, '=');

		words[2 * i] = plan_memory_copy(memory, pair, (size_t)(equals - pair));
		words[2 * i + 1] = plan_memory_string(memory, *equals ? equals + 1 : "");
	}
	link = config_chain_add(memory, chain, CONFIG_LABEL, NULL);
	link->words = (struct words){ .items = words, .count = 2 * labels->count };
	return link;
}

/* ---- warnings ---- */

static void collect(const struct instruction *instruction, struct strings *ret)
{
	if (instruction->keyword != KEYWORD_ARG)
		return;
	for (size_t i = 0; i < instruction->arg.count; i++)
		strings_add(ret, instruction->arg.items[i].key);
}

/* Stages that are not built ask for theirs too: nobody need change the arguments with the target. */
static void collect_declared(const struct planning *planning, struct strings *ret)
{
	const struct recipe *recipe = planning->recipe;

	for (size_t i = 0; i < recipe->global_count; i++)
		collect(&recipe->globals[i], ret);
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage_work *work = &planning->stages[i];

		for (size_t k = 0; k < work->stage->count; k++)
			collect(&work->stage->instructions[k], ret);
		for (size_t k = 0; k < work->trigger_count; k++)
			collect(work->triggers[k], ret);
	}
}

static void warn_of_unused(struct planning *planning)
{
	cleanup_with(strings_release) struct strings declared = { 0 };
	cleanup_with(strings_release) struct strings unused = { 0 };

	collect_declared(planning, &declared);
	build_args_unused(planning->options->build_args, &declared, &unused);
	for (size_t i = 0; i < unused.count; i++)
		lint_remark(planning->lint, (struct location){ 0 },
			    "build argument '%s' is not used: no ARG declares it", unused.items[i]);
}

void result_finish(struct planning *planning)
{
	const struct plan *plan = planning->plan;

	for (size_t i = 0; i < plan->target_count; i++) {
		struct plan_stage *target = plan->targets[i];

		target->config = add_labels(planning, add_platform(planning, target->config));
	}
	warn_of_unused(planning);
}
