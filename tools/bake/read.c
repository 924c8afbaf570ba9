/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "tools/bake/bake.h"
#include "tools/bake/bake_internal.h"
#include "tools/bake/field.h"
#include "tools/suggest.h"

#define NO_HCL                                                                                \
	"HCL is not read: 'docker buildx bake --print >docker-bake.json' writes the same as " \
	"JSON"

void bake_init(struct bake *bake)
{
	*bake = (struct bake){ .variables = json_object(),
			       .groups = json_object(),
			       .targets = json_object() };
}

void bake_release(struct bake *bake)
{
	json_decref(bake->variables);
	json_decref(bake->groups);
	json_decref(bake->targets);
	*bake = (struct bake){ 0 };
}

/* ---- blocks ---- */

/* A block is an object, or a list of them. Returns the one at `index`, NULL behind the last. */
static json_t *block_at(json_t *block, size_t index)
{
	if (json_is_array(block))
		return json_array_get(block, index);
	return index == 0 ? block : NULL;
}

static int read_variable(const char *name, json_t *block, struct bake *bake, struct error *err)
{
	json_t *value = json_object_get(block, "default");

	if (!json_is_object(block))
		return error_set(err, -EINVAL, "variable '%s' is no object", name);
	if (json_object_get(block, "validation"))
		return error_set(err, -EOPNOTSUPP,
				 "variable '%s': validations are expressions, which are not "
				 "supported",
				 name);
	(void)json_object_set_new(bake->variables, name, value ? json_incref(value) : json_null());
	return 0;
}

static int read_group(const char *name, json_t *block, struct bake *bake, struct error *err)
{
	json_t *names = json_object_get(block, "targets"), *have, *item;
	size_t i;

	if (!json_is_array(names))
		return error_set(err, -EINVAL, "group '%s': targets is no list", name);
	/* That of a later file stands for it alone. */
	have = json_array();
	(void)json_object_set_new(bake->groups, name, have);
	json_array_foreach(names, i, item)
	{
		if (!json_is_string(item))
			return error_set(err, -EINVAL, "group '%s': targets[%zu] is no string",
					 name, i);
		(void)json_array_append(have, item);
	}
	return 0;
}

static int refuse_field(const char *target, const char *name, struct error *err)
{
	struct suggestion best;

	if (strcmp(name, "policy") == 0 || strcmp(name, "resources") == 0)
		return error_set(err, -EOPNOTSUPP, "target '%s': %s is not supported", target,
				 name);
	suggestion_begin(&best, name, strlen(name));
	for (const struct field *field = target_fields; field->name; field++)
		suggestion_offer(&best, field->name);
	if (best.word)
		return error_set(err, -EINVAL,
				 "target '%s' has the unknown attribute '%s'; did you mean '%s'?",
				 target, name, best.word);
	return error_set(err, -EINVAL, "target '%s' has the unknown attribute '%s'", target, name);
}

/* As it stands there: it may have variables and a matrix in it still. */
static int read_target(const char *name, json_t *block, struct bake *bake, struct error *err)
{
	json_t *have = json_object_get(bake->targets, name), *value;
	const char *key;

	if (!json_is_object(block))
		return error_set(err, -EINVAL, "target '%s' is no object", name);
	if (!have) {
		have = json_object();
		(void)json_object_set_new(bake->targets, name, have);
	}
	json_object_foreach(block, key, value)
	{
		const struct field *field = field_find(key);
		json_t *old = json_object_get(have, field ? field->name : key);

		if (!field && strcmp(key, "matrix") != 0 && strcmp(key, "name") != 0)
			return refuse_field(name, key, err);
		if (json_is_null(value))
			continue;
		if (field && field->kind == FIELD_MAP && json_is_object(old) &&
		    json_is_object(value))
			(void)json_object_update(old, value);
		else if (field && (field->flags & FIELD_MERGED) && json_is_array(old) &&
			 json_is_array(value))
			(void)json_array_extend(old, value);
		else
			(void)json_object_set_new(have, field ? field->name : key,
						  json_deep_copy(value));
	}
	return 0;
}

static int read_blocks(json_t *root, const char *kind,
		       int (*read)(const char *, json_t *, struct bake *, struct error *),
		       struct bake *bake, struct error *err)
{
	json_t *group = json_object_get(root, kind), *outer, *block, *named;
	const char *name;

	if (group && !json_is_object(group) && !json_is_array(group))
		return error_set(err, -EINVAL, "'%s' is no object", kind);
	for (size_t i = 0; group && (outer = block_at(group, i)); i++) {
		json_object_foreach(outer, name, named)
		{
			for (size_t k = 0; (block = block_at(named, k)); k++) {
				int r = read(name, block, bake, err);

				if (r < 0)
					return r;
			}
		}
	}
	return 0;
}

