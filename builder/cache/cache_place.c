/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile/lex/csv.h"
#include "builder/image/reference.h"
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

/* Of how layers and manifests are written, there is nothing to choose. */
static bool is_ignored(const struct cache_place *place, const char *key)
{
	static const char *const keys[] = { "oci-mediatypes", "image-manifest", "force-compression",
					    /* A directory has no layers, an image its own. */
					    "compression", "compression-level" };
	size_t count = place->type == CACHE_REGISTRY ? 3 : 5;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

static int set_level(const char *value, int *ret, struct error *err)
{
	uint64_t level;

	if (parse_u64(value, &level) < 0 || level > 22)
		return error_set(err, -EINVAL, "compression-level=%s: it is a number up to 22",
				 value);
	*ret = (int)level;
	return 0;
}

static int set_type(const char *type, bool to, struct cache_place *ret, struct error *err)
{
	static const char *const known[] = { "gha", "s3", "azblob" };

	ret->type = strcmp(type, "registry") == 0 ? CACHE_REGISTRY
		    : strcmp(type, "inline") == 0 ? CACHE_INLINE
						  : CACHE_LOCAL;
	if (ret->type == CACHE_INLINE && !to)
		return error_set(err, -EINVAL,
				 "what type=inline has written is an image: name it, with "
				 "type=registry,ref=NAME");
	if (ret->type != CACHE_LOCAL || strcmp(type, "local") == 0)
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i], type) == 0)
			return error_set(
				err, -EOPNOTSUPP,
				"type=%s is not supported; use type=registry or type=local", type);
	}
	return error_set(err, -EINVAL,
			 "there is no cache of type '%s'; there are %slocal and registry", type,
			 to ? "inline, " : "");
}

/* Which attribute says where it is. */
static const char *place_key(const struct cache_place *place, bool to)
{
	return place->type == CACHE_REGISTRY ? "ref" : to ? "dest" : "src";
}

static int set_local(const char *key, const char *value, bool to, struct cache_place *ret,
		     struct error *err)
{
	if (strcmp(key, "tag") == 0)
		set_text(value, &ret->tag);
	else if (to && strcmp(key, "reset") == 0)
		return set_flag(key, value, &ret->reset, err);
	else if (!to && strcmp(key, "digest") == 0)
		return error_set(err, -EOPNOTSUPP,
				 "digest is that of a manifest, which this cache has not; use tag");
	else
		return error_set(err, -EINVAL, "there is no attribute '%s'; there are type, %s",
				 key,
				 to ? "dest, mode, tag, reset and ignore-error" : "src and tag");
	return 0;
}

static int set_remote(const char *key, const char *value, bool to, struct cache_place *ret,
		      struct error *err)
{
	if (strcmp(key, "registry.insecure") == 0)
		return set_flag(key, value, &ret->insecure, err);
	if (to && strcmp(key, "compression") == 0)
		return compression_parse(value, &ret->compression, err);
	if (to && strcmp(key, "compression-level") == 0)
		return set_level(value, &ret->level, err);
	return error_set(err, -EINVAL, "there is no attribute '%s'; there are type, %s", key,
			 to ? "ref, mode, ignore-error, compression, compression-level and "
			      "registry.insecure"
			    : "ref and registry.insecure");
}

/* It has the layers of the image, and no others. */
static int set_inline(const char *key, const char *value, struct cache_place *ret,
		      struct error *err)
{
	int r = strcmp(key, "mode") == 0 ? set_mode(value, &ret->all, err) : -ENOENT;

	if (r == 0 && ret->all)
		return error_set(err, -EOPNOTSUPP,
				 "mode=max: an image has the layers of its own steps alone; "
				 "type=registry,ref=NAME,mode=max keeps all steps");
	if (r != -ENOENT)
		return r;
	if (strcmp(key, "ignore-error") == 0)
		return set_flag(key, value, &ret->ignore_error, err);
	return error_set(err, -EINVAL,
			 "there is no attribute '%s'; there are type and mode=min: it goes where "
			 "the image goes",
			 key);
}

static int set_field(const char *key, const char *value, bool to, struct cache_place *ret,
		     struct error *err)
{
	if (strcmp(key, "type") == 0 || (to && is_ignored(ret, key)))
		return 0;
	if (ret->type == CACHE_INLINE)
		return set_inline(key, value, ret, err);
	if (strcmp(key, place_key(ret, to)) == 0)
		set_text(value, &ret->path);
	else if (to && strcmp(key, "mode") == 0)
		return set_mode(value, &ret->all, err);
	else if (to && strcmp(key, "ignore-error") == 0)
		return set_flag(key, value, &ret->ignore_error, err);
	else if (ret->type == CACHE_REGISTRY)
		return set_remote(key, value, to, ret, err);
	else
		return set_local(key, value, to, ret, err);
	return 0;
}

/* The others are judged by it, wherever it stands. */
static int find_type(const struct strings *fields, bool to, struct cache_place *ret,
		     struct error *err)
{
	bool typed = false;
	int r = 0;

	for (size_t i = 0; i < fields->count && r == 0; i++) {
		if (!strchr(fields->items[i], '='))
			return error_set(err, -EINVAL, "'%s' has no value", fields->items[i]);
		if (strncmp(fields->items[i], "type=", 5) == 0) {
			typed = true;
			r = set_type(fields->items[i] + 5, to, ret, err);
		}
	}
	return r < 0 || typed ? r : error_set(err, -EINVAL, "it has no type");
}

/* What is wrong with a name is said before the build. */
static int check_name(const struct cache_place *place, bool to, struct error *err)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	int r = reference_parse(place->path, &reference, err);

	if (r == 0 && to && reference.has_digest)
		r = error_set(err, -EINVAL, "a name with a digest cannot be written to");
	return r < 0 ? r : compression_check_level(place->compression, place->level, err);
}

static int parse_fields(const struct strings *fields, bool to, struct cache_place *ret,
			struct error *err)
{
	int r = 0;

	/* A name alone is short for one in a registry. */
	if (fields->count == 1 && !strchr(fields->items[0], '=')) {
		ret->type = CACHE_REGISTRY;
		set_text(fields->items[0], &ret->path);
		return check_name(ret, to, err);
	}
	r = find_type(fields, to, ret, err);
	for (size_t i = 0; i < fields->count && r == 0; i++) {
		const char *field = fields->items[i], *equals = strchr(field, '=');
		cleanup_free char *key = xstrndup(field, (size_t)(equals - field));

		r = set_field(key, equals + 1, to, ret, err);
	}
	if (ret->type == CACHE_INLINE)
		return r;
	if (r == 0 && (!ret->path || !*ret->path))
		r = error_set(err, -EINVAL, "it has no %s", place_key(ret, to));
	if (r == 0 && ret->type == CACHE_REGISTRY)
		r = check_name(ret, to, err);
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
		ret->items[ret->count++] =
			(struct cache_place){ .compression = COMPRESSION_ZSTD,
					      .level = COMPRESSION_LEVEL_DEFAULT };
		if (r == 0)
			r = parse_fields(&fields, to, &ret->items[ret->count - 1], err);
		if (r < 0)
			return error_prefix(err, r, "--cache-%s %s", to ? "to" : "from",
					    values->items[i]);
	}
	return 0;
}

bool cache_places_have(const struct cache_places *places, enum cache_type type)
{
	for (size_t i = 0; i < places->count; i++) {
		if (places->items[i].type == type)
			return true;
	}
	return false;
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
