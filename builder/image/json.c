/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "builder/image/string_map.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

int json_document_parse(const void *data, size_t size, const char *name, struct json_document *ret,
			struct error *err)
{
	json_error_t wrong;
	json_t *root;

	if (size > JSON_DOCUMENT_MAX)
		return error_set(err, -E2BIG, "%s: larger than %zu bytes", name, JSON_DOCUMENT_MAX);
	root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &wrong);
	if (!root)
		return error_set(err, -EINVAL, "%s: line %d, column %d: %s", name, wrong.line,
				 wrong.column, wrong.text);
	ret->root = (struct json_value){ .key = name, .json = root };
	return 0;
}

void json_document_release(struct json_document *document)
{
	json_decref(document->root.json);
	*document = (struct json_document){ 0 };
}

/* ---- complaints ---- */

/* Ways longer than this are cut at their front; no document of ours nests this deep. */
#define PATH_STEPS_MAX 16

static void describe_path(const struct json_value *value, const char **ret_name, struct buf *ret)
{
	const struct json_value *steps[PATH_STEPS_MAX];
	size_t count = 0;

	for (; value->parent; value = value->parent) {
		if (count < PATH_STEPS_MAX)
			steps[count++] = value;
	}
	*ret_name = value->key;
	while (count-- > 0) {
		if (steps[count]->key)
			buf_add_format(ret, ".%s", steps[count]->key);
		else
			buf_add_format(ret, "[%zu]", steps[count]->index);
	}
}

int json_complain(const struct json_value *value, struct error *err, const char *format, ...)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	cleanup_free char *words = NULL;
	const char *name;
	va_list args;

	if (!err)
		return -EINVAL;
	va_start(args, format);
	words = xvasprintf(format, args);
	va_end(args);
	describe_path(value, &name, &path);
	if (path.length)
		(void)error_set(err, -EINVAL, "%s: %s is %s", name, buf_string(&path), words);
	else
		(void)error_set(err, -EINVAL, "%s is %s", name, words);
	return -EINVAL;
}

int json_prefix(const struct json_value *value, int code, struct error *err)
{
	cleanup_with(buf_release) struct buf path = { 0 };
	const char *name;

	describe_path(value, &name, &path);
	return error_prefix(err, code, "%s%s%s", name, path.length ? ": " : "", buf_string(&path));
}

/* ---- members ---- */

static int get(const struct json_value *object, const char *key, struct json_value *ret,
	       struct error *err)
{
	if (!json_is_object(object->json))
		return json_complain(object, err, "not an object");
	*ret = (struct json_value){ .parent = object, .key = key };
	ret->json = json_object_get(object->json, key);
	return ret->json && !json_is_null(ret->json);
}

int json_get_string(const struct json_value *object, const char *key, const char **ret,
		    struct error *err)
{
	struct json_value value;
	int r = get(object, key, &value, err);

	if (r <= 0)
		return r;
	r = json_string_of(&value, ret, err);
	return r < 0 ? r : 1;
}

int json_get_i64(const struct json_value *object, const char *key, int64_t *ret, struct error *err)
{
	struct json_value value;
	int r = get(object, key, &value, err);

	if (r <= 0)
		return r;
	if (!json_is_integer(value.json))
		return json_complain(&value, err, "not an integer");
	*ret = json_integer_value(value.json);
	return 1;
}

int json_get_bool(const struct json_value *object, const char *key, bool *ret, struct error *err)
{
	struct json_value value;
	int r = get(object, key, &value, err);

	if (r <= 0)
		return r;
	if (!json_is_boolean(value.json))
		return json_complain(&value, err, "neither true nor false");
	*ret = json_is_true(value.json);
	return 1;
}

int json_get_object(const struct json_value *object, const char *key, struct json_value *ret,
		    struct error *err)
{
	int r = get(object, key, ret, err);

	if (r > 0 && !json_is_object(ret->json))
		return json_complain(ret, err, "not an object");
	return r;
}

int json_get_array(const struct json_value *object, const char *key, struct json_value *ret,
		   struct error *err)
{
	int r = get(object, key, ret, err);

	if (r > 0 && !json_is_array(ret->json))
		return json_complain(ret, err, "not an array");
	return r;
}

int json_get_strings(const struct json_value *object, const char *key, struct strings *ret,
		     struct error *err)
{
	struct json_value array;
	int r = json_get_array(object, key, &array, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < json_array_length(&array); i++) {
		struct json_value item;
		const char *s = NULL;

		json_array_item(&array, i, &item);
		r = json_string_of(&item, &s, err);
		if (r < 0)
			return r;
		strings_add(ret, s);
	}
	return 1;
}

