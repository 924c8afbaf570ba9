/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile/lex/csv.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"

static int set_flag(const char *key, const char *value, bool *ret, struct error *err)
{
	int yes;

	if (parse_bool(value, &yes) < 0)
		return error_set(err, -EINVAL, "%s=%s: it is true or false", key, value);
	*ret = yes;
	return 0;
}

static int set_mode(const char *value, bool *ret, struct error *err)
{
	*ret = strcmp(value, "max") == 0;
	if (!*ret && strcmp(value, "min") != 0)
		return error_set(err, -EINVAL, "mode=%s: it is min or max", value);
	return 0;
}

static void set_text(const char *value, char **ret)
{
	free(*ret);
	*ret = xstrdup(value);
}

/* How layers are written, of which there are none. */
static bool is_about_layers(const char *key)
{
	static const char *const keys[] = { "compression", "compression-level", "force-compression",
					    "oci-mediatypes", "image-manifest" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

static int check_type(const char *type, struct error *err)
{
	static const char *const known[] = { "inline", "registry", "gha", "s3", "azblob" };

	if (strcmp(type, "local") == 0)
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i], type) == 0)
			return error_set(err, -EOPNOTSUPP,
					 "type=%s is not supported; use type=local", type);
	}
	return error_set(err, -EINVAL, "there is no cache of type '%s'; there is local", type);
}

static int set_field(const char *key, const char *value, bool to, struct cache_place *ret,
		     struct error *err)
{
	if (strcmp(key, "type") == 0)
		return check_type(value, err);
	if (strcmp(key, to ? "dest" : "src") == 0)
		set_text(value, &ret->path);
	else if (strcmp(key, "tag") == 0)
		set_text(value, &ret->tag);
	else if (to && strcmp(key, "mode") == 0)
		return set_mode(value, &ret->all, err);
	else if (to && strcmp(key, "reset") == 0)
		return set_flag(key, value, &ret->reset, err);
	else if (to && strcmp(key, "ignore-error") == 0)
		return set_flag(key, value, &ret->ignore_error, err);
	else if (!to && strcmp(key, "digest") == 0)
		return error_set(err, -EOPNOTSUPP,
				 "digest is that of a manifest, which this cache has not; use tag");
	else if (!to || !is_about_layers(key))
		return error_set(err, -EINVAL, "there is no attribute '%s'; there are type, %s",
				 key,
				 to ? "dest, mode, tag, reset and ignore-error" : "src and tag");
	return 0;
}

static int parse_fields(const struct strings *fields, bool to, struct cache_place *ret,
			struct error *err)
{
	bool typed = false;
	int r = 0;

	for (size_t i = 0; i < fields->count && r == 0; i++) {
		const char *field = fields->items[i], *equals = strchr(field, '=');
		cleanup_free char *key = NULL;

		/* A reference alone is short for an image in a registry. */
		if (!equals)
			return fields->count == 1
				       ? check_type("registry", err)
				       : error_set(err, -EINVAL, "'%s' has no value", field);
		key = xstrndup(field, (size_t)(equals - field));
		typed |= strcmp(key, "type") == 0;
		r = set_field(key, equals + 1, to, ret, err);
	}
	if (r == 0 && !typed)
		r = error_set(err, -EINVAL, "it has no type");
	if (r == 0 && (!ret->path || !*ret->path))
		r = error_set(err, -EINVAL, "it has no %s", to ? "dest" : "src");
	if (r == 0 && ret->tag && strcmp(ret->tag, "latest") == 0)
		free(take_ptr(&ret->tag));
	return r;
}

int cache_places_parse(const struct strings *values, bool to, struct cache_places *ret,
		       struct error *err)
{
	for (size_t i = 0; i < values->count; i++) {
		cleanup_with(strings_release) struct strings fields = { 0 };
		int r = csv_fields(values->items[i], &fields, err);

		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = (struct cache_place){ 0 };
		if (r == 0)
			r = parse_fields(&fields, to, &ret->items[ret->count - 1], err);
		if (r < 0)
			return error_prefix(err, r, "--cache-%s %s", to ? "to" : "from",
					    values->items[i]);
	}
	return 0;
}

void cache_places_release(struct cache_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->items[i].path);
		free(places->items[i].tag);
	}
	free(places->items);
	*places = (struct cache_places){ 0 };
}

struct object_id cache_place_key(const char *tag, const struct object_id *key)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	if (!tag)
		return *key;
	buf_add_format(&text, "cache-tag %s\n", tag);
	buf_append(&text, key->bytes, sizeof key->bytes);
	return object_id_of(text.data, text.length);
}
