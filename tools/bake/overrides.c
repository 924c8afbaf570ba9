/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "tools/bake/bake_internal.h"
#include "tools/bake/field.h"

/* One of --set, taken apart. */
struct override {
	char *pattern;
	const struct field *field;
	char *member; /* of a map; NULL */
	const char *value;
	bool add;
};

static void override_release(struct override *override)
{
	free(override->pattern);
	free(override->member);
}
DEFINE_CLEANUP_VALUE(struct override, override_release);

static int find_field(const char *text, const char *key, struct override *ret, struct error *err)
{
	const char *dot = strchr(key, '.');
	cleanup_free char *name = dot ? xstrndup(key, (size_t)(dot - key)) : xstrdup(key);

	ret->field = field_find(name);
	if (!ret->field || strcmp(name, "inherits") == 0)
		return error_set(err, -EINVAL, "--set '%s': '%s' cannot be set", text, name);
	if ((ret->field->kind == FIELD_MAP) != (dot && dot[1]))
		return error_set(err, -EINVAL, "--set '%s': %s", text,
				 ret->field->kind == FIELD_MAP
					 ? "a name is missing, as in args.NAME"
					 : "that has no names below it");
	if (dot)
		ret->member = xstrdup(dot + 1);
	return 0;
}

static int parse(const char *text, struct override *ret, struct error *err)
{
	const char *equals = strchr(text, '='), *dot;
	cleanup_free char *key = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);
	size_t length = strlen(key);

	if (length && key[length - 1] == '+') {
		ret->add = true;
		key[length - 1] = '\0';
	}
	dot = strchr(key, '.');
	if (!dot || dot == key || !dot[1])
		return error_set(err, -EINVAL, "--set '%s' is not of the form TARGET.KEY=VALUE",
				 text);
	ret->pattern = xstrndup(key, (size_t)(dot - key));
	ret->value = equals ? equals + 1 : NULL;
	if (!equals && strncmp(dot + 1, "args.", 5) != 0)
		return error_set(err, -EINVAL, "--set '%s' has no value", text);
	return find_field(text, dot + 1, ret, err);
}

static json_t *list_for(const struct override *override, const struct strings *seen, json_t *target)
{
	json_t *have = json_object_get(target, override->field->name), *list;

	/* The first one takes the place of what the file says. */
	if (have && (override->add || strings_contain(seen, override->field->name)))
		return have;
	list = json_array();
	(void)json_object_set_new(target, override->field->name, list);
	return list;
}

static int set(const struct override *override, struct strings *seen, json_t *target,
	       struct error *err)
{
	const struct field *field = override->field;
	json_t *value = override->value ? json_string(override->value) : json_null(), *map, *normal;
	int r = 0;

	switch (field->kind) {
	case FIELD_LIST:
		(void)json_array_append(list_for(override, seen, target), value);
		strings_add(seen, field->name);
		break;
	case FIELD_MAP:
		map = json_object_get(target, field->name);
		map = map ? json_copy(map) : json_object();
		(void)json_object_set(map, override->member, value);
		(void)json_object_set_new(target, field->name, map);
		break;
	case FIELD_STRING:
	case FIELD_BOOL:
		r = field_normalize(field, value, &normal, err);
		if (r == 0)
			(void)json_object_set_new(target, field->name, normal);
		break;
	}
	json_decref(value);
	return r;
}

int overrides_apply(const struct strings *overrides, const char *name, json_t *target,
		    struct error *err)
{
	cleanup_with(strings_release) struct strings seen = { 0 };
	int r = 0;

	for (size_t i = 0; i < overrides->count && r == 0; i++) {
		cleanup_with(override_release) struct override override = { 0 };

		r = parse(overrides->items[i], &override, err);
		if (r == 0 && fnmatch(override.pattern, name, 0) == 0)
			r = set(&override, &seen, target, err);
	}
	return r;
}

int overrides_check(const struct strings *overrides, const json_t *targets, struct error *err)
{
	for (size_t i = 0; i < overrides->count; i++) {
		cleanup_with(override_release) struct override override = { 0 };
		bool found = false;
		const char *name;
		json_t *value;
		int r = parse(overrides->items[i], &override, err);

		if (r < 0)
			return r;
		json_object_foreach((json_t *)(uintptr_t)targets, name, value) found |=
			fnmatch(override.pattern, name, 0) == 0;
		if (!found)
			return error_set(err, -EINVAL, "--set '%s': there is no target '%s'",
					 overrides->items[i], override.pattern);
	}
	return 0;
}
