/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/remote.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool has_scheme(const char *source, const char *scheme)
{
	size_t length = strlen(scheme);

	return strncasecmp(source, scheme, length) == 0 && strncmp(source + length, "://", 3) == 0;
}

/* The path of a URL ends in ".git". */
static bool names_repository(const char *url)
{
	static const char suffix[] = ".git";
	const char *path = strchrnul(strstr(url, "://") + 3, '/');
	size_t length = strcspn(path, "?#");

	return length >= strlen(suffix) &&
	       memcmp(path + length - strlen(suffix), suffix, strlen(suffix)) == 0;
}

static size_t span_of_name(const char *s, const char *others)
{
	size_t length = 0;

	while (s[length] && (isalnum((unsigned char)s[length]) || strchr(others, s[length])))
		length++;
	return length;
}

/* user@host:path */
static bool is_scp_style(const char *source)
{
	size_t user = span_of_name(source, "-_"), host;

	if (!user || source[user] != '@')
		return false;
	host = span_of_name(source + user + 1, "-.");
	return host && source[user + 1 + host] == ':';
}

enum remote_kind remote_kind_of(const char *source)
{
	bool http = has_scheme(source, "http") || has_scheme(source, "https");

	if (http && names_repository(source))
		return REMOTE_GIT;
	if (strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0)
		return REMOTE_HTTP;
	if (has_scheme(source, "git") || has_scheme(source, "ssh") || is_scp_style(source))
		return REMOTE_GIT;
	return REMOTE_NONE;
}
