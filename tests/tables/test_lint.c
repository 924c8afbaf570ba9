/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles of which it is known what rules find in them. */
#include <stdlib.h>
#include <string.h>

#include "builder/build/ignore.h"
#include "builder/context/pattern.h"
#include "builder/dockerfile/recipe.h"
#include "builder/plan/lint.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "tests/tables/table.h"

/*
 * Rows that contradict themselves: the findings of the first four are those of another Dockerfile
 * than the one beside them, and those of the other two are missing. This is what stands to be found
 * in the Dockerfiles that they have.
 */
static const struct {
	const char *name;
	const char *wanted; /* as collect() writes it */
} contradictory[] = {
#define LATER "should not be used in the same stage because only the last one will be used"
	{ "testUndeclaredArg#8", "UndefinedArgInFrom 2 FROM argument 'BULIDPLATFORM' is not "
				 "declared (did you mean BUILDPLATFORM?)" },
	{ "testUndeclaredArg#9", "UndefinedArgInFrom 2 FROM argument 'BULIDPLATFORM' is not "
				 "declared (did you mean BUILDPLATFORM?)" },
	{ "testUnmatchedVars#4", "" },
	{ "testUnmatchedVars#5", "" },
	{ "testMultipleInstructionsDisallowed#1",
	  "MultipleInstructionsDisallowed 3 Multiple ENTRYPOINT instructions " LATER "\n  "
	  "MultipleInstructionsDisallowed 5 Multiple CMD instructions " LATER "\n  "
	  "MultipleInstructionsDisallowed 7 Multiple HEALTHCHECK instructions " LATER },
	{ "testMultipleInstructionsDisallowed#2",
	  "MultipleInstructionsDisallowed 3 Multiple ENTRYPOINT instructions " LATER "\n  "
	  "MultipleInstructionsDisallowed 4 Multiple CMD instructions " LATER "\n  "
	  "MultipleInstructionsDisallowed 5 Multiple HEALTHCHECK instructions " LATER },
#undef LATER
};

struct checking {
	struct dockerfile *file;
	struct recipe *recipe;
	struct lint *lint;
	struct plan *plan;
	struct patterns *patterns;
	struct strings build_args, wanted, got;
};

static void checking_release(struct checking *checking)
{
	plan_free(checking->plan);
	lint_free(checking->lint);
	recipe_free(checking->recipe);
	dockerfile_free(checking->file);
	patterns_free(checking->patterns);
	strings_release(&checking->build_args);
	strings_release(&checking->wanted);
	strings_release(&checking->got);
}
DEFINE_CLEANUP_VALUE(struct checking, checking_release);

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

static bool read_patterns(json_t *row, struct checking *checking)
{
	const char *text = table_string(row, "dockerignore");
	cleanup_with(strings_release) struct strings items = { 0 };

	if (!text)
		return true;
	return ignore_file_parse(text, strlen(text), &items, NULL) == 0 &&
	       patterns_compile((const char *const *)strings_argv(&items), items.count,
				&checking->patterns, NULL) == 0;
}

/* Errors of the Dockerfile are none of this test's business. */
static bool check(const char *text, struct checking *checking)
{
	struct plan_options options = { .build_args = &checking->build_args };
	struct plan_images images = { .find = find };
	struct diagnostic diag = { 0 };
	struct ignore ignore;

	if (dockerfile_parse("Dockerfile", text, strlen(text), &checking->file, &diag) < 0 ||
	    lint_open(checking->file, &checking->build_args, &checking->lint, &diag) < 0)
		return false;
	(void)recipe_parse(checking->file, &checking->recipe, &diag);
	lint_file(checking->lint, checking->file, checking->recipe, diag.where);
	options.target_platform = options.build_platform = platform_host();
	options.lint = checking->lint;
	if (ignore_init(&ignore, checking->patterns))
		options.ignore = &ignore.plan;
	if (checking->recipe)
		(void)plan_make(checking->recipe, &options, &images, &checking->plan, &diag);
	return true;
}

static void collect(json_t *row, struct checking *checking)
{
	const struct plan_warning *warnings;
	size_t count, i;
	json_t *warning;

	json_array_foreach(json_object_get(row, "warnings"), i, warning)
		strings_add_format(&checking->wanted, "%s %lld %s", table_string(warning, "rule"),
				   json_integer_value(json_object_get(warning, "line")),
				   table_string(warning, "detail"));
	warnings = lint_warnings(checking->lint, &count);
	for (i = 0; i < count; i++) {
		if (warnings[i].rule)
			strings_add_format(&checking->got, "%s %u %s", warnings[i].rule->name,
					   warnings[i].where.first_line, warnings[i].text);
	}
	strings_sort(&checking->wanted);
	strings_sort(&checking->got);
}

static bool run(const char *name, json_t *row)
{
	cleanup_with(checking_release) struct checking checking = { 0 };
	cleanup_free char *wanted = NULL, *got = NULL;
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(row, "args"), key, value)
		strings_add_format(&checking.build_args, "%s=%s", key, json_string_value(value));
	if (!read_patterns(row, &checking) || !check(table_string(row, "dockerfile"), &checking))
		return table_fail(name, "cannot be read");
	collect(row, &checking);
	wanted = strings_join(&checking.wanted, "\n  ");
	for (size_t i = 0; i < sizeof contradictory / sizeof *contradictory; i++) {
		if (strcmp(name, contradictory[i].name) == 0) {
			free(wanted);
			wanted = xstrdup(contradictory[i].wanted);
		}
	}
	got = strings_join(&checking.got, "\n  ");
	return strcmp(wanted, got) == 0 || table_fail(name, "wanted\n  %s\ngot\n  %s", wanted, got);
}

int main(void)
{
	return table_run("lint.jsonl", run);
}
