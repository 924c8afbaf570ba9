/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/challenge.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define WORDS_MAX ((size_t)300)

/* ---- WWW-Authenticate ---- */

static bool is_token(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~/=", c));
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* A word that an "=" ends as well. */
static size_t name_length(const char *at)
{
	size_t length = 0;

	while (is_token(at[length]) && at[length] != '=')
		length++;
	return length;
}

/* A word, or what stands between quotes: where it ends, NULL when it does not. */
static const char *read_value(const char *at, struct buf *ret)
{
	if (*at != '"') {
		while (is_token(*at))
			buf_add_char(ret, *at++);
		return at;
	}
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		buf_add_char(ret, *at);
	}
	return *at ? at + 1 : NULL;
}

static void set_parameter(struct challenge *challenge, const char *name, size_t length,
			  const struct buf *value)
{
	static const char *const names[] = { "realm", "service", "scope" };
	char **at[] = { &challenge->realm, &challenge->service, &challenge->scope };

	for (size_t i = 0; i < 3; i++) {
		if (strlen(names[i]) != length || strncasecmp(name, names[i], length) != 0)
			continue;
		free(*at[i]);
		*at[i] = xstrdup(buf_string(value));
	}
}

static enum challenge_scheme scheme_of(const char *name, size_t length)
{
	if (length == 6 && strncasecmp(name, "bearer", 6) == 0)
		return CHALLENGE_BEARER;
	if (length == 5 && strncasecmp(name, "basic", 5) == 0)
		return CHALLENGE_BASIC;
	return CHALLENGE_NONE;
}

/* Keep it if it is better than what is there. */
static void offer(struct challenge *best, struct challenge *candidate)
{
	if (candidate->scheme > best->scheme &&
	    (candidate->scheme != CHALLENGE_BEARER || candidate->realm)) {
		challenge_release(best);
		*best = *candidate;
		*candidate = (struct challenge){ 0 };
	}
	challenge_release(candidate);
}

/* A scheme, or a parameter of the scheme before it. */
static int read_word(const char **at, struct challenge *best, struct challenge *candidate)
{
	cleanup_with(buf_release) struct buf value = { 0 };
	const char *name = *at, *next;
	size_t length = name_length(name);

	if (!length)
		return -EPROTO;
	next = skip_blanks(name + length);
	if (*next != '=') {
		offer(best, candidate);
		candidate->scheme = scheme_of(name, length);
		*at = next;
		return 0;
	}
	next = read_value(skip_blanks(next + 1), &value);
	if (!next)
		return -EPROTO;
	set_parameter(candidate, name, length, &value);
	*at = next;
	return 0;
}

int challenge_parse(const char *text, struct challenge *ret, struct error *err)
{
	struct challenge candidate = { 0 };
	const char *at = text;
	int r = 0;

	while (r == 0) {
		at += strspn(at, " \t,");
		if (!*at)
			break;
		r = read_word(&at, ret, &candidate);
	}
	offer(ret, &candidate);
	if (r < 0)
		return error_set(err, r, "its WWW-Authenticate makes no sense");
	return 0;
}

void challenge_release(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge){ 0 };
}

/* ---- tokens ---- */

/* It becomes part of a header. */
static bool is_header_text(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

int token_parse(const void *data, size_t size, char **ret, struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	const char *token = NULL;
	int r = json_document_parse(data, size, "its answer", &document, err);

	if (r == 0)
		r = json_get_string(&document.root, "token", &token, err);
	if (r == 0 || (r > 0 && !*token))
		r = json_get_string(&document.root, "access_token", &token, err);
	if (r < 0) {
		if (err)
			err->code = -EPROTO;
		return -EPROTO;
	}
	if (r == 0 || !is_header_text(token))
		return error_set(err, -EPROTO, "its answer has no token");
	*ret = xstrdup(token);
	return 0;
}

/* ---- words ---- */

static void add_words(const char *text, struct buf *ret)
{
	size_t left = WORDS_MAX;

	for (; *text && left; text++, left--)
		buf_add_char(ret, (unsigned char)*text < ' ' || *text == 127 ? ' ' : *text);
}

/* {"errors":[{"code":"DENIED","message":"…"}]}, or {"details":"…"} of token servers. */
void registry_words(const void *data, size_t size, struct buf *ret)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct json_value errors, first;
	const char *code = NULL, *message = NULL;

	if (json_document_parse(data, size, "error", &document, NULL) < 0)
		return;
	if (json_get_array(&document.root, "errors", &errors, NULL) > 0 &&
	    json_array_length(&errors) > 0) {
		json_array_item(&errors, 0, &first);
		(void)json_get_string(&first, "code", &code, NULL);
		(void)json_get_string(&first, "message", &message, NULL);
	} else if (json_get_string(&document.root, "details", &message, NULL) <= 0) {
		(void)json_get_string(&document.root, "message", &message, NULL);
	}
	if (message && *message)
		add_words(message, ret);
	else if (code)
		add_words(code, ret);
}