int json_get_keys(const struct json_value *object, const char *key, struct strings *ret,
		  struct error *err)
{
	struct json_value inner;
	const char *name;
	json_t *value;
	int r = json_get_object(object, key, &inner, err);

	if (r <= 0)
		return r;
	json_object_foreach(inner.json, name, value) strings_add(ret, name);
	return 1;
}

int json_get_map(const struct json_value *object, const char *key, struct string_map *ret,
		 struct error *err)
{
	struct json_value inner;
	const char *name;
	json_t *value;
	int r = json_get_object(object, key, &inner, err);

	if (r <= 0)
		return r;
	json_object_foreach(inner.json, name, value)
	{
		struct json_value item = { .parent = &inner, .key = name, .json = value };
		const char *s = NULL;

		r = json_string_of(&item, &s, err);
		if (r < 0)
			return r;
		string_map_set(ret, name, s);
	}
	return 1;
}

/* ---- what has to be there ---- */

static int missing(const struct json_value *object, const char *key, struct error *err)
{
	struct json_value value = { .parent = object, .key = key };

	return json_complain(&value, err, "missing");
}

int json_need_string(const struct json_value *object, const char *key, const char **ret,
		     struct error *err)
{
	int r = json_get_string(object, key, ret, err);

	return r > 0 ? 0 : r == 0 ? missing(object, key, err) : r;
}

int json_need_u64(const struct json_value *object, const char *key, uint64_t *ret,
		  struct error *err)
{
	struct json_value value = { .parent = object, .key = key };
	int64_t number = 0;
	int r = json_get_i64(object, key, &number, err);

	if (r < 0)
		return r;
	if (r == 0)
		return missing(object, key, err);
	if (number < 0)
		return json_complain(&value, err, "below zero");
	*ret = (uint64_t)number;
	return 0;
}

int json_need_object(const struct json_value *object, const char *key, struct json_value *ret,
		     struct error *err)
{
	int r = json_get_object(object, key, ret, err);

	return r > 0 ? 0 : r == 0 ? missing(object, key, err) : r;
}

int json_need_array(const struct json_value *object, const char *key, struct json_value *ret,
		    struct error *err)
{
	int r = json_get_array(object, key, ret, err);

	return r > 0 ? 0 : r == 0 ? missing(object, key, err) : r;
}

size_t json_array_length(const struct json_value *array)
{
	return json_array_size(array->json);
}

void json_array_item(const struct json_value *array, size_t index, struct json_value *ret)
{
	*ret = (struct json_value){ .parent = array, .index = index };
	ret->json = json_array_get(array->json, index);
}

int json_string_of(const struct json_value *value, const char **ret, struct error *err)
{
	if (!json_is_string(value->json))
		return json_complain(value, err, "not a string");
	*ret = json_string_value(value->json);
	return 0;
}

int json_u64_of(const struct json_value *value, uint64_t *ret, struct error *err)
{
	if (!json_is_integer(value->json))
		return json_complain(value, err, "not an integer");
	if (json_integer_value(value->json) < 0)
		return json_complain(value, err, "below zero");
	*ret = (uint64_t)json_integer_value(value->json);
	return 0;
}

/* ---- what we do not know ---- */

static bool is_one_of(const char *const *known, const char *key)
{
	while (*known && strcmp(*known, key) != 0)
		known++;
	return *known;
}

struct json_t *json_others(const struct json_value *object, const char *const *known)
{
	json_t *others = NULL, *value;
	const char *key;

	json_object_foreach(object->json, key, value)
	{
		if (is_one_of(known, key))
			continue;
		if (!others)
			others = json_object();
		if (!others || json_object_set(others, key, value) < 0)
			abort(); /* out of memory, as in alloc.h */
	}
	return others;
}

void json_others_release(struct json_t *others)
{
	json_decref(others);
}

struct json_t *json_others_ref(struct json_t *others)
{
	return json_incref(others);
}

struct json_t *json_others_with(struct json_t *others, const char *key, const struct buf *text)
{
	/* Others may be shared with other configurations. */
	json_t *ret = others ? json_copy(others) : json_object();
	json_t *value = json_loadb(buf_string(text), text->length, 0, NULL);

	if (!ret || !value || json_object_set_new(ret, key, value) < 0)
		abort(); /* out of memory, as in alloc.h */
	json_decref(others);
	return ret;
}

struct json_t *json_others_get(struct json_t *others, const char *key)
{
	return json_object_get(others, key);
}

const char *json_others_next(struct json_t *others, const char *key, struct json_t **ret)
{
	void *at = key ? json_object_iter_next(others, json_object_key_to_iter(key))
		       : json_object_iter(others);

	if (!at)
		return NULL;
	*ret = json_object_iter_value(at);
	return json_object_iter_key(at);
}
