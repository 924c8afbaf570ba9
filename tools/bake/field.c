/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bake/field.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

const struct field target_fields[] = {
	{ "description", FIELD_STRING, 0 },
	{ "inherits", FIELD_LIST, FIELD_MERGED },
	{ "annotations", FIELD_LIST, FIELD_MERGED },
	{ "attest", FIELD_LIST, FIELD_MERGED },
	{ "context", FIELD_STRING, 0 },
	{ "contexts", FIELD_MAP, 0 },
	{ "dockerfile", FIELD_STRING, 0 },
	{ "dockerfile-inline", FIELD_STRING, 0 },
	{ "args", FIELD_MAP, 0 },
	{ "labels", FIELD_MAP, 0 },
	{ "tags", FIELD_LIST, 0 },
	{ "cache-from", FIELD_LIST, FIELD_MERGED },
	{ "cache-to", FIELD_LIST, 0 },
	{ "target", FIELD_STRING, 0 },
	{ "secret", FIELD_LIST, FIELD_MERGED },
	{ "ssh", FIELD_LIST, FIELD_MERGED },
	{ "platforms", FIELD_LIST, 0 },
	{ "output", FIELD_LIST, 0 },
	{ "pull", FIELD_BOOL, 0 },
	{ "no-cache", FIELD_BOOL, 0 },
	{ "network", FIELD_STRING, 0 },
	{ "no-cache-filter", FIELD_LIST, 0 },
	{ "shm-size", FIELD_STRING, 0 },
	{ "ulimits", FIELD_LIST, FIELD_MERGED },
	{ "call", FIELD_STRING, 0 },
	{ "entitlements", FIELD_LIST, FIELD_MERGED },
	{ "extra-hosts", FIELD_MAP, 0 },
	{ 0 },
};

static const struct {
	const char *name, *stands_for;
} aliases[] = { { "platform", "platforms" },
		{ "secrets", "secret" },
		{ "outputs", "output" },
		{ "network-mode", "network" },
		{ "dockerfile_inline", "dockerfile-inline" } };

const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		if (strcmp(aliases[i].name, name) == 0)
			name = aliases[i].stands_for;
	}
	for (const struct field *field = target_fields; field->name; field++) {
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

/* ---- values ---- */

/* A string, number or truth value as a string; NULL for all else. */
static json_t *as_string(const json_t *value)
{
	char number[64];

	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_deep_copy(value);
	case JSON_INTEGER:
		return json_sprintf("%lld", (long long)json_integer_value(value));
	case JSON_REAL:
		snprintf(number, sizeof number, "%.15g", json_real_value(value));
		return json_string(number);
	case JSON_TRUE:
		return json_string("true");
	case JSON_FALSE:
		return json_string("false");
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		return NULL;
	}
}

/* A field of a CSV row. */
static void add_csv(struct buf *text, const char *key, const char *value)
{
	bool quote = strpbrk(value, ",\"\n") != NULL;

	if (text->length)
		buf_add_char(text, ',');
	if (quote)
		buf_add_char(text, '"');
	buf_add_format(text, "%s=", key);
	for (; *value; value++) {
		if (*value == '"')
			buf_add_char(text, '"');
		buf_add_char(text, *value);
	}
	if (quote)
		buf_add_char(text, '"');
}

/* {"id": "default", "paths": ["a", "b"]}: "default=a,b" */
static json_t *ssh_of(const json_t *object)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *id = json_string_value(json_object_get(object, "id"));
	json_t *paths = json_object_get(object, "paths"), *path;
	size_t i;

	buf_add_string(&text, id ? id : "default");
	json_array_foreach(paths, i, path)
	{
		if (json_is_string(path))
			buf_add_format(&text, "%c%s", i ? ',' : '=', json_string_value(path));
	}
	return json_string(buf_string(&text));
}

