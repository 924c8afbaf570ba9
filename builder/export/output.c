/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export/output.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/dockerfile/lex/csv.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

static const char *const type_names[] = {
	[OUTPUT_IMAGE] = "image",          [OUTPUT_REGISTRY] = "registry", [OUTPUT_OCI] = "oci",
	[OUTPUT_DOCKER] = "docker",        [OUTPUT_LOCAL] = "local",       [OUTPUT_TAR] = "tar",
	[OUTPUT_CACHE_ONLY] = "cacheonly",
};

const char *output_type_name(enum output_type type)
{
	return type_names[type];
}

static int parse_type(const char *word, enum output_type *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
		if (strcmp(word, type_names[i]) == 0) {
			*ret = (enum output_type)i;
			return 0;
		}
	}
	return error_set(err, -EINVAL,
			 "there is no output of type '%s'; there are image, registry, oci, docker, "
			 "local, tar and cacheonly",
			 word);
}

/* ---- annotations ---- */

struct level_name {
	const char *name;
	enum annotation_level level;
};

static const struct level_name level_names[] = {
	{ "manifest", ANNOTATION_MANIFEST },
	{ "index", ANNOTATION_INDEX },
	{ "manifest-descriptor", ANNOTATION_MANIFEST_DESCRIPTOR },
	{ "index-descriptor", ANNOTATION_INDEX_DESCRIPTOR },
};

static int parse_level_name(const char *word, size_t length, enum annotation_level *ret,
			    struct error *err)
{
	for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
		if (strlen(level_names[i].name) == length &&
		    strncmp(level_names[i].name, word, length) == 0) {
			*ret = level_names[i].level;
			return 0;
		}
	}
	return error_set(err, -EINVAL,
			 "there are no annotations of a '%.*s'; there are manifest, index, "
			 "manifest-descriptor and index-descriptor",
			 (int)length, word);
}

/* "LEVEL[PLATFORM]"; an empty level is the manifest's. */
static int parse_level(const char *text, size_t length, struct output_annotation *ret,
		       struct error *err)
{
	const char *bracket = memchr(text, '[', length);
	size_t word = bracket ? (size_t)(bracket - text) : length;
	cleanup_free char *platform = NULL;
	int r = word ? parse_level_name(text, word, &ret->level, err) : 0;

	if (r < 0 || !bracket)
		return r;
	if (text[length - 1] != ']')
		return error_set(err, -EINVAL, "'%.*s': ']' is missing", (int)length, text);
	if (ret->level == ANNOTATION_INDEX || ret->level == ANNOTATION_INDEX_DESCRIPTOR)
		return error_set(err, -EINVAL, "'%.*s': an index is for all platforms", (int)length,
				 text);
	platform = xstrndup(bracket + 1, length - word - 2);
	ret->has_platform = true;
	return platform_parse(platform, &ret->platform, err);
}

static void add_annotation(struct output *output, const struct output_annotation *where,
			   const char *key, size_t key_length, const char *value)
{
	struct output_annotation *annotation;

	array_reserve_one(output->annotations, output->annotation_count,
			  output->annotation_capacity);
	annotation = &output->annotations[output->annotation_count++];
	*annotation = *where;
	annotation->key = xstrndup(key, key_length);
	annotation->value = xstrdup(value);
}

/* "annotation[-LEVEL][[PLATFORM]].KEY": where the level begins is past "annotation". */
static int set_annotation(struct output *output, const char *key, const char *value,
			  struct error *err)
{
	struct output_annotation where = { .level = ANNOTATION_MANIFEST };
	const char *level = key + strlen("annotation");
	const char *bracket = strchr(level, ']');
	const char *dot = strchr(bracket ? bracket : level, '.');
	int r;

