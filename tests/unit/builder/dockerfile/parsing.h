/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles written in a test. */
#pragma once

#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

/* What the present test parsed last; released with parsed_release(). */
struct parsed {
	struct dockerfile *file;
	struct recipe *recipe;
	struct diagnostic diag;
};

static inline void parsed_release(struct parsed *parsed)
{
	recipe_free(parsed->recipe);
	dockerfile_free(parsed->file);
	*parsed = (struct parsed){ 0 };
}
DEFINE_CLEANUP_VALUE(struct parsed, parsed_release);

/* Parse into statements; fails the test when that fails. */
static inline const struct statement *parse_file(struct parsed *parsed, const char *text)
{
	parsed_release(parsed);
	assert_ok(dockerfile_parse("Dockerfile", text, strlen(text), &parsed->file, &parsed->diag),
		  parsed->diag.error);
	return parsed->file->statements;
}

/* Parse into stages. */
static inline const struct recipe *parse_recipe(struct parsed *parsed, const char *text)
{
	parse_file(parsed, text);
	assert_ok(recipe_parse(parsed->file, &parsed->recipe, &parsed->diag), parsed->diag.error);
	return parsed->recipe;
}

/* The first instruction of a stage made of these lines. */
static inline const struct instruction *parse_one(struct parsed *parsed, const char *text)
{
	cleanup_free char *whole = NULL;

	assert_true(asprintf(&whole, "FROM scratch\n%s", text) > 0);
	return parse_recipe(parsed, whole)->stages[0].instructions;
}

/* The words that these lines are refused with. */
static inline const char *refuse_file(struct parsed *parsed, const char *text)
{
	parsed_release(parsed);
	if (dockerfile_parse("Dockerfile", text, strlen(text), &parsed->file, &parsed->diag) >= 0)
		assert_true(recipe_parse(parsed->file, &parsed->recipe, &parsed->diag) < 0);
	return parsed->diag.error.text;
}

/* The same for one instruction on line 2, without the words in front that name the line. */
static inline const char *refuse_one(struct parsed *parsed, const char *text)
{
	static const char prefix[] = "dockerfile parse error on line 2: ";
	cleanup_free char *whole = NULL;
	const char *words;

	assert_true(asprintf(&whole, "FROM scratch\n%s", text) > 0);
	words = refuse_file(parsed, whole);
	return strncmp(words, prefix, strlen(prefix)) == 0 ? words + strlen(prefix) : words;
}

static inline void assert_words(const struct words *words, const char *joined)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < words->count; i++)
		buf_add_format(&got, "%s%s", i ? "|" : "", words->items[i]);
	assert_null(words->items[words->count]);
	assert_string_equal(buf_string(&got), joined);
}
