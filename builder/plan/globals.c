/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/globals.h"

#include <errno.h>

#include "builder/image/config.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/reach/targets.h"
#include "builder/plan/scope/build_args.h"
#include "builder/plan/scope/platform_args.h"
#include "fs/base/alloc.h"
#include "fs/base/checked.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

static const char epoch[] = "SOURCE_DATE_EPOCH";

/* ---- variables ---- */

static int declare(struct planning *planning, struct scope *globals,
		   const struct strings *build_args, const struct arg_item *item, struct error *err)
{
	const char *value = build_args_get(build_args, item->key);
	int r = 0;

	if (!value && item->value)
		r = scope_expand(globals, item->value, 0, &value, err);
	if (r < 0 || !value)
		return r;
	r = variables_set(&globals->env, planning->memory, item->key, value);
	return r < 0 ? error_set(err, r, "more than %d variables", PLAN_VARIABLES_MAX) : 0;
}

static int declare_all(struct planning *planning, struct scope *globals,
		       const struct strings *build_args, struct location *ret_where,
		       struct error *err)
{
	const struct recipe *recipe = planning->recipe;

	*globals = (struct scope){ .memory = planning->memory,
				   .escape = recipe->file->escape,
				   .cwd = "/" };
	platform_args_add(planning->options, targets_name(planning), planning->memory,
			  &globals->env);
	for (size_t i = 0; i < recipe->global_count; i++) {
		const struct instruction *instruction = &recipe->globals[i];
		int r = 0;

		for (size_t k = 0; k < instruction->arg.count && r == 0; k++)
			r = declare(planning, globals, build_args, &instruction->arg.items[k], err);
		*ret_where = instruction->statement->where;
		if (r < 0)
			return r;
	}
	return 0;
}

int globals_declare(struct planning *planning)
{
	struct location where = { 0 };
	struct error err = { 0 };
	int r = declare_all(planning, &planning->globals, planning->options->build_args, &where,
			    &err);

	return r < 0 ? planning_refuse(planning, r, where, &err) : 0;
}

int globals_by_default(struct planning *planning, struct scope *ret)
{
	struct location where;

	return declare_all(planning, ret, NULL, &where, NULL);
}

/* ---- time ---- */

/* The last ARG in front of the first FROM that sets it. */
static struct location where_set(const struct planning *planning)
{
	const struct recipe *recipe = planning->recipe;
	struct location where = { 0 };

	for (size_t i = 0; i < recipe->global_count; i++) {
		const struct arg_instruction *arg = &recipe->globals[i].arg;

		for (size_t k = 0; k < arg->count; k++) {
			if (strcmp(arg->items[k].key, epoch) == 0)
				where = recipe->globals[i].statement->where;
		}
	}
	return where;
}

/* A place to take the time from, which would have to be looked at. */
static bool is_place(const struct planning *planning, const char *value)
{
	const struct recipe *recipe = planning->recipe;
	const struct platform *platform = &planning->options->target_platform;

	return strcmp(value, "context") == 0 || recipe_stage(recipe, value, recipe->stage_count) ||
	       contexts_find(&planning->contexts, value, platform);
}

static int parse_time(const struct planning *planning, const char *value, int64_t *ret_ns,
		      struct error *err)
{
	cleanup_free char *quoted = quote_string(value, QUOTED_MAX);
	int64_t seconds;
	int r = parse_i64(value, &seconds);

	if (r == 0 && !checked_mul(seconds, INT64_C(1000000000), ret_ns))
		r = -ERANGE;
	if (r == -ERANGE)
		return error_set(err, -EINVAL, "invalid SOURCE_DATE_EPOCH: %s is out of range",
				 quoted);
	if (r < 0 && is_place(planning, value))
		return error_set(err, -EOPNOTSUPP,
				 "SOURCE_DATE_EPOCH: the time of %s cannot be looked up; give "
				 "seconds since 1970",
				 quoted);
	if (r < 0)
		return error_set(err, -EINVAL, "invalid SOURCE_DATE_EPOCH: %s", quoted);
	return 0;
}

int globals_settle_time(struct planning *planning)
{
	const struct plan_options *options = planning->options;
	const char *value = build_args_get(options->build_args, epoch);
	struct location where = { 0 };
	cleanup_free char *text = NULL;
	struct error err = { 0 };
	int64_t ns = 0;
	int r;

	if (options->created) {
		planning->plan->created = plan_memory_string(planning->memory, options->created);
		return 0;
	}
	if (!value) {
		value = variables_get(&planning->globals.env, epoch);
		where = where_set(planning);
	}
	if (!value || !*value)
		return 0;
	r = parse_time(planning, value, &ns, &err);
	if (r < 0)
		return planning_refuse(planning, r, where, &err);
	text = config_time(ns);
	planning->plan->created = plan_memory_string(planning->memory, text);
	return 0;
}
