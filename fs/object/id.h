/* SPDX-License-Identifier: Apache-2.0 */
/* The name of an object: the SHA-256 of its bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/digest.h"

#define OBJECT_ID_SIZE     DIGEST_SIZE
#define OBJECT_ID_HEX_SIZE DIGEST_HEX_SIZE

/* All zero stands for "none" where one may be absent. */
struct object_id {
	uint8_t bytes[OBJECT_ID_SIZE];
};

struct id_hex {
	char text[OBJECT_ID_HEX_SIZE];
};

static inline struct object_id object_id_of(const void *data, size_t size)
{
	struct object_id id;

	digest_bytes(data, size, id.bytes);
	return id;
}

static inline bool object_id_equal(const struct object_id *a, const struct object_id *b)
{
	return memcmp(a->bytes, b->bytes, OBJECT_ID_SIZE) == 0;
}

static inline int object_id_compare(const struct object_id *a, const struct object_id *b)
{
	return memcmp(a->bytes, b->bytes, OBJECT_ID_SIZE);
}

static inline bool object_id_is_zero(const struct object_id *id)
{
	static const struct object_id zero;

	return object_id_equal(id, &zero);
}

/* By value, so that it can stand inside a call: object_id_hex(&id).text */
static inline struct id_hex object_id_hex(const struct object_id *id)
{
	struct id_hex hex;

	digest_to_hex(id->bytes, hex.text);
	return hex;
}

/* Exactly 64 lower-case hex digits, else -EINVAL. */
int object_id_parse(const char *hex, struct object_id *ret);