static int read_root(json_t *root, struct bake *bake, struct error *err)
{
	json_t *value;
	const char *key;
	int r;

	json_object_foreach(root, key, value)
	{
		if (strcmp(key, "function") == 0)
			return error_set(err, -EOPNOTSUPP,
					 "functions are not supported: 'docker buildx bake "
					 "--print' writes a file without them");
		if (strcmp(key, "variable") != 0 && strcmp(key, "group") != 0 &&
		    strcmp(key, "target") != 0 && !json_is_object(value) && !json_is_array(value) &&
		    !json_is_null(value))
			/* "TAG": "1" is another way to write a variable. */
			(void)json_object_set(bake->variables, key, value);
	}
	r = read_blocks(root, "variable", read_variable, bake, err);
	if (r == 0)
		r = read_blocks(root, "group", read_group, bake, err);
	if (r == 0)
		r = read_blocks(root, "target", read_target, bake, err);
	if (r == 0 && (json_object_size(bake->targets) > BAKE_NAMES_MAX ||
		       json_object_size(bake->groups) > BAKE_NAMES_MAX ||
		       json_object_size(bake->variables) > BAKE_NAMES_MAX))
		r = error_set(err, -E2BIG, "more than %d names", BAKE_NAMES_MAX);
	return r;
}

/* ---- files ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool looks_like_hcl(const char *name, const char *text)
{
	static const char *const words[] = { "target \"", "group \"", "variable \"",
					     "function \"" };

	if (ends_with(name, ".hcl"))
		return true;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			if (strncmp(line, words[i], strlen(words[i])) == 0)
				return true;
		}
	}
	return false;
}

static int parse_json(const char *text, size_t size, json_t **ret, struct error *err)
{
	json_error_t error;

	*ret = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (*ret)
		return 0;
	return error_set(err, -EINVAL, "line %d, column %d: %s", error.line, error.column,
			 error.text);
}

int bake_read_text(const char *name, const char *text, size_t size, struct bake *bake,
		   struct error *err)
{
	json_t *root = NULL;
	int r;

	if (text[strspn(text, " \t\r\n")] == '{')
		r = parse_json(text, size, &root, err);
	else if (looks_like_hcl(name, text))
		r = error_set(err, -EOPNOTSUPP, NO_HCL);
	else
		r = yaml_read(text, size, &root, err);
	if (r == 0 && !json_is_object(root))
		r = error_set(err, -EINVAL, "that is no bake file and no compose file");
	if (r == 0)
		r = json_object_get(root, "services") ? compose_read(root, bake, err)
						      : read_root(root, bake, err);
	json_decref(root);
	return r < 0 ? error_prefix(err, r, "'%s'", name) : 0;
}

static int read_file(const char *path, struct bake *bake, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	bool standard = strcmp(path, "-") == 0;
	int r = standard ? fd_read_to_end(STDIN_FILENO, BAKE_FILE_MAX, &text)
			 : file_read(AT_FDCWD, path, BAKE_FILE_MAX, &text);

	if (r < 0)
		return error_errno(err, r, "cannot read '%s'", path);
	return bake_read_text(standard ? "standard input" : path, buf_string(&text), text.length,
			      bake, err);
}

/* Those that are there of the names that are usual. */
static int find_files(struct strings *ret, struct error *err)
{
	static const char *const names[] = { "compose.yaml",       "compose.yml",
					     "docker-compose.yml", "docker-compose.yaml",
					     "docker-bake.json",   "docker-bake.override.json" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (access(names[i], R_OK) == 0)
			strings_add(ret, names[i]);
	}
	if (access("docker-bake.hcl", F_OK) == 0 || access("docker-bake.override.hcl", F_OK) == 0)
		return error_set(err, -EOPNOTSUPP,
				 "'docker-bake.hcl': " NO_HCL
				 ", and '--file docker-bake.json' reads it");
	if (!ret->count)
		return error_set(err, -ENOENT,
				 "there is no docker-bake.json and no compose.yaml here: say with "
				 "--file which file is meant");
	return 0;
}

int bake_read(const struct strings *files, const struct strings *values, struct bake *ret,
	      struct error *err)
{
	cleanup_with(strings_release) struct strings found = { 0 };
	int r = 0;

	strings_add_all(&found, files);
	if (!found.count)
		r = find_files(&found, err);
	for (size_t i = 0; i < found.count && r == 0; i++)
		r = read_file(found.items[i], ret, err);
	return r < 0 ? r : bake_evaluate(ret, values, err);
}
