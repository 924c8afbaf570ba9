/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of stored and sent bytes: little-endian, any alignment. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get_le16(const void *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof value);
	return le16toh(value);
}

static inline uint32_t get_le32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return le32toh(value);
}

static inline uint64_t get_le64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof value);
	return le64toh(value);
}

static inline void put_le16(void *p, uint16_t value)
{
	value = htole16(value);
	memcpy(p, &value, sizeof value);
}

static inline void put_le32(void *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof value);
}

static inline void put_le64(void *p, uint64_t value)
{
	value = htole64(value);
	memcpy(p, &value, sizeof value);
}
