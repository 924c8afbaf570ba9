/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <jansson.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"
#include "tools/suggest.h"

#define CONFIG_SIZE_MAX ((size_t)1 << 20)

struct config {
	struct strings values; /* "key=value" */
};

static int refuse_key(const char *path, const char *key, const char *const *keys, struct error *err)
{
	struct suggestion best;

	suggestion_begin(&best, key, strlen(key));
	for (; *keys; keys++)
		suggestion_offer(&best, *keys);
	if (best.word)
		return error_set(err, -EINVAL, "'%s' has the unknown key '%s'; did you mean '%s'?",
				 path, key, best.word);
	return error_set(err, -EINVAL, "'%s' has the unknown key '%s'", path, key);
}

static int add_value(struct config *config, const char *path, const char *key, const json_t *value,
		     struct error *err)
{
	char number[32];
	const char *text = number;

	switch (json_typeof(value)) {
	case JSON_STRING:
		text = json_string_value(value);
		break;
	case JSON_INTEGER:
		snprintf(number, sizeof number, "%lld", json_integer_value(value));
		break;
	case JSON_TRUE:
		text = "true";
		break;
	case JSON_FALSE:
		text = "false";
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_REAL:
	case JSON_NULL:
	default:
		return error_set(err, -EINVAL,
				 "'%s': the value of '%s' must be a string, a whole number, true "
				 "or false",
				 path, key);
	}
	strings_env_set(&config->values, key, text);
	return 0;
}

static int add_values(struct config *config, const char *path, json_t *object,
		      const char *const *keys, struct error *err)
{
	const char *key;
	json_t *value;
	int r;

	json_object_foreach(object, key, value)
	{
		const char *const *known = keys;

		while (*known && strcmp(*known, key) != 0)
			known++;
		if (!*known)
			return refuse_key(path, key, keys, err);
		r = add_value(config, path, key, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_read(const char *path, const char *const *keys, struct config **ret, struct error *err)
{
	struct config *config = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	json_error_t where;
	json_t *root;
	int r;

	r = file_read(AT_FDCWD, path, CONFIG_SIZE_MAX, &text);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return error_errno(err, r, "cannot read '%s'", path);
	config = xcalloc(1, sizeof *config);
	if (r < 0) {
		*ret = config;
		return 0;
	}
	root = json_loadb(buf_string(&text), text.length, JSON_REJECT_DUPLICATES, &where);
	if (!root)
		r = error_set(err, -EINVAL, "'%s', line %d, column %d: %s", path, where.line,
			      where.column, where.text);
	else if (!json_is_object(root))
		r = error_set(err, -EINVAL, "'%s' must hold one JSON object", path);
	else
		r = add_values(config, path, root, keys, err);
	json_decref(root);
	if (r < 0) {
		config_free(config);
		return r;
	}
	*ret = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	strings_release(&config->values);
	free(config);
}

const char *config_get(const struct config *config, const char *key)
{
	return strings_env_get(&config->values, key);
}
