/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/step_file.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"

#define HEAD_SIZE   ((size_t)16)
#define DIGEST_PART ((size_t)16)
#define CRC_OFFSET  84

static const char record_magic[4] = { 'S', 'T', 'P', '1' };
static const char table_magic[8] = { 'O', 'S', 'S', 'T', '0', '0', '0', '1' };

void step_record_encode(const struct step_record *record, uint8_t ret[STEP_RECORD_SIZE])
{
	memcpy(ret, record_magic, sizeof record_magic);
	memcpy(ret + 4, record->key.bytes, OBJECT_ID_SIZE);
	memcpy(ret + 36, record->snapshot.bytes, OBJECT_ID_SIZE);
	put_le64(ret + 68, (uint64_t)record->created_s);
	put_le32(ret + 76, record->cost_ms);
	put_le32(ret + 80, record->flags);
	put_le32(ret + CRC_OFFSET, crc32c(0, ret, CRC_OFFSET));
}

bool step_record_decode(const uint8_t *data, struct step_record *ret)
{
	if (memcmp(data, record_magic, sizeof record_magic) != 0 ||
	    get_le32(data + CRC_OFFSET) != crc32c(0, data, CRC_OFFSET))
		return false;
	memcpy(ret->key.bytes, data + 4, OBJECT_ID_SIZE);
	memcpy(ret->snapshot.bytes, data + 36, OBJECT_ID_SIZE);
	ret->created_s = (int64_t)get_le64(data + 68);
	ret->cost_ms = get_le32(data + 76);
	ret->flags = get_le32(data + 80);
	return true;
}

bool step_log_next(const uint8_t *data, size_t size, size_t *offset, struct step_record *ret)
{
	while (*offset < size) {
		const uint8_t *found =
			memmem(data + *offset, size - *offset, record_magic, sizeof record_magic);

		if (!found) {
			/* The magic may have come only in part. */
			if (size - *offset >= sizeof record_magic)
				*offset = size - sizeof record_magic + 1;
			return false;
		}
		*offset = (size_t)(found - data);
		if (size - *offset < STEP_RECORD_SIZE)
			return false;
		if (step_record_decode(found, ret)) {
			*offset += STEP_RECORD_SIZE;
			return true;
		}
		++*offset;
	}
	return false;
}

/* The table */

int step_table_parse(const uint8_t *data, size_t size, struct step_table *ret, struct error *err)
{
	uint32_t count;

	if (size < HEAD_SIZE + DIGEST_PART || memcmp(data, table_magic, sizeof table_magic) != 0 ||
	    get_le32(data + 8) != 1)
		return error_set(err, -EBADMSG, "the table of steps is damaged: its head");
	count = get_le32(data + 12);
	if ((size - HEAD_SIZE - DIGEST_PART) % STEP_RECORD_SIZE ||
	    (size - HEAD_SIZE - DIGEST_PART) / STEP_RECORD_SIZE != count)
		return error_set(err, -EBADMSG, "the table of steps is damaged: its size");
	*ret = (struct step_table){ data + HEAD_SIZE, count };
	return 0;
}

bool step_table_is_sound(const uint8_t *data, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	digest_bytes(data, size - DIGEST_PART, digest);
	return memcmp(digest, data + size - DIGEST_PART, DIGEST_PART) == 0;
}

bool step_table_find(const struct step_table *table, const struct object_id *key,
		     struct step_record *ret)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(table->records + middle * STEP_RECORD_SIZE + 4, key->bytes,
			   OBJECT_ID_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < table->count; low++) {
		const uint8_t *record = table->records + low * STEP_RECORD_SIZE;

		if (memcmp(record + 4, key->bytes, OBJECT_ID_SIZE) != 0)
			return false;
		if (step_record_decode(record, ret))
			return true;
	}
	return false;
}

/* Lists */

void step_list_add(struct step_list *list, const struct step_record *record)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = *record;
}

void step_list_release(struct step_list *list)
{
	free(list->items);
	*list = (struct step_list){ 0 };
}

struct ordered {
	struct step_record record;
	size_t order;
};

static int compare(const void *a, const void *b)
{
	const struct ordered *left = a, *right = b;
	int order = object_id_compare(&left->record.key, &right->record.key);
	bool left_failed = left->record.flags & STEP_FAILED;
	bool right_failed = right->record.flags & STEP_FAILED;

	if (order)
		return order;
	if (left_failed != right_failed)
		return left_failed ? 1 : -1;
	if (left->record.created_s != right->record.created_s)
		return left->record.created_s > right->record.created_s ? -1 : 1;
	return left->order > right->order ? -1 : 1;
}

/* Whether `later`, which comes behind `earlier` in a sorted list, says nothing that counts. */
static bool superseded(const struct step_record *earlier, const struct step_record *later)
{
	if (!object_id_equal(&earlier->key, &later->key))
		return false;
	if (!(later->flags & STEP_FAILED))
		return true; /* `earlier` is a newer success */
	return (earlier->flags & STEP_FAILED) &&
	       object_id_equal(&earlier->snapshot, &later->snapshot);
}

void step_list_settle(struct step_list *list)
{
	cleanup_free struct ordered *sorted = xcalloc(list->count, sizeof *sorted);
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		sorted[i] = (struct ordered){ list->items[i], i };
	if (list->count > 1)
		qsort(sorted, list->count, sizeof *sorted, compare);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && superseded(&list->items[kept - 1], &sorted[i].record))
			continue;
		list->items[kept++] = sorted[i].record;
	}
	list->count = kept;
}

void step_table_encode(const struct step_list *list, struct buf *ret)
{
	uint8_t record[STEP_RECORD_SIZE], digest[DIGEST_SIZE];
	size_t start = ret->length;

	buf_append(ret, table_magic, sizeof table_magic);
	buf_add_le32(ret, 1);
	buf_add_le32(ret, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++) {
		step_record_encode(&list->items[i], record);
		buf_append(ret, record, sizeof record);
	}
	digest_bytes(ret->data + start, ret->length - start, digest);
	buf_append(ret, digest, DIGEST_PART);
}
