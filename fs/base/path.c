/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/path.h"

#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"

bool path_next(const char **path, const char **ret_name, size_t *ret_length)
{
	const char *at = *path;

	while (*at == '/')
		at++;
	if (!*at)
		return false;
	*ret_name = at;
	while (*at && *at != '/')
		at++;
	*ret_length = (size_t)(at - *ret_name);
	*path = at;
	return true;
}

/* Take the last component off `clean`; false when there is none that may be taken. */
static bool drop_last(struct buf *clean, bool rooted)
{
	size_t start = rooted ? 1 : 0;
	size_t at = clean->length;

	while (at > start && clean->data[at - 1] != '/')
		at--;
	if (clean->length - at == 2 && memcmp(clean->data + at, "..", 2) == 0)
		return false;
	if (clean->length == start)
		return false;
	if (at > start)
		at--; /* the slash in front of it */
	buf_truncate(clean, at);
	return true;
}

char *path_clean(const char *path)
{
	struct buf clean = { 0 };
	bool rooted = path[0] == '/';
	const char *name;
	size_t length;

	buf_reserve(&clean, strlen(path) + 1);
	if (rooted)
		buf_add_char(&clean, '/');
	while (path_next(&path, &name, &length)) {
		if (length == 1 && name[0] == '.')
			continue;
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			if (drop_last(&clean, rooted) || rooted)
				continue;
		}
		if (clean.length && clean.data[clean.length - 1] != '/')
			buf_add_char(&clean, '/');
		buf_append(&clean, name, length);
	}
	if (!clean.length)
		buf_add_char(&clean, '.');
	return buf_take(&clean);
}

char *path_join(const char *base, const char *path)
{
	cleanup_free char *joined = NULL;

	if (path[0] == '/')
		return path_clean(path);
	joined = xasprintf("%s/%s", base, path);
	return path_clean(joined);
}

const char *path_base(const char *path)
{
	const char *end = path + strlen(path);

	while (end > path + 1 && end[-1] == '/')
		end--;
	while (end > path && end[-1] != '/')
		end--;
	return end;
}

bool path_name_valid(const char *name, size_t length)
{
	if (length == 0 || length > 255)
		return false;
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return false;
	return !memchr(name, '/', length) && !memchr(name, '\0', length);
}

bool path_is_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	if (strcmp(parent, "/") == 0)
		return path[0] == '/';
	return strncmp(path, parent, length) == 0 && (path[length] == '/' || !path[length]);
}
