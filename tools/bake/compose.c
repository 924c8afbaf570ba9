/* SPDX-License-Identifier: Apache-2.0 */
/* The builds of a compose file: each service that has one is a target. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/bake/bake.h"
#include "tools/bake/bake_internal.h"
#include "tools/bake/field.h"

#define DEPTH_MAX 32

/* ---- the environment ---- */

struct level {
	json_t *value;
	void *iterator;
	size_t index;
};

static json_t *next(struct level *level)
{
	if (json_is_array(level->value))
		return json_array_get(level->value, level->index++);
	level->iterator = level->iterator ? json_object_iter_next(level->value, level->iterator)
					  : json_object_iter(level->value);
	return level->iterator ? json_object_iter_value(level->iterator) : NULL;
}

static int fill_string(struct level *level, const json_t *string, struct error *err)
{
	cleanup_free char *text = NULL;
	int r = compose_interpolate(json_string_value(string), &text, err);

	if (r < 0)
		return r;
	if (json_is_array(level->value))
		(void)json_array_set_new(level->value, level->index - 1, json_string(text));
	else
		(void)json_object_iter_set_new(level->value, level->iterator, json_string(text));
	return 0;
}

/* Values of variables in all strings of a service, which is the caller's own copy. */
static int fill_in(json_t *service, struct error *err)
{
	struct level levels[DEPTH_MAX] = { { .value = service } };
	size_t depth = 1;
	int r = 0;

	while (depth && r == 0) {
		struct level *level = &levels[depth - 1];
		json_t *member = next(level);

		if (!member)
			depth--;
		else if (json_is_string(member))
			r = fill_string(level, member, err);
		else if ((json_is_array(member) || json_is_object(member)) && depth == DEPTH_MAX)
			r = error_set(err, -E2BIG, "nested too deeply");
		else if (json_is_array(member) || json_is_object(member))
			levels[depth++] = (struct level){ .value = member };
	}
	return r;
}

/* ---- the words of compose ---- */

/* ["A=1", "B"] is {"A": "1", "B": null}. `separators` are what stands between. */
static json_t *as_map(const json_t *value, const char *separators)
{
	json_t *map, *item;
	size_t i;

	if (!json_is_array(value))
		return json_deep_copy(value);
	map = json_object();
	json_array_foreach(value, i, item)
	{
		const char *text = json_string_value(item);
		size_t length = text ? strcspn(text, separators) : 0;
		cleanup_free char *key = xstrndup(text ? text : "", length);

		if (text)
			(void)json_object_set_new(map, key,
						  text[length] ? json_string(text + length + 1)
							       : json_null());
	}
	return map;
}

/* "host=address" and "host:address". */
static json_t *hosts_of(const json_t *value)
{
	json_t *item = json_array_get(value, 0);
	const char *text = json_string_value(item);

	return as_map(value, text && strchr(text, '=') ? "=" : ":");
}

/* {"nofile": {"soft": 1, "hard": 2}, "nproc": 3}: "nofile=1:2", "nproc=3" */
static json_t *ulimits_of(const json_t *value)
{
	json_t *list = json_array(), *item;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)value, name, item)
	{
		long long soft = json_integer_value(json_object_get(item, "soft"));
		long long hard = json_integer_value(json_object_get(item, "hard"));

		if (json_is_integer(item))
			(void)json_array_append_new(
				list,
				json_sprintf("%s=%lld", name, (long long)json_integer_value(item)));
		else
			(void)json_array_append_new(list,
						    json_sprintf("%s=%lld:%lld", name, soft, hard));
	}
	return list;
}

static json_t *list_of(const json_t *value)
{
	return json_is_array(value) ? json_deep_copy(value) : json_pack("[O]", value);
}

