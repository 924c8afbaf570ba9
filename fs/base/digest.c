/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"

/* Fetching the algorithm costs more than hashing a small file, so it is done once. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256 || pthread_key_create(&context_key, free_context) != 0)
		abort(); /* OpenSSL without SHA-256: nothing of ours can work */
}

static const EVP_MD *algorithm(void)
{
	pthread_once(&sha256_once, fetch_sha256);
	return sha256;
}

/* This thread's context, for digests that begin and end within one call. */
static EVP_MD_CTX *thread_context(void)
{
	EVP_MD_CTX *context;

	(void)algorithm();
	context = pthread_getspecific(context_key);
	if (context)
		return context;
	context = EVP_MD_CTX_new();
	if (!context || pthread_setspecific(context_key, context) != 0)
		abort();
	return context;
}

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *digest = xmalloc(sizeof *digest);

	digest->context = EVP_MD_CTX_new();
	if (!digest->context || !EVP_DigestInit_ex(digest->context, algorithm(), NULL))
		abort();
	return digest;
}

void digest_update(struct digest *digest, const void *data, size_t size)
{
	EVP_DigestUpdate(digest->context, data, size);
}

void digest_peek(const struct digest *digest, uint8_t ret[DIGEST_SIZE])
{
	EVP_MD_CTX *copy = thread_context();

	if (!EVP_MD_CTX_copy_ex(copy, digest->context))
		abort();
	EVP_DigestFinal_ex(copy, ret, NULL);
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_bytes(const void *data, size_t size, uint8_t ret[DIGEST_SIZE])
{
	EVP_MD_CTX *context = thread_context();

	EVP_DigestInit_ex(context, algorithm(), NULL);
	EVP_DigestUpdate(context, data, size);
	EVP_DigestFinal_ex(context, ret, NULL);
}

int digest_file(int fd, uint8_t ret[DIGEST_SIZE])
{
	EVP_MD_CTX *context = thread_context();
	cleanup_free char *block = xmalloc(1 << 17);
	off_t offset = 0;

	EVP_DigestInit_ex(context, algorithm(), NULL);
	for (;;) {
		ssize_t n = pread(fd, block, 1 << 17, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		EVP_DigestUpdate(context, block, (size_t)n);
		offset += n;
	}
	EVP_DigestFinal_ex(context, ret, NULL);
	return 0;
}

void digest_to_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[2 * DIGEST_SIZE] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_from_hex(const char *hex, uint8_t ret[DIGEST_SIZE])
{
	uint8_t bytes[DIGEST_SIZE];

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = hex_value(hex[2 * i]);
		int low = high < 0 ? -1 : hex_value(hex[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		ret[i] = bytes[i];
	return 0;
}
