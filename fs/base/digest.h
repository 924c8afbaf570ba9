/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, in one go and streamed. Safe in threads: each has a context of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE     32
#define DIGEST_HEX_SIZE 65 /* with the NUL */

struct digest; /* a stream under way */

struct digest *digest_new(void);
void digest_update(struct digest *digest, const void *data, size_t size);
/* The result so far; more may be added after. */
void digest_peek(const struct digest *digest, uint8_t ret[DIGEST_SIZE]);
void digest_free(struct digest *digest);

void digest_bytes(const void *data, size_t size, uint8_t ret[DIGEST_SIZE]);

/* The same over a whole file from its start: 0, or what reading it failed with. */
int digest_file(int fd, uint8_t ret[DIGEST_SIZE]);

void digest_to_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE]);
/* -EINVAL unless `hex` begins with 64 lower-case hex digits. */
int digest_from_hex(const char *hex, uint8_t ret[DIGEST_SIZE]);
