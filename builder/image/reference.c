/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/reference.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "builder/image/descriptor.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/* ---- the parts ---- */

/* Characters of the separator at `s` inside a path component: ".", "_", "__", or any dashes. */
static size_t separator_length(const char *s, size_t left)
{
	size_t n = 0;

	if (left && (*s == '.'))
		return 1;
	if (left && *s == '_')
		return left > 1 && s[1] == '_' ? 2 : 1;
	while (n < left && s[n] == '-')
		n++;
	return n;
}

static bool component_valid(const char *s, size_t length)
{
	size_t at = 0;

	for (;;) {
		size_t start = at, separator;

		while (at < length && (is_lower(s[at]) || is_digit(s[at])))
			at++;
		if (at == start)
			return false;
		if (at == length)
			return true;
		separator = separator_length(s + at, length - at);
		if (!separator)
			return false;
		at += separator;
	}
}

static bool path_valid(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!component_valid(path, length))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

static bool port_valid(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++) {
		if (!is_digit(*s))
			return false;
	}
	return true;
}

static bool host_valid(const char *host, size_t length)
{
	size_t label = 0;

	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		for (size_t i = 1; i < length - 1; i++) {
			if (!isxdigit((unsigned char)host[i]) && host[i] != ':')
				return false;
		}
		return true;
	}
	for (size_t i = 0; i <= length; i++) {
		if (i < length && host[i] != '.') {
			if (host[i] == '_' || (!is_word(host[i]) && host[i] != '-'))
				return false;
			continue;
		}
		if (i == label || host[label] == '-' || host[i - 1] == '-')
			return false;
		label = i + 1;
	}
	return true;
}

static bool domain_valid(const char *domain)
{
	const char *end = domain[0] == '[' ? strchr(domain, ']') : domain;
	const char *colon = end ? strchr(end, ':') : NULL;

	if (!end)
		return false;
	if (!colon)
		return host_valid(domain, strlen(domain));
	return host_valid(domain, (size_t)(colon - domain)) && port_valid(colon + 1);
}

bool reference_tag_valid(const char *tag)
{
	size_t length = strlen(tag);

	if (length == 0 || length > REFERENCE_TAG_MAX || !is_word(tag[0]))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!is_word(tag[i]) && tag[i] != '.' && tag[i] != '-')
			return false;
	}
	return true;
}

/* ---- the whole ---- */

static bool has_upper(const char *s, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (s[i] >= 'A' && s[i] <= 'Z')
			return true;
	}
	return false;
}

/* Is what stands in front of the first slash the name of a host? */
static bool is_domain(const char *s, size_t length)
{
	return memchr(s, '.', length) || memchr(s, ':', length) || has_upper(s, length) ||
	       (length == strlen("localhost") && memcmp(s, "localhost", length) == 0);
}

static void split_domain(const char *name, struct reference *ret)
{
	const char *slash = strchr(name, '/');
	const char *rest = name;

	if (slash && is_domain(name, (size_t)(slash - name))) {
		ret->domain = xstrndup(name, (size_t)(slash - name));
		rest = slash + 1;
	} else {
		ret->domain = xstrdup(DEFAULT_DOMAIN);
	}
	if (strcmp(ret->domain, LEGACY_DOMAIN) == 0) {
		free(ret->domain);
		ret->domain = xstrdup(DEFAULT_DOMAIN);
	}
	if (strcmp(ret->domain, DEFAULT_DOMAIN) == 0 && !strchr(rest, '/'))
		ret->path = xasprintf(OFFICIAL "%s", rest);
	else
		ret->path = xstrdup(rest);
}

