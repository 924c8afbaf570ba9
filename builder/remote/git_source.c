/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/git_source.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"

#define CHECKSUM_MIN 7
#define CHECKSUM_MAX 64

void git_source_release(struct git_source *source)
{
	free(source->url);
	free(source->ref);
	free(source->subdir);
	free(source->checksum);
	*source = (struct git_source){ .keep_git_dir = -1, .submodules = -1 };
}

static bool has_scheme(const char *text, const char *scheme)
{
	size_t length = strlen(scheme);

	return strncasecmp(text, scheme, length) == 0 && strncmp(text + length, "://", 3) == 0;
}

static size_t span_of_name(const char *s, const char *others)
{
	size_t length = 0;

	while (s[length] && (isalnum((unsigned char)s[length]) || strchr(others, s[length])))
		length++;
	return length;
}

/* user@host:path */
static bool is_scp_style(const char *text)
{
	size_t user = span_of_name(text, "-_"), host;

	/* What begins with a dash would be an option of ssh. */
	if (!user || *text == '-' || text[user] != '@')
		return false;
	host = span_of_name(text + user + 1, "-.");
	return host && text[user + 1 + host] == ':';
}

/* The path of a URL, up to query and fragment, ends in ".git". */
static bool names_git(const char *text)
{
	const char *path = strstr(text, "://");
	size_t length;

	path = path ? strchrnul(path + 3, '/') : text;
	length = strcspn(path, "?#");
	while (length && path[length - 1] == '/')
		length--;
	return length > 4 && strncmp(path + length - 4, ".git", 4) == 0;
}

static bool names_repository(const char *text, unsigned flags)
{
	if (has_scheme(text, "http") || has_scheme(text, "https"))
		return names_git(text);
	if (flags & GIT_SOURCE_CONTEXT &&
	    (has_scheme(text, "file") ? names_git(text) : strncmp(text, "github.com/", 11) == 0))
		return true;
	return has_scheme(text, "git") || has_scheme(text, "ssh") || is_scp_style(text);
}

/* ---- what is asked of it ---- */

/* Neither an option nor anything that git would take for more than a name. */
static int set_ref(struct git_source *source, const char *ref, struct error *err)
{
	if (!*ref)
		return 0;
	if (source->ref && strcmp(source->ref, ref) != 0)
		return error_set(err, -EINVAL, "it names both '%.100s' and '%.100s'", source->ref,
				 ref);
	if (*ref == '-' || *ref == '+' || strpbrk(ref, ":^~?*[\\ \t\n") || strstr(ref, ".."))
		return error_set(err, -EINVAL, "'%.100s' is no name of a branch, tag or commit",
				 ref);
	free(source->ref);
	source->ref = xstrdup(ref);
	return 0;
}

static int set_subdir(struct git_source *source, const char *subdir, struct error *err)
{
	cleanup_free char *clean = path_join("/", subdir);

	if (!clean[1])
		return 0;
	if (source->subdir && strcmp(source->subdir, clean + 1) != 0)
		return error_set(err, -EINVAL, "it names the directories '%.100s' and '%.100s'",
				 source->subdir, clean + 1);
	free(source->subdir);
	source->subdir = xstrdup(clean + 1);
	return 0;
}

static int set_checksum(struct git_source *source, const char *value, struct error *err)
{
	size_t length = strlen(value);

	if (length < CHECKSUM_MIN || length > CHECKSUM_MAX ||
	    strspn(value, "0123456789abcdef") != length)
		return error_set(err, -EINVAL, "invalid checksum '%.100s' of a commit", value);
	free(source->checksum);
	source->checksum = xstrdup(value);
	return 0;
}

static int set_switch(const char *key, const char *value, int *ret, struct error *err)
{
	*ret = 1;
	if (*value && parse_bool(value, ret) < 0)
		return error_set(err, -EINVAL, "'%.100s' is no value for %s", value, key);
	return 0;
}

static int set_named_ref(struct git_source *source, const char *prefix, const char *value,
			 struct error *err)
{
	cleanup_free char *whole = xasprintf("%s%s", prefix, value);

