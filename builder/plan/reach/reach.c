/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/reach.h"

#include <errno.h>

#include "builder/image/config.h"
#include "builder/plan/lint.h"
#include "builder/plan/plan_internal.h"
#include "builder/plan/reach/forward.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* ---- what a stage needs ---- */

static int need_image(struct planning *planning, const char *name, const struct platform *platform,
		      size_t stage, bool is_from, struct image **ret, struct error *err)
{
	int r = images_get(&planning->images, name, platform, ret, err);

	if (r == 0)
		image_claim(*ret, stage, is_from);
	return r;
}

static int need_use(struct planning *planning, struct stage_work *work,
		    const struct origin_use *use, struct error *err)
{
	const struct platform *platform = &planning->options->target_platform;
	struct image *image;

	if (use->origin.kind == ORIGIN_IMAGE)
		return need_image(planning, use->origin.name, platform, work->stage->index, false,
				  &image, err);
	if (use->origin.kind != ORIGIN_STAGE)
		return 0;
	if (use->origin.stage >= work->stage->index)
		return forward_refuse(planning, work->stage->index, use, err);
	planning->stages[use->origin.stage].plan->needed = true;
	return 0;
}

static int need_instruction(struct planning *planning, struct stage_work *work,
			    const struct instruction *instruction)
{
	struct origin_uses uses;
	struct error err = { 0 };
	int r = origin_uses_of(planning, instruction, work->stage->index, &uses, &err);

	for (size_t i = 0; i < uses.count && r == 0; i++)
		r = need_use(planning, work, &uses.items[i], &err);
	if (r < 0)
		return planning_refuse(planning, r, instruction->statement->where, &err);
	return 0;
}

/* ---- triggers ---- */

static int add_trigger(struct planning *planning, struct stage_work *work, const char *text)
{
	struct trigger *trigger;
	int r = trigger_parse(text, work->plan->where, &trigger, planning->diag);

	if (planning->diag)
		diagnostic_file(planning->diag, planning->recipe->file->name);
	if (r < 0)
		return r;
	plan_memory_adopt_trigger(planning->memory, trigger);
	work->triggers[work->trigger_count++] = &trigger->instruction;
	return 0;
}

static int add_image_triggers(struct planning *planning, struct stage_work *work)
{
	const struct strings *onbuild = &work->image->config->onbuild;
	int r = 0;

	work->triggers =
		plan_memory_array(planning->memory, onbuild->count, sizeof *work->triggers);
	for (size_t i = 0; i < onbuild->count && r == 0; i++)
		r = add_trigger(planning, work, onbuild->items[i]);
	return r;
}

/* A stage keeps its triggers for those that are FROM it, as an image made of it would. */
static int add_stage_triggers(struct planning *planning, struct stage_work *work,
			      const struct stage *base)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < base->count; i++)
		count += base->instructions[i].keyword == KEYWORD_ONBUILD;
	work->triggers = plan_memory_array(planning->memory, count, sizeof *work->triggers);
	for (size_t i = 0; i < base->count && r == 0; i++) {
		const struct instruction *instruction = &base->instructions[i];

		if (instruction->keyword == KEYWORD_ONBUILD)
			r = add_trigger(planning, work, instruction->onbuild.expression);
	}
	return r;
}

/* ---- stages ---- */

/* What the image is for counts when nobody asked for anything. */
static void detect_platform(struct planning *planning, struct stage_work *work)
{
	const struct plan_options *options = planning->options;
	const struct platform *image = &work->image->config->platform;
	struct platform *platform = &work->plan->platform;

	if (work->replaced) {
		if (*image->os && *image->architecture)
			*platform = *image;
		return;
	}
	if (work->platform_given || options->platform_given)
		return;
	if (strcmp(image->os, options->build_platform.os) == 0 &&
	    strcmp(image->architecture, options->build_platform.architecture) == 0 &&
	    (strcmp(image->os, platform->os) != 0 ||
	     strcmp(image->architecture, platform->architecture) != 0))
		*platform = options->build_platform;
}

static void warn_of_platform(struct planning *planning, const struct stage_work *work,
			     const struct platform *wanted)
{
	struct platform got = work->image->config->platform;
	char wanted_text[PLATFORM_TEXT_MAX], got_text[PLATFORM_TEXT_MAX];

	if (!*got.os || !*got.architecture ||
	    (strcmp(got.os, wanted->os) == 0 &&
	     strcmp(got.architecture, wanted->architecture) == 0))
		return;
	platform_normalize(&got);
	platform_format(&got, got_text);
	platform_format(wanted, wanted_text);
	lint_warn(planning->lint, work->stage->from->statement, LINT_INVALID_BASE_IMAGE_PLATFORM,
		  "Base image %s was pulled with platform \"%s\", "
		  "expected \"%s\" for current build",
		  work->base.name, got_text, wanted_text);
}

static int need_base_image(struct planning *planning, struct stage_work *work)
{
	struct error err = { 0 };
	int r = need_image(planning, work->base.name, &work->plan->platform, work->stage->index,
			   true, &work->image, &err);

	if (r < 0)
		return planning_refuse(planning, r, work->plan->where, &err);
	detect_platform(planning, work);
	if (work->replaced)
		return 0;
	if (work->image->unknown)
		lint_remark(planning->lint, work->plan->where,
			    "image '%.200s' is not at hand: variables and triggers that it brings "
			    "along are not known",
			    work->base.name);
	warn_of_platform(planning, work, &work->plan->platform);
	return add_image_triggers(planning, work);
}

static int need_base(struct planning *planning, struct stage_work *work)
{
	struct stage_work *base;

	if (work->base.kind == ORIGIN_IMAGE)
		return need_base_image(planning, work);
	if (work->base.kind != ORIGIN_STAGE)
		return 0;
	base = &planning->stages[work->base.stage];
	base->plan->needed = true;
	base->is_tree = true;
	return base->replaced ? 0 : add_stage_triggers(planning, work, base->stage);
}

static int need_stage(struct planning *planning, struct stage_work *work)
{
	int r = need_base(planning, work);

	if (work->replaced)
		return r;
	for (size_t i = 0; i < work->trigger_count && r == 0; i++)
		r = need_instruction(planning, work, work->triggers[i]);
	for (size_t i = 0; i < work->stage->count && r == 0; i++)
		r = need_instruction(planning, work, &work->stage->instructions[i]);
	return r;
}

/* Stages only need earlier ones, so going back once sees them all. */
int reach_stages(struct planning *planning)
{
	int r = 0;

	for (size_t i = planning->plan->stage_count; i > 0 && r == 0; i--) {
		if (planning->stages[i - 1].plan->needed)
			r = need_stage(planning, &planning->stages[i - 1]);
	}
	return r;
}