static int check_name(const char *text, const struct reference *reference, struct error *err)
{
	if (has_upper(reference->path, strlen(reference->path)))
		return error_set(err, -EINVAL,
				 "invalid image name '%.300s': repository name must be lowercase",
				 text);
	if (!domain_valid(reference->domain) || !path_valid(reference->path))
		return error_set(err, -EINVAL, "invalid image name '%.300s'", text);
	if (strlen(reference->domain) + 1 + strlen(reference->path) > REFERENCE_NAME_MAX)
		return error_set(err, -EINVAL,
				 "invalid image name '%.300s': longer than %d characters", text,
				 REFERENCE_NAME_MAX);
	return 0;
}

static bool looks_like_id(const char *text)
{
	struct object_id id;

	return strlen(text) == OBJECT_ID_HEX_SIZE - 1 && object_id_parse(text, &id) == 0;
}

static int parse(const char *text, char *copy, struct reference *ret, struct error *err)
{
	char *at = strchr(copy, '@'), *slash, *colon;

	if (!*copy)
		return error_set(err, -EINVAL, "invalid image name: it is empty");
	if (looks_like_id(copy))
		return error_set(err, -EINVAL,
				 "invalid image name '%s': it would be taken for an image id",
				 text);
	if (at) {
		int r = digest_parse(at + 1, &ret->digest, err);

		if (r < 0)
			return error_prefix(err, r, "invalid image name '%.300s'", text);
		ret->has_digest = true;
		*at = '\0';
	}
	slash = strrchr(copy, '/');
	colon = strrchr(copy, ':');
	if (colon && (!slash || colon > slash)) {
		if (!reference_tag_valid(colon + 1))
			return error_set(err, -EINVAL, "invalid image name '%.300s': bad tag",
					 text);
		ret->tag = xstrdup(colon + 1);
		*colon = '\0';
	}
	split_domain(copy, ret);
	return check_name(text, ret, err);
}

int reference_parse(const char *text, struct reference *ret, struct error *err)
{
	cleanup_free char *copy = xstrdup(text);
	struct reference reference = { 0 };
	int r = parse(text, copy, &reference, err);

	if (r < 0) {
		reference_release(&reference);
		return r;
	}
	*ret = reference;
	return 0;
}

void reference_complete(struct reference *reference)
{
	if (!reference->tag && !reference->has_digest)
		reference->tag = xstrdup("latest");
}

/* Tag and digest behind a name. */
static void add_rest(struct buf *buf, const struct reference *reference)
{
	if (reference->tag)
		buf_add_format(buf, ":%s", reference->tag);
	if (reference->has_digest)
		buf_add_format(buf, "@%s", digest_text(&reference->digest).text);
}

char *reference_string(const struct reference *reference)
{
	struct buf text = { 0 };

	buf_add_format(&text, "%s/%s", reference->domain, reference->path);
	add_rest(&text, reference);
	return buf_take(&text);
}

/* Would `path`, read as a name, find its first component taken for a host? Such a path stands on
   the default registry only when that is named: "docker.io/example.com/app". */
static bool starts_with_domain(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash && is_domain(path, (size_t)(slash - path));
}

char *reference_familiar(const struct reference *reference)
{
	const char *path = reference->path;
	struct buf text = { 0 };

	if (strcmp(reference->domain, DEFAULT_DOMAIN) != 0 || starts_with_domain(path)) {
		buf_add_format(&text, "%s/%s", reference->domain, path);
	} else {
		if (strncmp(path, OFFICIAL, strlen(OFFICIAL)) == 0 &&
		    !strchr(path + strlen(OFFICIAL), '/') &&
		    !looks_like_id(path + strlen(OFFICIAL)))
			path += strlen(OFFICIAL);
		buf_add_string(&text, path);
	}
	add_rest(&text, reference);
	return buf_take(&text);
}

int reference_normalize(const char *text, char **ret, struct error *err)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	int r = reference_parse(text, &reference, err);

	if (r < 0)
		return r;
	reference_complete(&reference);
	*ret = reference_string(&reference);
	return 0;
}

void reference_release(struct reference *reference)
{
	free(reference->domain);
	free(reference->path);
	free(reference->tag);
	*reference = (struct reference){ 0 };
}
