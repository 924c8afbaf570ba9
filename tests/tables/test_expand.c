/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "tests/tables/table.h"

static bool refused_as_expected(const char *name, json_t *row, const struct error *err)
{
	const char *words = table_string(row, "error_contains");

	if (json_is_true(json_object_get(row, "error")) && (!words || strstr(err->text, words)))
		return true;
	return table_fail(name, "%s", err->text);
}

static bool check_word(const char *name, json_t *row, const char *got)
{
	const char *expected = table_string(row, "expect");

	if (json_is_true(json_object_get(row, "error")))
		return table_fail(name, "was not refused: '%s'", got);
	if (expected && strcmp(expected, got) == 0)
		return true;
	return table_fail(name, "expected '%s', got '%s'", expected, got);
}

static bool check_words(const char *name, json_t *row, const struct strings *got)
{
	json_t *expected = json_object_get(row, "expect");

	if (json_is_true(json_object_get(row, "error")))
		return table_fail(name, "was not refused");
	if (json_array_size(expected) != got->count)
		return table_fail(name, "expected %zu words, got %zu", json_array_size(expected),
				  got->count);
	for (size_t i = 0; i < got->count; i++) {
		const char *word = json_string_value(json_array_get(expected, i));

		if (strcmp(word, got->items[i]) != 0)
			return table_fail(name, "expected '%s', got '%s'", word, got->items[i]);
	}
	return true;
}

static bool run(const char *name, json_t *row)
{
	cleanup_with(strings_release) struct strings env = { 0 }, words = { 0 };
	cleanup_with(buf_release) struct buf word = { 0 };
	const char *input = table_string(row, "input"), *key;
	struct expander expander = { .escape = '\\' };
	struct error err = { 0 };
	json_t *value;

	json_object_foreach(json_object_get(row, "env"), key, value)
		strings_env_set(&env, key, json_string_value(value));
	expander.env = expand_env_of(&env);
	if (strcmp(table_string(row, "kind"), "words") == 0) {
		if (expand_words(&expander, input, &words, &err) < 0)
			return refused_as_expected(name, row, &err);
		return check_words(name, row, &words);
	}
	if (expand_word(&expander, input, &word, &err) < 0)
		return refused_as_expected(name, row, &err);
	return check_word(name, row, buf_string(&word));
}

int main(void)
{
	return table_run("envexpand.jsonl", run);
}
