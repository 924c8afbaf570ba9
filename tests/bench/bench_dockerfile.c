/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a large generated Dockerfile takes from text to typed instructions, and from there to a
 * plan of all its steps; and the memory of both. The file is the argument.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "builder/dockerfile/recipe.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/fd.h"

#define ROUNDS   20
#define TEXT_MAX ((size_t)16 << 20)

struct measured {
	uint64_t parse_ns, plan_ns;
	size_t stages, vertices;
};

static int find(struct plan_images *images, const char *name, const struct platform *platform,
		struct plan_image *ret, struct error *err)
{
	(void)images;
	(void)err;
	config_init_scratch(&ret->config, platform);
	ret->name = xstrdup(name);
	ret->snapshot.bytes[0] = 1;
	return 0;
}

static int once(const struct buf *text, struct measured *ret)
{
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	cleanup_with(plan_free) struct plan *plan = NULL;
	struct plan_options options = { .target_platform = platform_host(),
					.build_platform = platform_host() };
	struct plan_images images = { .find = find };
	struct diagnostic diag = { 0 };
	uint64_t start = clock_monotonic_ns(), parsed;

	if (dockerfile_parse("Dockerfile", text->data, text->length, &file, &diag) < 0 ||
	    recipe_parse(file, &recipe, &diag) < 0) {
		fprintf(stderr, "line %u: %s\n", diag.where.first_line, diag.error.text);
		return -1;
	}
	parsed = clock_monotonic_ns();
	if (plan_make(recipe, &options, &images, &plan, &diag) < 0) {
		fprintf(stderr, "line %u: %s\n", diag.where.first_line, diag.error.text);
		return -1;
	}
	*ret = (struct measured){ .parse_ns = parsed - start,
				  .plan_ns = clock_monotonic_ns() - parsed,
				  .stages = recipe->stage_count,
				  .vertices = plan->vertex_count };
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *path = argc > 1 ? argv[1] : "Dockerfile";
	struct measured best = { UINT64_MAX, UINT64_MAX, 0, 0 };
	struct rusage usage;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text) < 0) {
		fprintf(stderr, "cannot read '%s'\n", path);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		struct measured one;

		if (once(&text, &one) < 0)
			return 1;
		best.parse_ns = one.parse_ns < best.parse_ns ? one.parse_ns : best.parse_ns;
		best.plan_ns = one.plan_ns < best.plan_ns ? one.plan_ns : best.plan_ns;
		best.stages = one.stages;
		best.vertices = one.vertices;
	}
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("{\"name\": \"dockerfile\", \"bytes\": %zu, \"stages\": %zu, \"steps\": %zu, "
	       "\"best_parse_us\": %.1f, \"best_plan_us\": %.1f, \"max_rss_kib\": %ld}\n",
	       text.length, best.stages, best.vertices, (double)best.parse_ns / 1000,
	       (double)best.plan_ns / 1000, usage.ru_maxrss);
	return 0;
}
