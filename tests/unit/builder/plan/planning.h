/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of Dockerfiles written in a test, on images that exist nowhere else. */
#pragma once

#include "builder/image/config.h"
#include "builder/plan/config_chain.h"
#include "builder/plan/lint.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "tests/unit/builder/dockerfile/parsing.h"

/* An image of the tests, as JSON. */
struct known_image {
	const char *name, *config;
};

#define KNOWN_CONFIG(members)                                                         \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{" members "},"      \
	"\"created\":\"2020-01-02T03:04:05Z\",\"rootfs\":{\"type\":\"layers\","       \
	"\"diff_ids\":[\"sha256:1111111111111111111111111111111111111111111111111111" \
	"111111111111\"]},\"history\":[{\"created_by\":\"base\"}]}"

static const struct known_image known_images[] = {
	{ "alpine", KNOWN_CONFIG("\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"/bin/sh\"]") },
	{ "node", KNOWN_CONFIG("\"Env\":[\"PATH=/node\",\"V=20\"],\"User\":\"node\","
			       "\"WorkingDir\":\"/app\",\"Shell\":[\"/bin/bash\",\"-c\"]") },
	{ "trigger", KNOWN_CONFIG("\"OnBuild\":[\"ARG from_base=1\",\"COPY --from=tool /t /t\","
				  "\"RUN make $from_base\"]") },
	{ "broken-trigger", KNOWN_CONFIG("\"OnBuild\":[\"FROM x\"]") },
	{ "tool", KNOWN_CONFIG("") },
	{ "busybox", KNOWN_CONFIG("") },
	{ "far/away:1", KNOWN_CONFIG("") },
};

/* What the present test planned last, and with what. */
struct planned {
	struct plan_images images; /* first, see find_known() */
	struct parsed parsed;
	struct plan_options options;
	struct plan_context contexts[4];
	struct strings build_args, labels, no_cache_stages, targets;
	struct lint *lint;
	struct plan *plan;
	struct diagnostic diag;
	struct strings asked; /* "NAME PLATFORM" of images, in order */
	struct config config; /* of config_of() */
};

static struct planned p;

static int find_known(struct plan_images *images, const char *name, const struct platform *platform,
		      struct plan_image *ret, struct error *err)
{
	struct planned *planned = (struct planned *)images;
	char text[PLATFORM_TEXT_MAX];

	platform_format(platform, text);
	strings_add_format(&planned->asked, "%s %s", name, text);
	for (size_t i = 0; i < sizeof known_images / sizeof *known_images; i++) {
		const struct known_image *known = &known_images[i];

		if (strcmp(known->name, name) != 0)
			continue;
		assert_ok(
			config_parse(known->config, strlen(known->config), name, &ret->config, err),
			*err);
		ret->name = xasprintf("docker.io/%s", name);
		ret->snapshot = object_id_of(name, strlen(name));
		return 0;
	}
	return error_set(err, -ENOENT, "there is no image '%s'", name);
}

/* Everything that a test set or made. */
static inline int planned_clear(void **state)
{
	(void)state;
	plan_free(p.plan);
	lint_free(p.lint);
	parsed_release(&p.parsed);
	config_release(&p.config);
	strings_release(&p.build_args);
	strings_release(&p.labels);
	strings_release(&p.no_cache_stages);
	strings_release(&p.targets);
	strings_release(&p.asked);
	p = (struct planned){ .images = { .find = find_known } };
	(void)platform_parse("linux/amd64", &p.options.target_platform, NULL);
	p.options.build_platform = p.options.target_platform;
	p.options.build_args = &p.build_args;
	p.options.labels = &p.labels;
	p.options.no_cache_stages = &p.no_cache_stages;
	p.options.targets = &p.targets;
	p.options.contexts = p.contexts;
	return 0;
}

