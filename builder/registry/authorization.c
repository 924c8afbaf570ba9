/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being let in: Basic, or a token that another server gives for what is to be done. What the user is
 * known by goes to the registry that it is for, and to the token server that this one names.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/registry/challenge.h"
#include "builder/registry/credential.h"
#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/base64.h"
#include "fs/base/error.h"

#define CLIENT_ID     "varve"
#define TOKEN_MAX     ((size_t)1 << 20)
#define SCOPES_MAX    8
#define CHALLENGE_MAX 8

/* ---- what is known ---- */

static const char *find(const struct repository *repository)
{
	const struct strings *list = &repository->registries->authorizations;

	for (size_t i = 0; i + 1 < list->count; i += 2) {
		if (strcmp(list->items[i], repository->key) == 0)
			return list->items[i + 1];
	}
	return NULL;
}

char *authorization_get(struct repository *repository)
{
	struct registries *registries = repository->registries;
	const char *found;
	char *copy;

	(void)pthread_mutex_lock(&registries->lock);
	found = find(repository);
	copy = found ? xstrdup(found) : NULL;
	(void)pthread_mutex_unlock(&registries->lock);
	return copy;
}

static void keep(struct repository *repository, const char *value)
{
	struct strings *list = &repository->registries->authorizations;

	(void)pthread_mutex_lock(&repository->registries->lock);
	for (size_t i = 0; i + 1 < list->count; i += 2) {
		if (strcmp(list->items[i], repository->key) != 0)
			continue;
		strings_remove(list, i);
		strings_remove(list, i);
		break;
	}
	strings_add(list, repository->key);
	strings_add(list, value);
	(void)pthread_mutex_unlock(&repository->registries->lock);
}

/* ---- asking for a token ---- */

static void add_encoded(struct buf *ret, const char *name, const char *value)
{
	buf_add_format(ret, "%s=", name);
	for (; *value; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value))
			buf_add_char(ret, *value);
		else
			buf_add_format(ret, "%%%02X", (unsigned char)*value);
	}
	buf_add_char(ret, '&');
}

/* Ours, and what the registry wants besides, such as for its whole catalogue. */
static void add_scopes(const struct repository *repository, const struct challenge *challenge,
		       struct buf *ret, bool together)
{
	cleanup_free char *ours = xasprintf("repository:%s:", repository->path);
	cleanup_with(buf_release) struct buf scopes = { 0 };
	const char *at = challenge->scope ? challenge->scope : "";

