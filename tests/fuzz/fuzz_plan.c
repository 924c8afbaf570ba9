/* SPDX-License-Identifier: Apache-2.0 */
/* A whole Dockerfile planned, on images that exist whatever they are called, for every target, and
 * for several platforms at once. */
#include "builder/dockerfile/recipe.h"
#include "builder/image/config.h"
#include "builder/plan/config_chain.h"
#include "builder/plan/lint.h"
#include "builder/plan/outline.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"

#define TARGETS_MAX 4 /* of one file, lest inputs of many stages take long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every image has triggers, which is more than any real one has to offer. */
static int find(struct plan_images *images, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	(void)images;
	if (*name == 'x')
		return error_set(err, -ENOENT, "no image is called %.100s", name);
	config_init_scratch(&ret->config, platform);
	strings_add(&ret->config.env, "HOME=/root");
	strings_add(&ret->config.onbuild, "ENV from=base");
	strings_add(&ret->config.onbuild, "RUN --mount=from=tools,target=/t echo $from");
	ret->name = xstrdup(name);
	ret->snapshot.bytes[0] = 1;
	return 0;
}

/* What a plan promises of its order, and all that can be asked of it. */
static void use(const struct plan *plan)
{
	struct config config = { 0 };

	for (size_t i = 0; i < plan->vertex_count; i++) {
		const struct vertex *vertex = plan->vertices[i];

		if (vertex->index != i || !vertex->config || !*vertex->name)
			abort();
		for (size_t k = 0; k < vertex->input_count; k++) {
			if (vertex->inputs[k]->index >= i)
				abort();
		}
	}
	for (size_t i = 0; i < plan->target_count; i++) {
		if (config_chain_make(plan->targets[i]->config, &config, NULL) == 0)
			config_release(&config);
	}
}

/* Whatever is found is in the file, and in order. */
static void use_findings(struct lint *lint)
{
	size_t count;
	const struct plan_warning *warnings = lint_warnings(lint, &count);

	for (size_t i = 0; i < count; i++) {
		if (!*warnings[i].text ||
		    (i && warnings[i - 1].where.first_line > warnings[i].where.first_line))
			abort();
	}
}

static void plan_all(const struct recipe *recipe, struct lint *lint)
{
	static const struct plan_context contexts[] = {
		{ .name = "ctx", .kind = PLAN_CONTEXT_DIRECTORY },
		{ .name = "alpine", .kind = PLAN_CONTEXT_IMAGE, .image = "busybox" },
	};
	cleanup_with(strings_release) struct strings args = { 0 }, targets = { 0 };
	struct plan_options options = { .build_args = &args,
					.contexts = contexts,
					.context_count = sizeof contexts / sizeof *contexts };
	struct plan_images images = { .find = find };
	struct outline outline = { 0 };

	options.lint = lint;
	options.outline = &outline;
	strings_add(&args, "A=given");
	(void)platform_parse("linux/arm64", &options.target_platform, NULL);
	(void)platform_parse("linux/amd64", &options.build_platform, NULL);
	options.targets = &targets;
	for (size_t i = 0; i < recipe->stage_count && i < TARGETS_MAX; i++) {
		cleanup_with(plan_free) struct plan *plan = NULL;
		struct diagnostic diag = { 0 };

		/* One, then two, and what of the others is called alike. */
		if (i % 4 == 0)
			strings_clear(&targets);
		strings_add_format(&targets, "%zu", recipe->stage_count - 1 - i);
		if (i % 4 == 2)
			strings_add(&targets, "[a-m]*");
		options.several_platforms = i % 2;
		options.all_stages = i % 8 == 7;
		if (plan_make(recipe, &options, &images, &plan, &diag) == 0)
			use(plan);
		else if (!*diag.error.text)
			abort();
	}
}

/* What several platforms have in common is there once, and all targets are there for each. */
static void plan_several(const struct recipe *recipe, struct lint *lint)
{
	cleanup_with(plan_free) struct plan *plan = NULL;
	cleanup_with(strings_release) struct strings targets = { 0 };
	struct platform platforms[3] = { 0 };
	struct plan_options options = { .targets = &targets, .lint = lint, .all_stages = true };
	struct plan_images images = { .find = find };
	struct diagnostic diag = { 0 };

	(void)platform_parse("linux/arm64", &platforms[0], NULL);
	(void)platform_parse("linux/amd64", &platforms[1], NULL);
	(void)platform_parse("linux/arm/v7", &platforms[2], NULL);
	options.build_platform = platforms[1];
	strings_add(&targets, "*");
	if (plan_make_several(recipe, &options, platforms, 3, &images, &plan, &diag) < 0) {
		if (!*diag.error.text)
			abort();
		return;
	}
	use(plan);
	if (plan->platform_count != 3 || plan->target_count % 3 != 0 ||
	    plan->target != plan->targets[plan->target_count - 1])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	cleanup_with(lint_free) struct lint *lint = NULL;
	struct diagnostic diag = { 0 };

	if (dockerfile_parse("Dockerfile", (const char *)data, size, &file, NULL) < 0)
		return 0;
	(void)lint_open(file, NULL, &lint, NULL);
	(void)recipe_parse(file, &recipe, &diag);
	if (lint)
		lint_file(lint, file, recipe, diag.where);
	if (recipe) {
		plan_all(recipe, lint);
		plan_several(recipe, lint);
	}
	if (lint)
		use_findings(lint);
	return 0;
}