	return *value ? set_ref(source, whole, err) : 0;
}

static int set_mtime(const char *value, struct error *err)
{
	if (strcmp(value, "checkout") == 0)
		return 0;
	return error_set(err, -EOPNOTSUPP,
			 "mtime=%.100s is not supported: files get the time they are fetched",
			 value);
}

static int set_key(struct git_source *source, const char *key, const char *value, struct error *err)
{
	int ignored;

	if (strcmp(key, "ref") == 0)
		return set_ref(source, value, err);
	if (strcmp(key, "branch") == 0)
		return set_named_ref(source, "refs/heads/", value, err);
	if (strcmp(key, "tag") == 0)
		return set_named_ref(source, "refs/tags/", value, err);
	if (strcmp(key, "subdir") == 0)
		return set_subdir(source, value, err);
	if (strcmp(key, "checksum") == 0 || strcmp(key, "commit") == 0)
		return set_checksum(source, value, err);
	if (strcmp(key, "keep-git-dir") == 0)
		return set_switch(key, value, &source->keep_git_dir, err);
	if (strcmp(key, "submodules") == 0)
		return set_switch(key, value, &source->submodules, err);
	if (strcmp(key, "mtime") == 0)
		return set_mtime(value, err);
	/* A commit is asked for by its name wherever the server gives it out. */
	if (strcmp(key, "fetch-by-commit") == 0)
		return set_switch(key, value, &ignored, err);
	return error_set(err, -EINVAL, "unexpected query '%.100s'", key);
}

/* %41 and the like, in place. */
static void decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		char digits[3] = { 0 };

		if (*text != '%' || !isxdigit((unsigned char)text[1]) ||
		    !isxdigit((unsigned char)text[2])) {
			*to++ = *text;
			continue;
		}
		memcpy(digits, text + 1, 2);
		*to = (char)strtol(digits, NULL, 16);
		/* It would end the text. */
		to += *to != '\0';
		text += 2;
	}
	*to = '\0';
}

static int read_query(struct git_source *source, char *query, struct error *err)
{
	int r = 0;

	while (query && r == 0) {
		char *next = strchr(query, '&'), *value;

		if (next)
			*next++ = '\0';
		value = strchrnul(query, '=');
		if (*value)
			*value++ = '\0';
		decode(query);
		decode(value);
		if (*query)
			r = set_key(source, query, value, err);
		query = next;
	}
	return r;
}

/* "ref:directory" */
static int read_fragment(struct git_source *source, char *fragment, struct error *err)
{
	char *colon = strchr(fragment, ':');
	int r;

	if (colon)
		*colon++ = '\0';
	r = set_ref(source, fragment, err);
	return r == 0 && colon ? set_subdir(source, colon, err) : r;
}

static int read_all(struct git_source *source, char *text, struct error *err)
{
	char *fragment = strchr(text, '#'), *query;
	int r = 0;

	if (fragment)
		*fragment++ = '\0';
	query = is_scp_style(text) ? NULL : strchr(text, '?');
	if (query)
		*query++ = '\0';
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at <= ' ' || *at == '\x7f')
			return error_set(err, -EINVAL, "blanks cannot be part of it");
	}
	source->url = strncmp(text, "github.com/", 11) == 0 ? xasprintf("https://%s", text)
							    : xstrdup(text);
	if (query)
		r = read_query(source, query, err);
	if (r == 0 && fragment)
		r = read_fragment(source, fragment, err);
	return r;
}

int git_source_parse(const char *text, unsigned flags, struct git_source *ret, struct error *err)
{
	cleanup_with(git_source_release) struct git_source source = { .keep_git_dir = -1,
								      .submodules = -1 };
	cleanup_free char *copy = NULL;
	int r;

	if (!names_repository(text, flags))
		return 0;
	copy = xstrdup(text);
	r = read_all(&source, copy, err);
	if (r < 0)
		return error_prefix(err, r, "git repository '%.300s'", text);
	*ret = source;
	source = (struct git_source){ 0 };
	return 1;
}
