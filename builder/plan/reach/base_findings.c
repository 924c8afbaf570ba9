/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/base_findings.h"

#include <string.h>

#include "builder/dockerfile/lex/suggest.h"
#include "builder/image/reference.h"
#include "builder/plan/globals.h"
#include "builder/plan/lint.h"
#include "builder/plan/plan_internal.h"
#include "fs/base/quote.h"

#define SHOWN_MAX  200
#define QUOTED_MAX 200

static void add_known(const struct planning *planning, struct strings *ret)
{
	const struct recipe *recipe = planning->recipe;
	const struct variables *env = &planning->globals.env;

	for (size_t i = 0; i < env->count; i++)
		strings_add_range(ret, env->items[i].pair, env->items[i].name_length);
	for (size_t i = 0; i < recipe->global_count; i++) {
		const struct arg_instruction *arg = &recipe->globals[i].arg;

		for (size_t k = 0; k < arg->count; k++)
			strings_add(ret, arg->items[k].key);
	}
}

void find_undefined_in_from(struct planning *planning, const struct stage *stage,
			    const struct base_names *names)
{
	cleanup_with(strings_release) struct strings known = { 0 };

	if (names->missing.count)
		add_known(planning, &known);
	for (size_t i = 0; i < names->missing.count; i++) {
		const char *name = names->missing.items[i], *nearest;

		if (strings_contain(&known, name))
			continue;
		nearest = suggest(name, (const char *const *)strings_argv(&known), known.count);
		if (nearest)
			lint_warn(planning->lint, stage->from->statement,
				  LINT_UNDEFINED_ARG_IN_FROM,
				  "FROM argument '%.*s' is not declared (did you mean %s?)",
				  SHOWN_MAX, name, nearest);
		else
			lint_warn(planning->lint, stage->from->statement,
				  LINT_UNDEFINED_ARG_IN_FROM,
				  "FROM argument '%.*s' is not declared", SHOWN_MAX, name);
	}
}

static void find_redundant(struct planning *planning, const struct stage *stage,
			   const char *platform)
{
	const char *target = variables_get(&planning->globals.env, "TARGETPLATFORM");

	if (target && strcmp(platform, target) == 0)
		lint_warn(planning->lint, stage->from->statement, LINT_REDUNDANT_TARGET_PLATFORM,
			  "Setting platform to predefined %.*s in FROM is redundant as this is "
			  "the default behavior",
			  SHOWN_MAX, stage->from->from.platform);
}

/* A stage that is called like its platform is meant for that one. */
static void find_constant(struct planning *planning, const struct stage *stage,
			  const char *platform)
{
	cleanup_free char *quoted = NULL;
	struct platform parsed;

	if (platform_parse(platform, &parsed, NULL) < 0 || strstr(stage->name, parsed.os) ||
	    strstr(stage->name, parsed.architecture))
		return;
	quoted = quote_string(platform, QUOTED_MAX);
	lint_warn(planning->lint, stage->from->statement, LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
		  "FROM --platform flag should not use constant value %s", quoted);
}

void find_in_platform(struct planning *planning, const struct stage *stage, const char *platform,
		      const struct base_names *names)
{
	if (names->found.count == 0 && names->missing.count == 0)
		find_constant(planning, stage, platform);
	else if (names->found.count == 1 && names->missing.count == 0 &&
		 strcmp(names->found.items[0], "TARGETPLATFORM") == 0)
		find_redundant(planning, stage, platform);
}

static bool is_base(const struct planning *planning, const struct stage *stage, const char *name)
{
	cleanup_with(reference_release) struct reference reference = { 0 };

	return recipe_stage(planning->recipe, name, stage->index) ||
	       reference_parse(name, &reference, NULL) == 0;
}

void find_in_defaults(struct planning *planning)
{
	struct scope globals;

	/* What goes wrong here goes wrong again where the values are those that count. */
	if (!planning->lint || globals_by_default(planning, &globals) < 0)
		return;
	for (size_t i = 0; i < planning->recipe->stage_count; i++) {
		const struct stage *stage = &planning->recipe->stages[i];
		const char *name;

		if (scope_expand(&globals, stage->from->from.base, 0, &name, NULL) < 0)
			return;
		if (!is_base(planning, stage, name))
			lint_warn(planning->lint, stage->from->statement,
				  LINT_INVALID_DEFAULT_ARG_IN_FROM,
				  "Default value for ARG %.*s results in empty or invalid base "
				  "image name",
				  SHOWN_MAX, stage->from->from.base);
	}
}