/* What "secrets:" at the top says of one: "id=NAME,src=FILE". */
static int add_secret(const json_t *root, const json_t *given, json_t *list, struct error *err)
{
	const char *name = json_string_value(given), *id = name, *file, *environment;
	const json_t *secret;

	if (!name) {
		name = json_string_value(json_object_get(given, "source"));
		id = json_string_value(json_object_get(given, "target"));
	}
	secret = name ? json_object_get(json_object_get(root, "secrets"), name) : NULL;
	if (!secret)
		return error_set(err, -EINVAL, "secret '%s' is not among the secrets of the file",
				 name ? name : "");
	file = json_string_value(json_object_get(secret, "file"));
	environment = json_string_value(json_object_get(secret, "environment"));
	if (!file && !environment)
		return error_set(err, -EOPNOTSUPP,
				 "secret '%s' is neither a file nor of the environment", name);
	(void)json_array_append_new(list,
				    json_sprintf("id=%s,%s=%s", id ? id : name,
						 file ? "src" : "env", file ? file : environment));
	return 0;
}

static int secrets_of(const json_t *root, const json_t *value, json_t **ret, struct error *err)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(value, i, item)
	{
		int r = add_secret(root, item, list, err);

		if (r < 0) {
			json_decref(list);
			return r;
		}
	}
	*ret = list;
	return 0;
}

static json_t *additional_contexts(const json_t *value)
{
	json_t *map = as_map(value, "="), *item;
	const char *name;

	json_object_foreach(map, name, item)
	{
		const char *text = json_string_value(item);

		if (text && strncmp(text, "service:", 8) == 0)
			(void)json_object_set_new(map, name, json_sprintf("target:%s", text + 8));
	}
	return map;
}

/* What compose calls it, and we. */
static const struct {
	const char *theirs, *ours;
	json_t *(*convert)(const json_t *value); /* NULL: it is the same */
} words[] = {
	{ "context", "context", NULL },
	{ "dockerfile", "dockerfile", NULL },
	{ "dockerfile_inline", "dockerfile-inline", NULL },
	{ "target", "target", NULL },
	{ "network", "network", NULL },
	{ "shm_size", "shm-size", NULL },
	{ "no_cache", "no-cache", NULL },
	{ "pull", "pull", NULL },
	{ "tags", "tags", list_of },
	{ "cache_from", "cache-from", list_of },
	{ "cache_to", "cache-to", list_of },
	{ "platforms", "platforms", list_of },
	{ "entitlements", "entitlements", list_of },
	{ "ssh", "ssh", list_of },
	{ "extra_hosts", "extra-hosts", hosts_of },
	{ "ulimits", "ulimits", ulimits_of },
	{ "additional_contexts", "contexts", additional_contexts },
};

static json_t *map_of(const json_t *value)
{
	return as_map(value, "=");
}

static int read_word(const json_t *root, const char *key, const json_t *value, json_t *target,
		     struct error *err)
{
	json_t *secrets;
	int r;

	if (strcmp(key, "args") == 0 || strcmp(key, "labels") == 0) {
		(void)json_object_set_new(target, key, map_of(value));
		return 0;
	}
	if (strcmp(key, "secrets") == 0) {
		r = secrets_of(root, value, &secrets, err);
		if (r == 0)
			(void)json_object_set_new(target, "secret", secrets);
		return r;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i].theirs, key) != 0)
			continue;
		(void)json_object_set_new(target, words[i].ours,
					  words[i].convert ? words[i].convert(value)
							   : json_deep_copy(value));
		return 0;
	}
	if (strncmp(key, "x-", 2) == 0 || strcmp(key, "isolation") == 0)
		return 0;
	return error_set(err, strcmp(key, "privileged") == 0 ? -EOPNOTSUPP : -EINVAL,
			 "build.%s is not supported", key);
}

/* ---- services ---- */

static int normalize(json_t *target, struct error *err)
{
	for (const struct field *field = target_fields; field->name; field++) {
		json_t *value = json_object_get(target, field->name), *normal;
		int r = value ? field_normalize(field, value, &normal, err) : 0;

		if (r < 0)
			return r;
		if (value)
			(void)json_object_set_new(target, field->name, normal);
	}
	return 0;
}