static json_t *row_of(const json_t *object)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *key;
	json_t *value;

	/* The first word of others' rows says what they are. */
	value = json_object_get(object, "type");
	if (json_is_string(value))
		add_csv(&text, "type", json_string_value(value));
	/* The type of the loop's cursor is the library's; nothing is changed. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		json_t *string = strcmp(key, "type") == 0 ? NULL : as_string(value);

		if (string)
			add_csv(&text, key, json_string_value(string));
		json_decref(string);
	}
	return json_string(buf_string(&text));
}

static json_t *item_of(const struct field *field, const json_t *value)
{
	if (!json_is_object(value))
		return as_string(value);
	return strcmp(field->name, "ssh") == 0 ? ssh_of(value) : row_of(value);
}

static int normalize_list(const struct field *field, const json_t *value, json_t **ret,
			  struct error *err)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(value, i, item)
	{
		json_t *string = item_of(field, item);

		if (!string || json_array_append_new(list, string) < 0) {
			json_decref(list);
			return error_set(err, -EINVAL, "%s[%zu] is no string", field->name, i);
		}
	}
	*ret = list;
	return 0;
}

static int normalize_map(const struct field *field, const json_t *value, json_t **ret,
			 struct error *err)
{
	json_t *map = json_object(), *item;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		json_t *string = json_is_null(item) ? json_null() : as_string(item);

		if (!string || json_object_set_new(map, key, string) < 0) {
			json_decref(map);
			return error_set(err, -EINVAL, "%s.%s is no string", field->name, key);
		}
	}
	*ret = map;
	return 0;
}

static int normalize_bool(const struct field *field, const json_t *value, json_t **ret,
			  struct error *err)
{
	const char *text = json_string_value(value);
	int yes = json_is_true(value);

	if (!json_is_boolean(value) && (!text || parse_bool(text, &yes) < 0))
		return error_set(err, -EINVAL, "%s is neither true nor false", field->name);
	*ret = json_boolean(yes);
	return 0;
}

int field_normalize(const struct field *field, const json_t *value, json_t **ret, struct error *err)
{
	switch (field->kind) {
	case FIELD_STRING:
		*ret = as_string(value);
		return *ret ? 0 : error_set(err, -EINVAL, "%s is no string", field->name);
	case FIELD_BOOL:
		return normalize_bool(field, value, ret, err);
	case FIELD_LIST:
		if (!json_is_array(value))
			return error_set(err, -EINVAL, "%s is no list", field->name);
		return normalize_list(field, value, ret, err);
	case FIELD_MAP:
		if (!json_is_object(value))
			return error_set(err, -EINVAL, "%s is no object", field->name);
		return normalize_map(field, value, ret, err);
	}
	return -EINVAL;
}

/* ---- one on top of another ---- */

static void merge_list(json_t *target, const char *name, const json_t *value)
{
	json_t *have = json_object_get(target, name);
	json_t *list = have ? json_copy(have) : json_array(), *item;
	size_t i, k;

	json_array_foreach(value, i, item)
	{
		for (k = 0; k < json_array_size(list); k++) {
			if (json_equal(json_array_get(list, k), item))
				break;
		}
		if (k == json_array_size(list))
			(void)json_array_append(list, item);
	}
	(void)json_object_set_new(target, name, list);
}

void fields_merge(json_t *target, const json_t *from)
{
	for (const struct field *field = target_fields; field->name; field++) {
		json_t *value = json_object_get(from, field->name);
		json_t *have = json_object_get(target, field->name);

		if (!value)
			continue;
		if (field->kind == FIELD_MAP && have) {
			json_t *map = json_copy(have);

			(void)json_object_update(map, value);
			(void)json_object_set_new(target, field->name, map);
		} else if (field->flags & FIELD_MERGED) {
			merge_list(target, field->name, value);
		} else {
			(void)json_object_set(target, field->name, value);
		}
	}
	/* Either of them says what the Dockerfile is. */
	if (json_object_get(from, "dockerfile") && !json_object_get(from, "dockerfile-inline"))
		(void)json_object_del(target, "dockerfile-inline");
}