	if (*level == '-')
		level++;
	if (!dot || !dot[1] || dot < level)
		return error_set(err, -EINVAL, "'%s' names no annotation: annotation.KEY=VALUE",
				 key);
	r = parse_level(level, (size_t)(dot - level), &where, err);
	if (r == 0)
		add_annotation(output, &where, dot + 1, strlen(dot + 1), value);
	return r;
}

int output_annotate(struct output *output, const char *text, struct error *err)
{
	const char *value = strchr(text, '='), *colon, *key = text, *at = text;

	if (!value || value == text)
		return error_set(err, -EINVAL, "annotation '%s' is not KEY=VALUE", text);
	colon = memchr(text, ':', (size_t)(value - text));
	if (colon)
		key = colon + 1;
	if (key == value)
		return error_set(err, -EINVAL, "annotation '%s' has no key", text);
	for (;;) {
		struct output_annotation where = { .level = ANNOTATION_MANIFEST };
		const char *end = colon ? memchr(at, ',', (size_t)(colon - at)) : NULL;
		int r = 0;

		if (colon)
			r = parse_level(at, (size_t)((end ? end : colon) - at), &where, err);
		if (r < 0)
			return error_prefix(err, r, "annotation '%s'", text);
		add_annotation(output, &where, key, (size_t)(value - key), value + 1);
		if (!end)
			return 0;
		at = end + 1;
	}
}

/* ---- attributes ---- */

static int set_bool(const char *key, const char *value, bool *ret, struct error *err)
{
	int flag;

	if (parse_bool(value, &flag) < 0)
		return error_set(err, -EINVAL, "%s=%s: that is neither true nor false", key, value);
	*ret = flag;
	return 0;
}

/* What has only one value here; saying that is fine. */
static int set_fixed(const char *key, const char *value, bool want, struct error *err)
{
	bool flag = false;
	int r = set_bool(key, value, &flag, err);

	if (r == 0 && flag != want)
		return error_set(err, -EOPNOTSUPP, "%s=%s is not supported", key, value);
	return r;
}

static int set_push(struct output *output, const char *value, struct error *err)
{
	return set_bool("push", value, &output->push, err);
}

static int set_types(struct output *output, const char *value, struct error *err)
{
	bool oci = true;
	int r = set_bool("oci-mediatypes", value, &oci, err);

	if (r == 0)
		output->docker_types = !oci;
	return r;
}

static int set_tar(struct output *output, const char *value, struct error *err)
{
	bool tar = true;
	int r = set_bool("tar", value, &tar, err);

	if (r == 0)
		output->directory = !tar;
	return r;
}

static int set_split(struct output *output, const char *value, struct error *err)
{
	output->split_set = true;
	return set_bool("platform-split", value, &output->split, err);
}

static int set_compression(struct output *output, const char *value, struct error *err)
{
	output->compression_set = true;
	return compression_parse(value, &output->compression, err);
}

static int set_level(struct output *output, const char *value, struct error *err)
{
	int64_t level;

	if (parse_i64(value, &level) < 0 || level < 0 || level > 1000)
		return error_set(err, -EINVAL, "compression-level=%s: that is no level", value);
	output->level = (int)level;
	return 0;
}

static int set_mode(struct output *output, const char *value, struct error *err)
{
	(void)output;
	if (strcmp(value, "copy") == 0)
		return 0;
	return error_set(err, strcmp(value, "delete") == 0 ? -EOPNOTSUPP : -EINVAL,
			 "mode=%s: files are copied; what else is in the directory stays", value);
}

static int set_force(struct output *output, const char *value, struct error *err)
{
	return set_bool("force-compression", value, &output->force_compression, err);
}

static int set_rewrite(struct output *output, const char *value, struct error *err)
{
	return set_bool("rewrite-timestamp", value, &output->rewrite_timestamp, err);
}

static int set_names(struct output *output, const char *value, struct error *err)
{
	for (const char *at = value; *at;) {
		size_t length = strcspn(at, ",");

		if (length)
			strings_add_range(&output->names, at, length);
		at += length;
		at += *at == ',';
	}
	if (!output->names.count)
		return error_set(err, -EINVAL, "name= has no name");
	return 0;
}

