/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole builds of which it is known how they end, planned on images that are always there: argv[1]
 * is the table. What fails only when it is carried out cannot be seen here.
 */
#include <errno.h>
#include <string.h>

#include "builder/dockerfile/recipe.h"
#include "builder/plan/config_chain.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tests/tables/table.h"

#define CONTEXTS_MAX 8

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

/* What a row says of the command line. */
struct arguments {
	struct strings build_args, targets;
	struct plan_context contexts[CONTEXTS_MAX];
	struct plan_options options;
};

static void read_arguments(json_t *row, struct arguments *ret)
{
	struct plan_options *options = &ret->options;
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(row, "args"), key, value)
		strings_add_format(&ret->build_args, "%s=%s", key, json_string_value(value));
	json_object_foreach(json_object_get(row, "contexts"), key, value)
		ret->contexts[options->context_count++] =
		(struct plan_context){ .name = key, .kind = PLAN_CONTEXT_DIRECTORY };
	options->build_args = &ret->build_args;
	options->contexts = ret->contexts;
	if (table_string(row, "target"))
		strings_add(&ret->targets, table_string(row, "target"));
	options->targets = &ret->targets;
	options->target_platform = options->build_platform = platform_host();
}

/* A row that fails at this stage says so in one of the expected ways. */
static bool is_expected(const char *name, json_t *expect, const char *text)
{
	json_t *ways = json_object_get(expect, "error_contains"), *way;
	size_t i;

	if (json_is_true(json_object_get(expect, "ok")))
		return table_fail(name, "%s", text);
	json_array_foreach(ways, i, way)
	{
		if (!strstr(text, json_string_value(way)))
			return table_fail(name, "expected '%s', got '%s'", json_string_value(way),
					  text);
	}
	return true;
}

static bool use(const char *name, const struct plan *plan)
{
	struct config config = { 0 };
	struct error err = { 0 };
	size_t layers;

	if (config_chain_make(plan->target->config, &config, &err) < 0)
		return table_fail(name, "%s", err.text);
	layers = config_history_layers(&config);
	config_release(&config);
	return layers <= plan->vertex_count ||
	       table_fail(name, "%zu layers, %zu vertices", layers, plan->vertex_count);
}

static bool run(const char *name, json_t *row)
{
	const char *text = table_string(row, "dockerfile");
	json_t *expect = json_object_get(row, "expect");
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	cleanup_with(plan_free) struct plan *plan = NULL;
	struct plan_images images = { .find = find };
	struct arguments arguments = { 0 };
	struct diagnostic diag = { 0 };
	int r = dockerfile_parse(name, text, strlen(text), &file, &diag);

	read_arguments(row, &arguments);
	if (r == 0)
		r = recipe_parse(file, &recipe, &diag);
	if (r == 0)
		r = plan_make(recipe, &arguments.options, &images, &plan, &diag);
	strings_release(&arguments.build_args);
	strings_release(&arguments.targets);
	return r < 0 ? is_expected(name, expect, diag.error.text) : use(name, plan);
}

int main(int argc, char **argv)
{
	return argc == 2 ? table_run(argv[1], run) : 2;
}
