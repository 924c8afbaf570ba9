/* SPDX-License-Identifier: Apache-2.0 */
/* What BuildKit's parser makes of Dockerfiles: argv[1] is the table. */
#include "builder/dockerfile/print.h"
#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "tests/tables/table.h"

/* Only layout differs: line breaks at the end, and the blank lines between nested statements. */
static void drop_newlines_at_end(struct buf *buf)
{
	while (buf->length && buf->data[buf->length - 1] == '\n')
		buf_truncate(buf, buf->length - 1);
}

static bool same_dump(const char *name, const struct dockerfile *file, const char *expected)
{
	cleanup_with(buf_release) struct buf got = { 0 }, wanted = { 0 };

	dockerfile_print(file, &got);
	buf_add_string(&wanted, expected);
	drop_newlines_at_end(&got);
	drop_newlines_at_end(&wanted);
	if (strcmp(buf_string(&got), buf_string(&wanted)) == 0)
		return true;
	return table_fail(name, "expected\n%s\ngot\n%s", buf_string(&wanted), buf_string(&got));
}

/* "BASE AS NAME" for each stage, and the number of instructions in them. */
static bool same_stages(const char *name, const struct recipe *recipe, json_t *row)
{
	json_t *stages = json_object_get(row, "stages");
	json_t *commands = json_object_get(row, "commands");
	size_t count = 0;

	if (json_array_size(stages) != recipe->stage_count)
		return table_fail(name, "expected %zu stages, got %zu", json_array_size(stages),
				  recipe->stage_count);
	for (size_t i = 0; i < recipe->stage_count; i++) {
		const struct stage *stage = &recipe->stages[i];
		const char *expected = json_string_value(json_array_get(stages, i));
		cleanup_with(buf_release) struct buf got = { 0 };

		count += stage->count;
		buf_add_format(&got, "%s AS%s%s", stage->from->from.base, *stage->name ? " " : "",
			       stage->name);
		if (!expected || strcmp(buf_string(&got), expected) != 0)
			return table_fail(name, "expected stage '%s', got '%s'", expected,
					  buf_string(&got));
	}
	if ((json_int_t)count != json_integer_value(commands))
		return table_fail(name, "expected %" JSON_INTEGER_FORMAT " instructions, got %zu",
				  json_integer_value(commands), count);
	return true;
}

/* A table that says nothing of stages is about the parser alone. */
static bool understood_as_expected(const char *name, const struct dockerfile *file, json_t *row)
{
	cleanup_with(recipe_free) struct recipe *recipe = NULL;
	const char *error = table_string(row, "error");
	struct diagnostic diag = { 0 };

	if (!json_object_get(row, "commands"))
		return true;
	if (recipe_parse(file, &recipe, &diag) < 0) {
		if (error && strncmp(diag.error.text, error, strlen(error)) == 0)
			return true;
		return table_fail(name, "expected %s, got error '%s'", error ? error : "success",
				  diag.error.text);
	}
	if (error)
		return table_fail(name, "expected error '%s'", error);
	return same_stages(name, recipe, row);
}

static bool run(const char *name, json_t *row)
{
	const char *text = table_string(row, "dockerfile"), *dump = table_string(row, "sexpr");
	cleanup_with(dockerfile_free) struct dockerfile *file = NULL;
	struct diagnostic diag = { 0 };

	if (dockerfile_parse(name, text, strlen(text), &file, &diag) < 0) {
		if (json_is_false(json_object_get(row, "ok")) && !dump)
			return true;
		return table_fail(name, "%s", diag.error.text);
	}
	if (!dump)
		return table_fail(name, "was not refused");
	return same_dump(name, file, dump) && understood_as_expected(name, file, row);
}

int main(int argc, char **argv)
{
	return argc == 2 ? table_run(argv[1], run) : 2;
}
