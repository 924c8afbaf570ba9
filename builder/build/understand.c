/* SPDX-License-Identifier: Apache-2.0 */
/* From the Dockerfile to a plan, and what is to be said about it. */
#include <errno.h>
#include <string.h>

#include "builder/build/building.h"
#include "builder/build/ignore.h"
#include "builder/build/image_memo.h"
#include "builder/build/image_prefetch.h"
#include "builder/build/images.h"
#include "builder/context/context.h"
#include "builder/plan/lint.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

/* ---- errors that have a place in the Dockerfile ---- */

void building_add_excerpt(struct building *building, struct location where)
{
	const struct input *input = &building->input;

	if (where.first_line)
		diagnostic_excerpt(input->name, buf_string(&input->text), input->text.length, where,
				   &building->result->excerpt);
}

/* "Dockerfile:3:5: words", and the lines. */
static int fail_at(struct building *building, const struct diagnostic *diag, int r,
		   struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (diag->error.code == 0)
		return r;
	diagnostic_format(diag, &text);
	building_add_excerpt(building, diag->where);
	building->failed = diag->where;
	return error_set(err, r, "%s", buf_string(&text));
}

/* ---- reading ---- */

struct place_options building_places(struct building *building)
{
	const char *keep =
		build_args_get(&building->options->build_args, "BUILDKIT_CONTEXT_KEEP_GIT_DIR");
	int yes = 0;

	if (keep)
		(void)parse_bool(keep, &yes);
	return (struct place_options){ .store = building->options->store,
				       .lease = building->lease,
				       .news = &building->news,
				       .cancel_fd = building->options->cancel_fd,
				       .keep_git_dir = yes };
}

/* `r` is how reading it went, and `diag` where not; also then there may be something to find. */
static int look_at_file(struct building *building, int r, struct diagnostic *diag)
{
	const struct input *input = &building->input;
	struct diagnostic wrong = { 0 };
	int opened;

	if (!input->file)
		return 0;
	opened = lint_open(input->file, &building->options->build_args, &building->lint, &wrong);
	if (opened < 0) {
		if (r == 0)
			*diag = wrong;
		return opened;
	}
	lint_file(building->lint, input->file, input->recipe, diag->where);
	return 0;
}

int building_read(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	struct input_place place = { .context = options->context,
				     .file = options->file,
				     .stdin_fd = options->stdin_fd };
	struct diagnostic diag = { 0 };
	struct place_options how = building_places(building);
	int r = input_read(&how, &place, &building->input, &diag, err);
	int checked = look_at_file(building, r, &diag);

	if (r == 0 && checked < 0 && err)
		*err = diag.error;
	if (r == 0)
		r = checked;
	return r < 0 ? fail_at(building, &diag, r, err) : 0;
}

/* The warnings of the check, with the lines that they are about. */
void building_tell(struct building *building)
{
	const struct input *input = &building->input;
	const struct plan_warning *warnings;
	size_t count;

	if (!building->lint)
		return;
	warnings = lint_warnings(building->lint, &count);
	for (size_t i = 0; i < count; i++) {
		cleanup_with(buf_release) struct buf excerpt = { 0 };
		struct event event = { .text = warnings[i].text };

		event.location = (struct event_location){ input->name, warnings[i].where.first_line,
							  warnings[i].where.last_line };
		diagnostic_excerpt(input->name, buf_string(&input->text), input->text.length,
				   warnings[i].where, &excerpt);
		if (excerpt.length)
			event.excerpt = buf_string(&excerpt);
		/* They are what was asked for, and no news. */
		if (warnings[i].rule && building->options->call.what != CALL_BUILD)
			continue;
		if (warnings[i].rule) {
			event.rule = warnings[i].rule->name;
			event.detail = warnings[i].rule->reason;
			event.url = warnings[i].rule->url;
		}
		news_tell(&building->news, &event);
	}
}

int building_plan(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	struct plan_options how = { .build_args = &options->build_args,
				    .targets = &options->targets,
				    .contexts = building->contexts.plan,
				    .context_count = building->contexts.plan_count,
				    .labels = &options->labels,
				    .no_cache = options->no_cache,
				    .no_cache_stages = &options->no_cache_stages,
				    .network_none = options->network_none,
				    .network_host = options->network_host };
	struct diagnostic diag = { 0 };
	struct image_prefetch prefetch = { .recipe = building->input.recipe,
					   .options = &how,
					   .platforms = building->platforms };
	struct images images;
	const struct context *context;
	struct ignore ignore;
	/* What a Dockerfile can be given is asked of it once. */
	size_t platforms = options->call.what == CALL_OUTLINE ? 1 : building->platform_count;
	struct image_memo memo;
	int r;

	how.build_platform = platform_host();
	how.platform_given = options->platform != NULL;
	how.several_platforms = building->as_index;
	images_init(&images, options->store, building->lease, &building->news);
	images.registries = building->registries;
	images.cancel_fd = &building->options->cancel_fd;
	images.pull = options->pull;
	images.only_look = options->call.what != CALL_BUILD;
	how.lint = building->lint;
	how.all_stages = options->all_stages ||
			 (options->call.what == CALL_CHECK && options->targets.count == 0);
	if (options->call.what == CALL_OUTLINE)
		how.outline = &building->outline;
	context = building->input.place.files.context;
	if (context && ignore_init(&ignore, context_ignored(context)))
		how.ignore = &ignore.plan;
	prefetch.platform_count = platforms;
	image_prefetch_init(&prefetch, &images);
	image_memo_init(&memo, &prefetch.plan);
	r = plan_make_several(building->input.recipe, &how, building->platforms, platforms,
			      &memo.plan, &building->plan, &diag);
	if (r == 0)
		r = image_prefetch_check(&prefetch, &diag.error);
	image_memo_release(&memo);
	image_prefetch_release(&prefetch);
	if (r < 0) {
		if (err)
			*err = diag.error;
		return fail_at(building, &diag, r, err);
	}
	return 0;
}
