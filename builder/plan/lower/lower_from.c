/* SPDX-License-Identifier: Apache-2.0 */
/* FROM, and where files come from. */
#include <assert.h>

#include "builder/image/config.h"
#include "builder/plan/lower/lower_internal.h"
#include "fs/base/buf.h"

/* ---- configurations ---- */

/* A stage begins, on what has been before. */
static const struct config_chain *begin_chain(struct planning *planning,
					      const struct config_chain *before, bool needs_path)
{
	struct config_chain *link = config_chain_add(planning->memory, before, CONFIG_BEGIN, NULL);

	link->text = planning->plan->created;
	link->flag = needs_path;
	return link;
}

/* ... on what an image brings along. */
static const struct config_chain *first_chain(struct planning *planning,
					      const struct config *config, bool needs_path)
{
	struct config_chain *link = config_chain_add(planning->memory, NULL, CONFIG_BASE, NULL);

	link->base = config;
	link->records = config->history_count;
	return begin_chain(planning, link, needs_path);
}

static int begin_scope(struct lowering *lowering, const struct config *config)
{
	return scope_begin(lowering->scope, lowering->planning->memory,
			   lowering->planning->recipe->file->escape, config, lowering->err);
}

/* ---- vertices of things from outside ---- */

/* It belongs to the stage that claimed it, which may be one that is still to come. */
static struct vertex *image_vertex(struct planning *planning, struct image *image)
{
	struct buf command = { 0 };
	struct lowering owner = { .planning = planning,
				  .work = &planning->stages[image->owner],
				  .step = image->owner_is_from };
	struct vertex *vertex;

	if (image->vertex)
		return image->vertex;
	buf_add_format(&command, "FROM %s", image->name);
	vertex = lower_vertex(&owner, VERTEX_BASE, &command, 0);
	vertex->base = (struct base_work){ .reference = image->reference,
					   .name = image->name,
					   .snapshot = image->snapshot };
	vertex->config = first_chain(planning, image->config, true);
	return image->vertex = vertex;
}

static struct vertex *directory_vertex(struct lowering *lowering, const char *name)
{
	struct vertex **kept = contexts_vertex(&lowering->planning->contexts, name);
	struct buf command = { 0 };

	if (*kept)
		return *kept;
	buf_add_format(&command, "FROM %s", name);
	*kept = lower_vertex(lowering, VERTEX_BASE, &command, 0);
	(*kept)->config = lowering->chain;
	(*kept)->base = (struct base_work){ .reference = name,
					    .source = { .kind = SOURCE_NAMED, .name = name } };
	return *kept;
}

/* ---- --from ---- */

static struct source source_of_vertex(const struct vertex *vertex)
{
	return (struct source){ .kind = vertex ? SOURCE_VERTEX : SOURCE_EMPTY, .vertex = vertex };
}

static struct source source_of_stage(struct planning *planning, size_t stage)
{
	const struct stage_work *work = &planning->stages[stage];

	if (work->replaced && work->base.kind == ORIGIN_DIRECTORY)
		return (struct source){ .kind = SOURCE_NAMED, .name = work->base.name };
	return source_of_vertex(work->plan->last);
}

static struct source source_of_image(struct planning *planning, const char *name)
{
	struct image *image =
		images_find(&planning->images, name, &planning->options->target_platform);

	assert(image); /* it was looked up when the stage was found to be needed */
	return source_of_vertex(image_vertex(planning, image));
}

struct source lower_source(struct lowering *lowering, const struct origin *origin)
{
	switch (origin->kind) {
	case ORIGIN_STAGE:
		return source_of_stage(lowering->planning, origin->stage);
	case ORIGIN_DIRECTORY:
		return (struct source){ .kind = SOURCE_NAMED, .name = origin->name };
	case ORIGIN_CACHE:
		return (struct source){ .kind = SOURCE_CACHE, .name = origin->name };
	case ORIGIN_IMAGE:
		return source_of_image(lowering->planning, origin->name);
	case ORIGIN_EMPTY:
		break;
	}
	return (struct source){ .kind = SOURCE_EMPTY };
}

/* ---- FROM ---- */

static int from_image(struct lowering *lowering)
{
	struct image *image = lowering->work->image;
	const char *working_dir = image->config->working_dir;
	struct vertex *vertex = image_vertex(lowering->planning, image);
	int r;

	lowering->parent = vertex;
	lowering->chain = vertex->config;
	if (lowering->work->replaced)
		lowering->chain = first_chain(lowering->planning, image->config, false);
	r = begin_scope(lowering, image->config);
	lowering->scope->env_unknown = image->unknown;
	if (r == 0 && working_dir && *working_dir && *working_dir != '/')
		lower_change(lowering, CONFIG_WORKING_DIR, NULL)->text = lowering->scope->cwd;
	return r;
}

static int from_stage(struct lowering *lowering)
{
	struct stage_work *base = &lowering->planning->stages[lowering->work->base.stage];

	lowering->work->plan->platform = base->plan->platform;
	lowering->parent = base->plan->last;
	lowering->chain = begin_chain(lowering->planning, base->plan->config, true);
	return scope_inherit(lowering->scope, &base->scope, lowering->err);
}

/* From scratch or from a directory. What stands for a whole stage has nothing that images have. */
static int from_files(struct lowering *lowering)
{
	const struct stage_work *work = lowering->work;
	struct config made = { 0 };
	const struct config *config;

	if (!work->replaced)
		config_init_scratch(&made, &work->plan->platform);
	config = plan_memory_adopt_config(lowering->planning->memory, &made);
	lowering->chain = first_chain(lowering->planning, config, !work->replaced);
	if (work->base.kind == ORIGIN_DIRECTORY && work->is_tree)
		lowering->parent = directory_vertex(lowering, work->base.name);
	return begin_scope(lowering, config);
}

int lower_from(struct lowering *lowering)
{
	if (lowering->work->base.kind == ORIGIN_IMAGE)
		return from_image(lowering);
	if (lowering->work->base.kind == ORIGIN_STAGE)
		return from_stage(lowering);
	return from_files(lowering);
}
