/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bake/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

/* Values that a document may nest. */
#define DEPTH_MAX 32

static bool is_name(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
			return false;
	}
	return length > 0 && !isdigit((unsigned char)text[0]) && text[0] != '.';
}

static int look_up(const char *name, size_t length, const struct template_scope *scope,
		   const json_t **ret, struct error *err)
{
	cleanup_free char *copy = xstrndup(name, length);
	char *rest = copy, *part = strsep(&rest, ".");
	const json_t *value = json_object_get(scope->inner, part);

	if (!value)
		value = json_object_get(scope->outer, part);
	while (value && rest)
		value = json_object_get(value, strsep(&rest, "."));
	if (!value)
		return error_set(err, -ENOENT, "there is no variable '%.*s'", (int)length, name);
	*ret = value;
	return 0;
}

/* What stands in "${…}", of which `*at` is past the bracket; it is moved past the other one. */
static int expression(const char **at, const struct template_scope *scope, const json_t **ret,
		      struct error *err)
{
	const char *start = *at + strspn(*at, " "), *end = strchr(start, '}');
	size_t length;

	if (!end)
		return error_set(err, -EINVAL, "'${%s': '}' is missing", *at);
	for (length = (size_t)(end - start); length && start[length - 1] == ' ';)
		length--;
	*at = end + 1;
	if (!is_name(start, length))
		return error_set(err, -EOPNOTSUPP,
				 "'${%.*s}': only names of variables can stand there; 'docker "
				 "buildx bake --print' writes a file without expressions",
				 (int)length, start);
	return look_up(start, length, scope, ret, err);
}

static int append(struct buf *text, const json_t *value, struct error *err)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		buf_add_string(text, json_string_value(value));
		return 0;
	case JSON_INTEGER:
		buf_add_format(text, "%lld", (long long)json_integer_value(value));
		return 0;
	case JSON_REAL:
		buf_add_format(text, "%.15g", json_real_value(value));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_add_string(text, json_is_true(value) ? "true" : "false");
		return 0;
	case JSON_NULL:
		return 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
	default:
		return error_set(err, -EINVAL, "a list or an object cannot be part of a string");
	}
}

int template_expand(const char *text, const struct template_scope *scope, json_t **ret,
		    struct error *err)
{
	cleanup_with(buf_release) struct buf out = { 0 };
	const json_t *value = NULL;
	const char *at = text;
	int r = 0;

	while (*at && r == 0) {
		if (strncmp(at, "$${", 3) == 0 || strncmp(at, "%%{", 3) == 0) {
			buf_append(&out, at + 1, 2);
			at += 3;
			continue;
		}
		if (strncmp(at, "%{", 2) == 0)
			return error_set(err, -EOPNOTSUPP,
					 "'%s': templates with '%%{' are not supported; 'docker "
					 "buildx bake --print' writes a file without them",
					 text);
		if (strncmp(at, "${", 2) != 0) {
			buf_add_char(&out, *at++);
			continue;
		}
		at += 2;
		r = expression(&at, scope, &value, err);
		if (r == 0 && !*at && strncmp(text, "${", 2) == 0 && !strstr(text + 2, "${")) {
			*ret = json_deep_copy(value);
			return 0;
		}
		if (r == 0)
			r = append(&out, value, err);
	}
	if (r == 0)
		*ret = json_stringn(buf_string(&out), out.length);
	return r < 0 ? r : *ret ? 0 : error_set(err, -EINVAL, "'%s' is not UTF-8", text);
}

/* ---- whole values ---- */

/* A list or an object on the way down, and where in it. */
struct level {
	json_t *value; /* of the copy */
	void *iterator;
	size_t index;
};

static bool is_container(const json_t *value)
{
	return json_is_array(value) || json_is_object(value);
}

/* The next member: false at the end. */
static bool step(struct level *level, json_t **ret)
{
	if (json_is_array(level->value)) {
		*ret = json_array_get(level->value, level->index++);
		return *ret != NULL;
	}
	level->iterator = level->iterator ? json_object_iter_next(level->value, level->iterator)
					  : json_object_iter(level->value);
	*ret = level->iterator ? json_object_iter_value(level->iterator) : NULL;
	return *ret != NULL;
}

static void replace(struct level *level, json_t *value)
{
	if (json_is_array(level->value))
		(void)json_array_set_new(level->value, level->index - 1, value);
	else
		(void)json_object_iter_set_new(level->value, level->iterator, value);
}

static int expand_members(json_t *copy, const struct template_scope *scope, struct error *err)
{
	struct level levels[DEPTH_MAX] = { { .value = copy } };
	size_t depth = 1;

	while (depth) {
		struct level *level = &levels[depth - 1];
		json_t *member, *value;
		int r;

		if (!step(level, &member)) {
			depth--;
		} else if (is_container(member)) {
			if (depth == DEPTH_MAX)
				return error_set(err, -E2BIG, "values are nested too deeply");
			levels[depth++] = (struct level){ .value = member };
		} else if (json_is_string(member)) {
			r = template_expand(json_string_value(member), scope, &value, err);
			if (r < 0)
				return r;
			replace(level, value);
		}
	}
	return 0;
}

int template_expand_all(const json_t *value, const struct template_scope *scope, json_t **ret,
			struct error *err)
{
	json_t *copy;
	int r;

	if (json_is_string(value))
		return template_expand(json_string_value(value), scope, ret, err);
	copy = json_deep_copy(value);
	r = is_container(copy) ? expand_members(copy, scope, err) : 0;
	if (r < 0)
		json_decref(copy);
	else
		*ret = copy;
	return r;
}