static int set_dest(struct output *output, const char *value, struct error *err)
{
	if (!*value)
		return error_set(err, -EINVAL, "dest= has no path");
	free(output->dest);
	output->dest = xstrdup(value);
	return 0;
}

static int set_by_digest(struct output *output, const char *value, struct error *err)
{
	return set_bool("push-by-digest", value, &output->by_digest, err);
}

static int set_insecure(struct output *output, const char *value, struct error *err)
{
	return set_bool("registry.insecure", value, &output->insecure, err);
}

static int set_stored(struct output *output, const char *value, struct error *err)
{
	(void)output;
	return set_fixed("store", value, true, err);
}

static int set_layers(struct output *output, const char *value, struct error *err)
{
	output->layering_set = true;
	return layering_parse(value, &output->layering, err);
}

/* Known to BuildKit, and of no consequence here. */
static int set_ignored(struct output *output, const char *value, struct error *err)
{
	(void)output;
	(void)value;
	(void)err;
	return 0;
}

#define FOR(type)  (1U << (type))
#define FOR_IMAGES (FOR(OUTPUT_IMAGE) | FOR(OUTPUT_REGISTRY) | FOR(OUTPUT_OCI) | FOR(OUTPUT_DOCKER))
#define FOR_FILES  (FOR(OUTPUT_LOCAL) | FOR(OUTPUT_TAR))
#define FOR_ALL    (FOR_IMAGES | FOR_FILES | FOR(OUTPUT_CACHE_ONLY))
#define FOR_LAYOUT (FOR(OUTPUT_OCI) | FOR(OUTPUT_DOCKER))
#define FOR_STORE  (FOR(OUTPUT_IMAGE) | FOR(OUTPUT_REGISTRY))

struct attribute {
	const char *name;
	unsigned types;
	int (*set)(struct output *output, const char *value, struct error *err);
};

static const struct attribute attributes[] = {
	{ "dest", FOR_LAYOUT | FOR_FILES, set_dest },
	{ "name", FOR_IMAGES, set_names },
	{ "tar", FOR_LAYOUT, set_tar },
	{ "compression", FOR_IMAGES, set_compression },
	{ "compression-level", FOR_IMAGES, set_level },
	{ "force-compression", FOR_IMAGES, set_force },
	{ "oci-mediatypes", FOR_IMAGES, set_types },
	{ "rewrite-timestamp", FOR_IMAGES, set_rewrite },
	{ "layers", FOR_IMAGES, set_layers },
	{ "push", FOR_STORE, set_push },
	{ "push-by-digest", FOR_STORE, set_by_digest },
	{ "store", FOR_STORE, set_stored },
	{ "platform-split", FOR_FILES, set_split },
	{ "mode", FOR(OUTPUT_LOCAL), set_mode },
	{ "unpack", FOR_STORE, set_ignored },
	{ "registry.insecure", FOR_STORE, set_insecure },
	{ "name-canonical", FOR_IMAGES, set_ignored },
	{ "dangling-name-prefix", FOR_IMAGES, set_ignored },
	{ "prefer-nondist-layers", FOR_IMAGES, set_ignored },
	{ "oci-artifact", FOR_IMAGES, set_ignored },
	{ "attestation-inline", FOR_ALL, set_ignored },
	{ "attestation-prefix", FOR_FILES, set_ignored },
};

static char *attributes_of(enum output_type type)
{
	cleanup_with(strings_release) struct strings list = { 0 };

	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if ((attributes[i].types & FOR(type)) && attributes[i].set != set_ignored)
			strings_add(&list, attributes[i].name);
	}
	return strings_join(&list, ", ");
}

static int set_attribute(struct output *output, const char *key, const char *value,
			 struct error *err)
{
	cleanup_free char *there = NULL;

