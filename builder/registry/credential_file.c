/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in config.json and auth.json, and what helpers print. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/json.h"
#include "builder/registry/credential.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define DOCKER_DOMAIN "docker.io"
#define DOCKER_SERVER "https://index.docker.io/v1/"
#define TOKEN_USER    "<token>"

const char *credential_server(const char *domain)
{
	return strcmp(domain, DOCKER_DOMAIN) == 0 ? DOCKER_SERVER : domain;
}

void credential_release(struct credential *credential)
{
	free(credential->user);
	free(credential->password);
	free(credential->identity_token);
	free(credential->registry_token);
	*credential = (struct credential){ 0 };
}

/* ---- keys ---- */

static bool cut_suffix(char *text, const char *suffix)
{
	size_t length = strlen(text), cut = strlen(suffix);

	if (length < cut || strcmp(text + length - cut, suffix) != 0)
		return false;
	text[length - cut] = '\0';
	return true;
}

/* "https://host/v1/", "host" and "host/repository" as "host" and "host/repository". */
static char *clean_key(const char *key)
{
	const char *scheme = strstr(key, "://");
	const char *start = scheme ? scheme + 3 : key;
	char *clean = xstrdup(start), *slash;

	if (scheme && (slash = strchr(clean, '/')))
		*slash = '\0';
	(void)cut_suffix(clean, "/");
	if (!cut_suffix(clean, "/v1"))
		(void)cut_suffix(clean, "/v2");
	if (strcmp(clean, "index.docker.io") == 0 || strcmp(clean, "registry-1.docker.io") == 0) {
		free(clean);
		clean = xstrdup(DOCKER_DOMAIN);
	}
	return clean;
}

/* The longest key that `domain`/`path` is, or is below: its index, or -1. */
static long best_key(const struct strings *keys, const char *domain, const char *path)
{
	cleanup_free char *whole = xasprintf("%s/%s", domain, path);
	size_t best_length = 0;
	long best = -1;

	for (size_t i = 0; i < keys->count; i++) {
		cleanup_free char *key = clean_key(keys->items[i]);
		size_t length = strlen(key);

		if (length <= best_length || strncmp(whole, key, length) != 0 ||
		    (whole[length] && whole[length] != '/'))
			continue;
		best = (long)i;
		best_length = length;
	}
	return best;
}

/* ---- base64 ---- */

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int decode(const char *text, struct buf *ret)
{
	unsigned bits = 0, count = 0;

	for (; *text && *text != '='; text++) {
		int digit = digit_of(*text);

		if (digit < 0)
			return -EINVAL;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_add_char(ret, (char)(bits >> count & 0xff));
		}
	}
	return text[strspn(text, "=")] ? -EINVAL : 0;
}

/* "user:password" */
static int read_auth(const struct json_value *entry, const char *text, struct credential *ret,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf plain = { 0 };
	const char *colon;

	if (decode(text, &plain) < 0 || memchr(buf_string(&plain), '\0', plain.length) ||
	    !(colon = strchr(buf_string(&plain), ':')))
		return json_complain(entry, err, "no base64 of a user and a password");
	ret->user = xstrndup(plain.data, (size_t)(colon - plain.data));
	ret->password = xstrdup(colon + 1);
	return 0;
}

/* ---- entries ---- */

static int read_member(const struct json_value *entry, const char *key, char **ret,
		       struct error *err)
{
	const char *text;
	int r = json_get_string(entry, key, &text, err);

	if (r > 0 && *text) {
		free(*ret);
		*ret = xstrdup(text);
	}
	return r < 0 ? r : 0;
}

static int read_entry(const struct json_value *entry, struct credential *ret, struct error *err)
{
	const char *auth = NULL;
	int r = json_get_string(entry, "auth", &auth, err);

	if (r > 0 && *auth)
		r = read_auth(entry, auth, ret, err);
	if (r >= 0)
		r = read_member(entry, "username", &ret->user, err);
	if (r == 0)
		r = read_member(entry, "password", &ret->password, err);
	if (r == 0)
		r = read_member(entry, "identitytoken", &ret->identity_token, err);
	if (r == 0)
		r = read_member(entry, "registrytoken", &ret->registry_token, err);
	if (r < 0)
		return r;
	return (ret->user && ret->password) || ret->identity_token || ret->registry_token;
}

static int find_entry(const struct json_value *root, const char *domain, const char *path,
		      struct credential *ret, struct error *err)
{
	cleanup_with(credential_release) struct credential found = { 0 };
	cleanup_with(strings_release) struct strings keys = { 0 };
	struct json_value auths, entry;
	long at;
	int r = json_get_keys(root, "auths", &keys, err);

	if (r <= 0)
		return r;
	at = best_key(&keys, domain, path);
	if (at < 0)
		return 0;
	r = json_get_object(root, "auths", &auths, err);
	if (r > 0)
		r = json_get_object(&auths, keys.items[at], &entry, err);
	if (r > 0)
		r = read_entry(&entry, &found, err);
	if (r <= 0)
		return r;
	*ret = found;
	found = (struct credential){ 0 };
	return 1;
}

/* The program is "docker-credential-NAME". */
static int check_helper(const char *helper, struct error *err)
{
	if (*helper && !strchr(helper, '/'))
		return 0;
	return error_set(err, -EINVAL, "'%.100s' cannot be the name of a credential helper",
			 helper);
}

static int find_helper(const struct json_value *root, const char *domain, char **ret,
		       struct error *err)
{
	cleanup_with(strings_release) struct strings keys = { 0 };
	struct json_value helpers;
	const char *helper = NULL;
	long at = -1;
	int r = json_get_keys(root, "credHelpers", &keys, err);

	if (r > 0)
		at = best_key(&keys, domain, "");
	if (r >= 0 && at >= 0) {
		r = json_get_object(root, "credHelpers", &helpers, err);
		if (r > 0)
			r = json_get_string(&helpers, keys.items[at], &helper, err);
	} else if (r >= 0) {
		r = json_get_string(root, "credsStore", &helper, err);
	}
	if (r <= 0 || !*helper)
		return r < 0 ? r : 0;
	r = check_helper(helper, err);
	if (r < 0)
		return r;
	*ret = xstrdup(helper);
	return 2;
}

int credential_file_find(const void *data, size_t size, const char *name, const char *domain,
			 const char *path, struct credential *ret, char **ret_helper,
			 struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = find_helper(&document.root, domain, ret_helper, err);
	return r != 0 ? r : find_entry(&document.root, domain, path, ret, err);
}

int credential_file_entry(const void *data, size_t size, const char *name, const char *domain,
			  const char *path, struct credential *ret, struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	return r < 0 ? r : find_entry(&document.root, domain, path, ret, err);
}

/* {"ServerURL":"…","Username":"…","Secret":"…"} */
int credential_helper_parse(const void *data, size_t size, const char *name, struct credential *ret,
			    struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	const char *user = NULL, *secret = NULL;
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = json_get_string(&document.root, "Username", &user, err);
	if (r >= 0)
		r = json_get_string(&document.root, "Secret", &secret, err);
	if (r < 0)
		return r;
	if (!user || !secret || !*secret)
		return 0;
	*ret = (struct credential){ 0 };
	if (strcmp(user, TOKEN_USER) == 0) {
		ret->identity_token = xstrdup(secret);
	} else {
		ret->user = xstrdup(user);
		ret->password = xstrdup(secret);
	}
	return 1;
}
