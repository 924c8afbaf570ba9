/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/bases.h"

#include <errno.h>

#include "builder/dockerfile/lex/suggest.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/reach/base_findings.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

/* Expand with the global variables, and remember which of them there are and which not. */
static int expand(struct planning *planning, const char *word, const char **ret,
		  struct base_names *names, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct expander expander = { .escape = planning->recipe->file->escape,
				     .env = scope_expand_env(&planning->globals),
				     .found = &names->found,
				     .missing = &names->missing };
	int r = expand_word(&expander, word, &text, err);

	if (r == 0)
		*ret = plan_memory_take(planning->memory, &text);
	if (r == 0 && plan_memory_full(planning->memory))
		r = error_set(err, -E2BIG, "variables make more than %zu MiB of text",
			      PLAN_TEXT_MAX >> 20);
	return r;
}

/* Add to what `err` says which variable may have been meant. */
static int hint_at_variable(const struct planning *planning, const struct strings *missing, int r,
			    struct error *err)
{
	const struct variables *known = &planning->globals.env;
	cleanup_with(strings_release) struct strings names = { 0 };
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < known->count; i++)
		strings_add_range(&names, known->items[i].pair, known->items[i].name_length);
	for (size_t i = 0; i < missing->count; i++) {
		struct error plain = *err;

		suggestion(missing->items[i], (const char *const *)names.items, names.count, hint);
		if (*hint)
			return error_set(err, r, "%s%s", plain.text, hint);
	}
	return r;
}

static int parse_platform(struct planning *planning, const struct stage *stage,
			  struct platform *ret, struct error *err)
{
	const char *written = stage->from->from.platform;
	cleanup_with(base_names_release) struct base_names names = { 0 };
	const char *text = NULL;
	int r = expand(planning, written, &text, &names, err);

	find_undefined_in_from(planning, stage, &names);
	if (r < 0)
		return error_prefix(err, r, "failed to process arguments for platform %s", written);
	find_in_platform(planning, stage, text, &names);
	if (!*text) {
		r = error_set(err, -EINVAL, "empty platform value from expression %s", written);
		return hint_at_variable(planning, &names.missing, r, err);
	}
	r = platform_parse(text, ret, err);
	if (r == 0)
		return 0;
	r = error_prefix(err, r, "failed to parse platform %s", written);
	return hint_at_variable(planning, &names.missing, r, err);
}

static int resolve(struct planning *planning, struct stage_work *work, struct error *err)
{
	const struct from_instruction *from = &work->stage->from->from;
	struct platform *platform = &work->plan->platform;
	cleanup_with(base_names_release) struct base_names names = { 0 };
	const char *name;
	int r = expand(planning, from->base, &name, &names, err);

	find_undefined_in_from(planning, work->stage, &names);
	if (r < 0)
		return r;
	if (!*name)
		return error_set(err, -EINVAL, "base name (%s) should not be blank", from->base);
	*platform = planning->options->target_platform;
	if (from->platform) {
		r = parse_platform(planning, work->stage, platform, err);
		if (r < 0)
			return r;
		work->platform_given = true;
	}
	if (from->name && origin_of_replacement(planning, from->name, platform, &work->base)) {
		work->replaced = true;
		return 0;
	}
	r = origin_of_base(planning, name, platform, work->stage->index, &work->base, err);
	/* A stage goes on with the platform of its base; nothing is for the one that is built. */
	if (r == 0 && work->base.kind == ORIGIN_STAGE)
		*platform = planning->stages[work->base.stage].plan->platform;
	else if (r == 0 && work->base.kind == ORIGIN_EMPTY)
		*platform = planning->options->target_platform;
	return r;
}

int bases_resolve(struct planning *planning)
{
	find_in_defaults(planning);
	for (size_t i = 0; i < planning->recipe->stage_count; i++) {
		struct stage_work *work = &planning->stages[i];
		struct error err = { 0 };
		int r = resolve(planning, work, &err);

		if (r < 0)
			return planning_refuse(planning, r, work->plan->where, &err);
	}
	return 0;
}
