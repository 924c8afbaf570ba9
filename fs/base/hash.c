/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/hash.h"

#include <pthread.h>

#include "fs/base/bytes.h"

uint64_t hash64_mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	value ^= value >> 33;
	return value;
}

uint64_t hash64(const void *data, size_t size)
{
	const uint8_t *at = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < size; i++) {
		hash ^= at[i];
		hash *= 0x100000001b3ULL;
	}
	return hash64_mix(hash);
}

/* Eight tables, so that eight bytes are done at a time without a special instruction. */
static uint32_t crc_tables[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void make_crc_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
		crc_tables[0][i] = crc;
	}
	for (int table = 1; table < 8; table++) {
		for (int i = 0; i < 256; i++) {
			uint32_t before = crc_tables[table - 1][i];

			crc_tables[table][i] = before >> 8 ^ crc_tables[0][before & 0xff];
		}
	}
}

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *at = data;

	pthread_once(&crc_once, make_crc_tables);
	crc = ~crc;
	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word = get_le64(at) ^ crc;

		crc = 0;
		for (int i = 0; i < 8; i++)
			crc ^= crc_tables[7 - i][word >> 8 * i & 0xff];
	}
	for (; size > 0; size--, at++)
		crc = crc >> 8 ^ crc_tables[0][(crc ^ *at) & 0xff];
	return ~crc;
}
