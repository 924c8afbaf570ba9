/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of the index of steps. One record, 88 bytes, little-endian:
 *
 *   0 "STP1"   4 key   36 snapshot   68 i64 seconds   76 u32 cost in ms   80 u32 flags
 *  84 u32 crc32c of the 84 bytes before
 *
 * steps.log is such records as they were appended; what a torn write left between them is skipped.
 * steps.tab is "OSST0001", u32 version = 1, u32 count, that many records by ascending key, those of
 * one key with the one in force first, and the first 16 bytes of the SHA-256 of all before.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/buf.h"
#include "fs/store/steps.h"

#define STEP_RECORD_SIZE ((size_t)88)

void step_record_encode(const struct step_record *record, uint8_t ret[STEP_RECORD_SIZE]);
/* False when its sum is wrong. */
bool step_record_decode(const uint8_t *data, struct step_record *ret);

/* The next sound record of a log from *offset on, which moves behind it: true; or false, and *offset is where
 * to go on once the log has grown. */
bool step_log_next(const uint8_t *data, size_t size, size_t *offset, struct step_record *ret);

/* Records of a table; points into its bytes. All zero is an empty one. */
struct step_table {
	const uint8_t *records;
	size_t count;
};

/* -EBADMSG. Costs the same for any table. */
int step_table_parse(const uint8_t *data, size_t size, struct step_table *ret, struct error *err);
/* Whether nothing has changed since it was written: reads all of it. */
bool step_table_is_sound(const uint8_t *data, size_t size);
/* True and the first sound record of a key. */
bool step_table_find(const struct step_table *table, const struct object_id *key,
		     struct step_record *ret);

void step_list_add(struct step_list *list, const struct step_record *record);
/* Sort as in a table, and drop all but the newest success of each key and its failures. Of records
 * of one second the later in the list counts as newer. */
void step_list_settle(struct step_list *list);
/* A whole table of a settled list, appended. */
void step_table_encode(const struct step_list *list, struct buf *ret);
