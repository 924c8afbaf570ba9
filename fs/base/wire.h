/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in messages between our own processes: written one after another, read back in the same
 * order. Integers are little-endian; strings and bytes carry a 32-bit length in front.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/strings.h"

static inline void wire_put_u32(struct buf *buf, uint32_t value)
{
	buf_add_le32(buf, value);
}
static inline void wire_put_u64(struct buf *buf, uint64_t value)
{
	buf_add_le64(buf, value);
}
void wire_put_bytes(struct buf *buf, const void *data, size_t size);
/* NULL is sent as NULL. */
void wire_put_string(struct buf *buf, const char *s);
void wire_put_strings(struct buf *buf, const struct strings *list);

/* A cursor over received bytes. After the first value that does not fit, `bad` is set and every
 * further read gives zero or empty: check it once, at the end. */
struct wire {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static inline struct wire wire_of(const void *data, size_t size)
{
	return (struct wire){ .at = data, .left = size };
}

/* Bytes of a length that both sides know, put there with buf_append(); zeros for bad input. */
void wire_fixed(struct wire *wire, void *ret, size_t size);
uint32_t wire_u32(struct wire *wire);
uint64_t wire_u64(struct wire *wire);
/* Points into the message. */
const void *wire_bytes(struct wire *wire, size_t *ret_size);
/* A copy that the caller frees; NULL for a NULL that was sent and for bad input. */
char *wire_string(struct wire *wire);
void wire_strings(struct wire *wire, struct strings *ret);

/* 0, or -EPROTO when something was missing or is left over. */
int wire_end(const struct wire *wire);