	buf_add_string(&scopes, repository->scope);
	for (unsigned i = 0; i < SCOPES_MAX; i++) {
		size_t length;

		at += strspn(at, " ");
		length = strcspn(at, " ");
		if (!length)
			break;
		if (strncmp(at, ours, strlen(ours)) != 0)
			buf_add_format(&scopes, " %.*s", (int)length, at);
		at += length;
	}
	if (together) {
		add_encoded(ret, "scope", buf_string(&scopes));
		return;
	}
	for (char *rest = NULL, *word = strtok_r(scopes.data, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		add_encoded(ret, "scope", word);
}

static char *basic(const struct credential *credential)
{
	cleanup_free char *plain = xasprintf("%s:%s", credential->user, credential->password);
	struct buf text = { 0 };

	buf_add_string(&text, "Basic ");
	base64_append(&text, plain, strlen(plain));
	return buf_take(&text);
}

struct token_request {
	struct buf url, form; /* a form is sent with POST */
	struct strings headers;
	struct buf answer;
};

static void token_request_release(struct token_request *request)
{
	buf_release(&request->url);
	buf_release(&request->form);
	strings_release(&request->headers);
	buf_release(&request->answer);
}
DEFINE_CLEANUP_VALUE(struct token_request, token_request_release);

static void make_request(const struct repository *repository, const struct challenge *challenge,
			 const struct credential *credential, struct token_request *ret)
{
	bool post = credential->identity_token;
	struct buf *fields = post ? &ret->form : &ret->url;
	cleanup_free char *header = NULL;

	buf_add_string(&ret->url, challenge->realm);
	if (!post)
		buf_add_char(&ret->url, strchr(challenge->realm, '?') ? '&' : '?');
	if (challenge->service)
		add_encoded(fields, "service", challenge->service);
	add_scopes(repository, challenge, fields, post);
	if (post) {
		add_encoded(fields, "grant_type", "refresh_token");
		add_encoded(fields, "client_id", CLIENT_ID);
		add_encoded(fields, "refresh_token", credential->identity_token);
		strings_add(&ret->headers, "Content-Type: application/x-www-form-urlencoded");
	} else if (credential->user && credential->password) {
		add_encoded(fields, "account", credential->user);
		header = basic(credential);
		strings_add_format(&ret->headers, "Authorization: %s", header);
	}
	/* without the last "&" */
	buf_truncate(fields, fields->length - 1);
}

static int take_token(void *context, long status, const void *data, size_t size)
{
	struct token_request *request = context;

	(void)status;
	if (request->answer.length + size > TOKEN_MAX)
		return -E2BIG;
	buf_append(&request->answer, data, size);
	return 0;
}

/* A server that is asked without encryption is given nothing, unless the registry is as well. */
static int check_realm(const struct registry_host *host, const char *realm, bool *ret_same,
		       struct error *err)
{
	cleanup_free char *there = NULL, *here = NULL, *name = NULL;
	int r = exchange_url_origin(realm, &there, err);

	if (r == 0)
		r = exchange_url_origin(host->base, &here, err);
	if (r < 0)
		return error_prefix(err, -EPROTO, "the address of its tokens");
	*ret_same = strcmp(there, here) == 0;
	name = registry_origin_host(there);
	if (strncmp(there, "https://", 8) == 0 || strncmp(here, "http://", 7) == 0 ||
	    exchange_host_is_loopback(name))
		return 0;
	return error_set(err, -EPROTO,
			 "its tokens are to be had without encryption only, at '%.200s'", realm);
}

static int refuse(const struct token_request *request, const char *realm, long status,
		  struct error *err)
{
	cleanup_with(buf_release) struct buf words = { 0 };

	registry_words(request->answer.data, request->answer.length, &words);
	return error_set(err, status >= 400 && status < 500 ? -EACCES : -EPROTO,
			 "the token server '%.200s' answers %ld%s%s", realm, status,
			 words.length ? ": " : "", buf_string(&words));
}

static int ask_for_token(struct repository *repository, struct exchange_client *client,
			 const struct registry_host *host, const struct challenge *challenge,
			 struct token_request *request, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	bool same = false;
	struct exchange exchange = { .headers = &request->headers,
				     .fd = -1,
				     .cancel_fd = repository->cancel_fd,
				     .take = take_token,
				     .context = request };
	unsigned tries = 1;
	int r = check_realm(host, challenge->realm, &same, err);

	if (r < 0)
		return r;
	exchange.method = request->form.length ? "POST" : "GET";
	exchange.url = buf_string(&request->url);
	exchange.has_body = request->form.length;
	exchange.data = buf_string(&request->form);
	exchange.size = request->form.length;
	if (same)
		exchange.certificates = registry_trust(host);
	exchange.unverified = same && host->unverified;
	do {
		buf_clear(&request->answer);
		r = exchange_perform(client, &exchange, &answer, err);
	} while (answer.may_pass && exchange_wait(exchange.cancel_fd, tries++));
	if (r < 0)
		return r;
	return answer.status == 200 ? 0 : refuse(request, challenge->realm, answer.status, err);
}

static int get_token(struct repository *repository, struct exchange_client *client,
		     const struct registry_host *host, const struct challenge *challenge,
		     const struct credential *credential, char **ret, struct error *err)
{
	cleanup_with(token_request_release) struct token_request request = { 0 };
	cleanup_free char *token = NULL;
	int r;

	if (credential->registry_token) {
		*ret = xasprintf("Bearer %s", credential->registry_token);
		return 0;
	}
	make_request(repository, challenge, credential, &request);
	r = ask_for_token(repository, client, host, challenge, &request, err);
	if (r == 0)
		r = token_parse(request.answer.data, request.answer.length, &token, err);
	if (r < 0)
		return r;
	*ret = xasprintf("Bearer %s", token);
	return 0;
}

/* ---- the whole ---- */

static int read_challenges(const struct exchange_answer *answer, struct challenge *ret,
			   struct error *err)
{
	static const char name[] = "WWW-Authenticate:";
	unsigned count = 0;
	int r = 0;

	for (size_t i = 0; i < answer->headers.count && r == 0 && count < CHALLENGE_MAX; i++) {
		const char *line = answer->headers.items[i];

		if (strncasecmp(line, name, strlen(name)) != 0)
			continue;
		count++;
		r = challenge_parse(line + strlen(name), ret, err);
	}
	if (r == 0 && ret->scheme == CHALLENGE_NONE)
		return error_set(err, -EACCES, "it lets nobody in in a way that is known here");
	return r;
}

static int make(struct repository *repository, struct exchange_client *client,
		const struct registry_host *host, const struct challenge *challenge, char **ret,
		struct error *err)
{
	cleanup_with(credential_release) struct credential credential = { 0 };
	int r = credential_find(repository->domain, repository->path, repository->cancel_fd,
				&credential, err);

	if (r < 0)
		return r;
	if (challenge->scheme == CHALLENGE_BEARER)
		return get_token(repository, client, host, challenge, &credential, ret, err);
	if (!credential.user || !credential.password)
		return error_set(err, -EACCES, "it wants a user and a password");
	*ret = basic(&credential);
	return 0;
}

int authorization_renew(struct repository *repository, struct exchange_client *client,
			const struct registry_host *host, const struct exchange_answer *answer,
			const char *used, char **ret, struct error *err)
{
	cleanup_with(challenge_release) struct challenge challenge = { 0 };
	cleanup_free char *known = authorization_get(repository), *made = NULL;
	int r;

	/* Another thread was faster. */
	if (known && (!used || strcmp(known, used) != 0)) {
		*ret = take_ptr(&known);
		return 0;
	}
	r = read_challenges(answer, &challenge, err);
	if (r == 0)
		r = make(repository, client, host, &challenge, &made, err);
	if (r < 0)
		return r;
	if (strpbrk(made, "\r\n"))
		return error_set(err, -EINVAL, "what is known of the user cannot be sent");
	keep(repository, made);
	*ret = take_ptr(&made);
	return 0;
}