	if (strncmp(key, "annotation", 10) == 0 && strchr(".-[", key[10]))
		return set_annotation(output, key, value, err);
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if (strcmp(attributes[i].name, key) == 0 &&
		    (attributes[i].types & FOR(output->type)))
			return attributes[i].set(output, value, err);
	}
	there = attributes_of(output->type);
	return error_set(err, -EINVAL, "type=%s has no attribute '%s'; it has: %s",
			 type_names[output->type], key, *there ? there : "none");
}

/* ---- the whole ---- */

/* "KEY=VALUE": the key in small letters, but for those of annotations. */
static int split(char *field, char **ret_key, const char **ret_value, struct error *err)
{
	char *equals = strchr(field, '=');
	size_t length;

	if (!equals)
		return error_set(err, -EINVAL, "'%s' is not KEY=VALUE", field);
	*equals = '\0';
	while (isspace((unsigned char)*field))
		field++;
	for (length = strlen(field); length && isspace((unsigned char)field[length - 1]);)
		field[--length] = '\0';
	if (strncasecmp(field, "annotation", 10) != 0) {
		for (char *c = field; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	}
	*ret_key = field;
	*ret_value = equals + 1;
	return 0;
}

static int find_type(struct strings *fields, struct output *output, struct error *err)
{
	for (size_t i = 0; i < fields->count; i++) {
		int r;

		if (strncasecmp(fields->items[i], "type=", 5) != 0)
			continue;
		r = parse_type(fields->items[i] + 5, &output->type, err);
		strings_remove(fields, i);
		return r;
	}
	return error_set(err, -EINVAL, "type= is missing");
}

static int check(const struct output *output, struct error *err)
{
	bool to_stdout = output->dest && strcmp(output->dest, "-") == 0;

	if (output->type == OUTPUT_LOCAL && (!output->dest || to_stdout))
		return error_set(err, -EINVAL, "type=local needs a directory: dest=DIR");
	if (output->directory && (!output->dest || to_stdout))
		return error_set(err, -EINVAL, "tar=false needs a directory: dest=DIR");
	if (output->level == COMPRESSION_LEVEL_DEFAULT)
		return 0;
	return compression_check_level(output->compression, output->level, err);
}

static int parse_fields(struct strings *fields, struct output *output, struct error *err)
{
	int r = find_type(fields, output, err);

	for (size_t i = 0; i < fields->count && r == 0; i++) {
		const char *value = NULL;
		char *key = NULL;

		r = split(fields->items[i], &key, &value, err);
		if (r == 0)
			r = set_attribute(output, key, value, err);
	}
	return r < 0 ? r : check(output, err);
}

/* "-" and "DIR" */
static bool parse_short(const char *text, const struct strings *fields, struct output *output)
{
	if (fields->count != 1 || strcmp(fields->items[0], text) != 0 ||
	    strncasecmp(text, "type=", 5) == 0)
		return false;
	output->type = strcmp(text, "-") == 0 ? OUTPUT_TAR : OUTPUT_LOCAL;
	output->dest = xstrdup(text);
	return true;
}

int output_parse(const char *text, struct output *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	struct output output = { .compression = COMPRESSION_GZIP,
				 .level = COMPRESSION_LEVEL_DEFAULT };
	int r = csv_fields(text, &fields, err);

	if (r == 0 && !parse_short(text, &fields, &output))
		r = parse_fields(&fields, &output, err);
	if (r < 0) {
		output_release(&output);
		return error_prefix(err, r, "output '%s'", text);
	}
	*ret = output;
	return 0;
}

void output_release(struct output *output)
{
	for (size_t i = 0; i < output->annotation_count; i++) {
		free(output->annotations[i].key);
		free(output->annotations[i].value);
	}
	free(output->annotations);
	free(output->dest);
	strings_release(&output->names);
	*output = (struct output){ 0 };
}
