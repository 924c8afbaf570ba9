/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What registries and credential helpers say, and files of credentials: the first byte tells which
 * of them the rest is. Nothing of it may end a line of a header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/registry/challenge.h"
#include "builder/registry/credential.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_challenge(const char *text)
{
	struct challenge challenge = { 0 };
	struct error err = { 0 };
	int r = challenge_parse(text, &challenge, &err);

	if (r < 0 && !*err.text)
		abort();
	if (challenge.scheme == CHALLENGE_BEARER && !challenge.realm)
		abort();
	challenge_release(&challenge);
}

static void fuzz_token(const void *data, size_t size)
{
	struct error err = { 0 };
	struct buf words = { 0 };
	char *token = NULL;

	if (token_parse(data, size, &token, &err) == 0 && strpbrk(token, " \r\n"))
		abort();
	registry_words(data, size, &words);
	if (strpbrk(buf_string(&words), "\r\n\033"))
		abort();
	buf_release(&words);
	free(token);
}

static void check(const struct credential *credential)
{
	if (!(credential->user && credential->password) && !credential->identity_token &&
	    !credential->registry_token)
		abort();
}

static void fuzz_file(const void *data, size_t size, const char *domain, const char *path)
{
	struct credential credential = { 0 };
	struct error err = { 0 };
	char *helper = NULL;
	int r = credential_file_find(data, size, "file", domain, path, &credential, &helper, &err);

	if (r == 1)
		check(&credential);
	if (r == 2 && (!helper || !*helper || strchr(helper, '/')))
		abort();
	if (r < 0 && !*err.text)
		abort();
	credential_release(&credential);
	free(helper);
	if (credential_file_entry(data, size, "file", domain, path, &credential, NULL) == 1)
		check(&credential);
	credential_release(&credential);
}

static void fuzz_helper(const void *data, size_t size)
{
	struct credential credential = { 0 };

	if (credential_helper_parse(data, size, "helper", &credential, NULL) == 1)
		check(&credential);
	credential_release(&credential);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = { 0 };

	if (!size)
		return 0;
	buf_append(&text, data + 1, size - 1);
	switch (*data) {
	case 'c':
		fuzz_challenge(buf_string(&text));
		break;
	case 't':
		fuzz_token(buf_string(&text), text.length);
		break;
	case 'f':
		fuzz_file(buf_string(&text), text.length, "docker.io", "library/debian");
		fuzz_file(buf_string(&text), text.length, "localhost:5000", "a/b");
		break;
	default:
		fuzz_helper(buf_string(&text), text.length);
		break;
	}
	buf_release(&text);
	return 0;
}