/* What is planned from now on; NULL: no name. */
static inline void set_target(const char *name)
{
	strings_clear(&p.targets);
	if (name)
		strings_add(&p.targets, name);
}

static inline int try_plan(const char *text)
{
	int r;

	plan_free(p.plan);
	p.plan = NULL;
	lint_free(p.lint);
	p.lint = NULL;
	strings_clear(&p.asked);
	parse_recipe(&p.parsed, text);
	r = lint_open(p.parsed.file, &p.build_args, &p.lint, &p.diag);
	if (r < 0)
		return r;
	p.options.lint = p.lint;
	return plan_make(p.parsed.recipe, &p.options, &p.images, &p.plan, &p.diag);
}

static inline const struct plan *plan_of(const char *text)
{
	assert_ok(try_plan(text), p.diag.error);
	for (size_t i = 0; i < p.plan->vertex_count; i++) {
		const struct vertex *vertex = p.plan->vertices[i];

		assert_int_equal(vertex->index, i);
		for (size_t k = 0; k < vertex->input_count; k++)
			assert_true(vertex->inputs[k]->index < i);
	}
	return p.plan;
}

/* The words that it is refused with, as "LINE: WORDS". The caller need not free. */
static inline const char *refusal_of(const char *text)
{
	static char words[1200];

	assert_true(try_plan(text) < 0);
	assert_string_equal(p.diag.file, "Dockerfile");
	snprintf(words, sizeof words, "%u: %s", p.diag.where.first_line, p.diag.error.text);
	return words;
}

/* "NAME\n" of all vertices. */
static inline void assert_names(const char *text, const char *names)
{
	const struct plan *plan = plan_of(text);
	cleanup_with(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < plan->vertex_count; i++)
		buf_add_format(&got, "%s\n", plan->vertices[i]->name);
	assert_string_equal(buf_string(&got), names);
}

static inline void assert_strings(const struct strings *list, const char *joined)
{
	cleanup_free char *got = strings_join(list, "|");

	assert_string_equal(got, joined);
}

static inline void assert_warnings(const char *joined)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	const struct plan_warning *warnings;
	size_t count;

	warnings = lint_warnings(p.lint, &count);
	for (size_t i = 0; i < count; i++)
		buf_add_format(&got, "%u: %s%s%s\n", warnings[i].where.first_line,
			       warnings[i].rule ? warnings[i].rule->name : "",
			       warnings[i].rule ? ": " : "", warnings[i].text);
	assert_string_equal(buf_string(&got), joined);
}

/* The one whose command begins so. */
static inline const struct vertex *vertex_of(const char *command)
{
	for (size_t i = 0; i < p.plan->vertex_count; i++) {
		if (strncmp(p.plan->vertices[i]->command, command, strlen(command)) == 0)
			return p.plan->vertices[i];
	}
	print_error("no vertex '%s'\n", command);
	abort();
}

/* The only RUN, or the first. */
static inline const struct run_work *run_of(const char *text)
{
	plan_of(text);
	return &vertex_of("RUN")->run;
}

static inline const char *env_of(const struct run_work *run, const char *name)
{
	return strings_env_get(&run->env, name);
}

static inline const struct config *config_of(const struct config_chain *chain)
{
	struct error err = { 0 };

	config_release(&p.config);
	assert_ok(config_chain_make(chain, &p.config, &err), err);
	return &p.config;
}

/* The configuration of an image made of this. */
static inline const struct config *image_of(const char *text)
{
	return config_of(plan_of(text)->target->config);
}

/* "created_by" of each record, "-" in front of those without a layer. */
static inline void assert_history(const struct config *config, const char *lines)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < config->history_count; i++)
		buf_add_format(&got, "%s%s\n", config->history[i].empty_layer ? "-" : "",
			       config->history[i].created_by);
	assert_string_equal(buf_string(&got), lines);
}

#define plan_test(function) cmocka_unit_test_setup_teardown(function, planned_clear, planned_clear)
