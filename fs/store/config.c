/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/config.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

void store_config_make(const char uuid[33], struct buf *ret)
{
	buf_add_string(ret, "format=1\nhash=sha256\n");
	buf_add_format(ret, "uuid=%s\n", uuid);
	buf_add_string(ret, "incompat=\nfeatures=solid,extents,composed\nsmall_max=131072\n"
			    "hosts=single\ndurability=relaxed\nlend=none\n");
}

/* The first word of a comma-separated list that is none of `known`, or NULL. Cuts the list up. */
static const char *unknown_word(char *list, const char *const *known)
{
	char *word;

	while ((word = strsep(&list, ","))) {
		const char *const *at = known;

		while (*at && strcmp(*at, word) != 0)
			at++;
		if (*word && !*at)
			return word;
	}
	return NULL;
}

static bool uuid_valid(const char *value)
{
	return strspn(value, "0123456789abcdef") == 32 && !value[32];
}

/* A key that has to have one value. */
static int expect(const char *key, const char *value, const char *wanted, struct error *err)
{
	if (strcmp(value, wanted) == 0)
		return 0;
	return error_set(err, -EPROTONOSUPPORT,
			 "its %s is '%s', and this program only knows '%s': use a newer varve", key,
			 value, wanted);
}

static int take_pair(const char *key, char *value, struct store_config *config, struct error *err)
{
	static const char *const no_words[] = { NULL };
	static const char *const features[] = { "solid", "extents", "composed", NULL };
	const char *word;

	if (strcmp(key, "format") == 0)
		return expect(key, value, "1", err);
	if (strcmp(key, "hash") == 0)
		return expect(key, value, "sha256", err);
	if (strcmp(key, "small_max") == 0)
		return expect(key, value, "131072", err);
	if (strcmp(key, "uuid") == 0) {
		if (!uuid_valid(value))
			return error_set(err, -EBADMSG, "its uuid is none");
		memcpy(config->uuid, value, sizeof config->uuid);
	} else if (strcmp(key, "incompat") == 0) {
		word = unknown_word(value, no_words);
		if (word)
			return error_set(
				err, -EPROTONOSUPPORT,
				"it needs '%s', which this program lacks: use a newer varve", word);
	} else if (strcmp(key, "features") == 0) {
		config->composed = strstr(value, "composed") != NULL;
		config->must_not_write = unknown_word(value, features) != NULL;
	} else if (strcmp(key, "durability") == 0) {
		config->strict = strcmp(value, "strict") == 0;
	}
	return 0;
}

int store_config_parse(const char *text, size_t size, struct store_config *ret, struct error *err)
{
	cleanup_free char *copy = xstrndup(text, size);
	struct store_config config = { 0 };
	char *rest = copy, *line;
	bool has_format = false;

	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');
		int r;

		if (!value)
			continue;
		*value++ = '\0';
		r = take_pair(line, value, &config, err);
		if (r < 0)
			return r;
		if (strcmp(line, "format") == 0)
			has_format = true;
	}
	if (!has_format || !*config.uuid)
		return error_set(err, -EBADMSG, "its store.conf has no format or no uuid");
	*ret = config;
	return 0;
}
