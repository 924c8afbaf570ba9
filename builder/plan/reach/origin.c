/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/origin.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "builder/dockerfile/lex/csv.h"
#include "builder/image/reference.h"
#include "builder/plan/memory.h"
#include "builder/plan/plan_internal.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

static const char scratch[] = "scratch";
static const char cache_prefix[] = "cache:";

static struct origin origin_of_context(const struct plan_context *context)
{
	if (context->kind == PLAN_CONTEXT_DIRECTORY)
		return (struct origin){ .kind = ORIGIN_DIRECTORY, .name = context->name };
	if (strcmp(context->image, scratch) == 0)
		return (struct origin){ .kind = ORIGIN_EMPTY };
	return (struct origin){ .kind = ORIGIN_IMAGE, .name = context->image };
}

int origin_of_replacement(struct planning *planning, const char *name,
			  const struct platform *platform, struct origin *ret)
{
	const struct plan_context *context = contexts_find(&planning->contexts, name, platform);

	if (!context)
		return 0;
	*ret = origin_of_context(context);
	return 1;
}

/* Neither a stage nor a number. */
static int origin_of_image(struct planning *planning, const char *name,
			   const struct platform *platform, struct origin *ret, struct error *err)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	cleanup_free char *quoted = NULL;
	struct error why = { 0 };

	if (strcmp(name, scratch) == 0) {
		*ret = (struct origin){ .kind = ORIGIN_EMPTY };
		return 0;
	}
	if (origin_of_replacement(planning, name, platform, ret))
		return 0;
	if (reference_parse(name, &reference, &why) < 0) {
		quoted = quote_string(name, QUOTED_MAX);
		return error_set(err, -EINVAL,
				 "failed to parse stage name %s: invalid reference "
				 "format: %s",
				 quoted, why.text);
	}
	*ret = (struct origin){ .kind = ORIGIN_IMAGE,
				.name = plan_memory_string(planning->memory, name) };
	return 0;
}

int origin_of_base(struct planning *planning, const char *name, const struct platform *platform,
		   size_t before, struct origin *ret, struct error *err)
{
	const struct stage *stage = recipe_stage(planning->recipe, name, before);

	if (!stage)
		return origin_of_image(planning, name, platform, ret, err);
	*ret = (struct origin){ .kind = ORIGIN_STAGE, .stage = stage->index };
	return 0;
}

/* A stage's number: 1 it is one. One that no stage has is an error for COPY; for a mount it is the
 * name of an image. */
static int origin_of_number(const struct planning *planning, struct origin_use *use,
			    struct error *err)
{
	int64_t number;

	if (parse_i64(use->from, &number) < 0 || number > INT_MAX || number < INT_MIN)
		return 0;
	if (number >= 0 && (size_t)number < planning->recipe->stage_count) {
		use->origin = (struct origin){ .kind = ORIGIN_STAGE, .stage = (size_t)number };
		return 1;
	}
	if (use->target)
		return 0;
	return error_set(err, -EINVAL, "invalid stage index %d", (int)number);
}

int origin_of_from(struct planning *planning, size_t before, struct origin_use *use,
		   struct error *err)
{
	const struct recipe *recipe = planning->recipe;
	const struct platform *platform = &planning->options->target_platform;
	const char *from = use->from;
	const struct stage *stage;
	int r = origin_of_number(planning, use, err);

	if (r != 0)
		return r < 0 ? r : 0;
	stage = recipe_stage(recipe, from, before);
	if (!stage) /* this one or a later one: an error, unless nobody needs it */
		stage = recipe_stage(recipe, from, recipe->stage_count);
	if (stage) {
		use->origin = (struct origin){ .kind = ORIGIN_STAGE, .stage = stage->index };
		return 0;
	}
	if (strncmp(from, cache_prefix, strlen(cache_prefix)) == 0 &&
	    !contexts_find(&planning->contexts, from, platform)) {
		from += strlen(cache_prefix);
		if (!*from)
			return error_set(err, -EINVAL, "--from=cache: needs the id of a cache");
		use->origin = (struct origin){ .kind = ORIGIN_CACHE,
					       .name = planning_cache_id(planning, from) };
		return 0;
	}
	return origin_of_image(planning, from, platform, &use->origin, err);
}

/* ---- instructions ---- */

static bool is_key(const char *field, const char *key)
{
	size_t length = strlen(key);

	return strncasecmp(field, key, length) == 0 && field[length] == '=';
}

struct origin_use origin_use_of_row(struct plan_memory *memory, const char *row)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	struct origin_use use = { .target = "" };

	if (csv_fields(row, &fields, NULL) < 0)
		return use; /* it is refused where mounts are read */
	for (size_t i = 0; i < fields.count; i++) {
		const char *field = fields.items[i], *value = strchrnul(field, '=');

		if (*value)
			value = plan_memory_string(memory, value + 1);
		if (is_key(field, "from"))
			use.from = value;
		else if (is_key(field, "target") || is_key(field, "dst") ||
			 is_key(field, "destination"))
			use.target = value;
	}
	if (use.from && !*use.from)
		use.from = NULL;
	return use;
}

/* Variables and quotes mean nothing in --from: somebody who writes them expects something else. */
static int check_plain(const struct planning *planning, const char *from, struct error *err)
{
	struct expander expander = { .escape = planning->recipe->file->escape };
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = expand_word(&expander, from, &text, err);

	if (r < 0 || strcmp(buf_string(&text), from) == 0)
		return r;
	return error_set(err, -EINVAL,
			 "variable expansion is not supported for --from, define a new stage with "
			 "FROM using ARG from global scope as a workaround");
}

static int uses_of_copy(struct planning *planning, const struct copy_instruction *copy,
			size_t before, struct origin_uses *ret, struct error *err)
{
	int r;

	if (!copy->from || !*copy->from)
		return 0;
	r = check_plain(planning, copy->from, err);
	if (r < 0)
		return r;
	ret->items = plan_memory_array(planning->memory, 1, sizeof *ret->items);
	ret->items[0] = (struct origin_use){ .from = copy->from };
	ret->count = 1;
	return origin_of_from(planning, before, &ret->items[0], err);
}

static int uses_of_run(struct planning *planning, const struct run_instruction *run, size_t before,
		       struct origin_uses *ret, struct error *err)
{
	if (run->mounts.count == 0)
		return 0;
	ret->items = plan_memory_array(planning->memory, run->mounts.count, sizeof *ret->items);
	for (size_t i = 0; i < run->mounts.count; i++) {
		struct origin_use *use = &ret->items[ret->count];
		int r;

		*use = origin_use_of_row(planning->memory, run->mounts.items[i]);
		if (!use->from)
			continue;
		r = origin_of_from(planning, before, use, err);
		if (r < 0)
			return r;
		ret->count++;
	}
	return 0;
}

int origin_uses_of(struct planning *planning, const struct instruction *instruction, size_t before,
		   struct origin_uses *ret, struct error *err)
{
	*ret = (struct origin_uses){ 0 };
	if (instruction->keyword == KEYWORD_COPY)
		return uses_of_copy(planning, &instruction->copy, before, ret, err);
	if (instruction->keyword == KEYWORD_RUN)
		return uses_of_run(planning, &instruction->run, before, ret, err);
	return 0;
}