/* "x-bake": what compose has no words for. */
static int read_extension(const json_t *extension, json_t *target, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)extension, key, value)
	{
		const struct field *field = field_find(key);

		if (!field)
			return error_set(err, -EINVAL, "x-bake.%s is not known", key);
		(void)json_object_set_new(target, field->name,
					  field->kind == FIELD_LIST ? list_of(value)
								    : json_deep_copy(value));
	}
	return 0;
}

static json_t *escaped(const json_t *string)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	for (const char *at = json_string_value(string); *at; at++) {
		if (strncmp(at, "${", 2) == 0 || strncmp(at, "%{", 2) == 0)
			buf_add_char(&text, *at);
		buf_add_char(&text, *at);
	}
	return json_string(buf_string(&text));
}

/* What has been filled in is no template any more: "${" stands for itself. */
static void escape(json_t *target)
{
	json_t *value, *item;
	const char *key, *name;
	size_t i;

	json_object_foreach(target, key, value)
	{
		json_array_foreach(value, i, item)(void)
			json_array_set_new(value, i, escaped(item));
		json_object_foreach(value, name, item)
		{
			if (json_is_string(item))
				(void)json_object_set_new(value, name, escaped(item));
		}
		if (json_is_string(value))
			(void)json_object_set_new(target, key, escaped(value));
	}
}

static int read_build(const json_t *root, const json_t *service, json_t *target, struct error *err)
{
	const json_t *build = json_object_get(service, "build");
	const char *image = json_string_value(json_object_get(service, "image")), *key;
	json_t *value;
	int r = 0;

	if (json_is_string(build)) {
		(void)json_object_set_new(target, "context", json_deep_copy(build));
	} else {
		json_object_foreach((json_t *)(uintptr_t)build, key, value)
		{
			if (r == 0 && !json_is_null(value))
				r = read_word(root, key, value, target, err);
		}
		if (r == 0)
			r = read_extension(json_object_get(build, "x-bake"), target, err);
	}
	if (r < 0)
		return r;
	if (image && !json_object_get(target, "tags"))
		(void)json_object_set_new(target, "tags", json_pack("[s]", image));
	r = normalize(target, err);
	if (r == 0)
		escape(target);
	return r;
}

/* Names of services may have dots, those of targets not. */
static char *target_name(const char *service)
{
	char *name = xstrdup(service);

	for (char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			*c = '_';
	}
	return name;
}

static int read_service(const json_t *root, const char *name, const json_t *given,
			struct bake *bake, json_t *group, struct error *err)
{
	cleanup_free char *own = target_name(name);
	json_t *service, *target, *have;
	int r;

	if (json_object_get(given, "extends"))
		return error_set(err, -EOPNOTSUPP,
				 "extends is not supported: 'docker compose config' writes a file "
				 "without it");
	if (!json_object_get(given, "build"))
		return 0;
	service = json_deep_copy(given);
	target = json_object();
	r = fill_in(service, err);
	if (r == 0)
		r = read_build(root, service, target, err);
	if (r == 0) {
		have = json_object_get(bake->targets, own);
		if (have)
			fields_merge(have, target);
		else
			(void)json_object_set(bake->targets, own, target);
		(void)json_array_append_new(group, json_string(own));
	}
	json_decref(service);
	json_decref(target);
	return r;
}

int compose_read(const json_t *root, struct bake *bake, struct error *err)
{
	const json_t *services = json_object_get(root, "services");
	json_t *group = json_array(), *service;
	const char *name;
	int r = 0;

	if (!json_is_object(services))
		r = error_set(err, -EINVAL, "services is no mapping");
	json_object_foreach((json_t *)(uintptr_t)services, name, service)
	{
		if (r == 0)
			r = read_service(root, name, service, bake, group, err);
		if (r < 0) {
			r = error_prefix(err, r, "service '%s'", name);
			break;
		}
	}
	if (r == 0 && json_object_size(bake->targets) > BAKE_NAMES_MAX)
		r = error_set(err, -E2BIG, "more than %d services", BAKE_NAMES_MAX);
	if (r == 0)
		(void)json_object_set(bake->groups, "default", group);
	json_decref(group);
	return r;
}
