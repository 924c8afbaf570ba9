/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/layer_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/descriptor.h"
#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/object/dir.h"
#include "fs/store/store.h"
#include "fs/tree/dir_cursor.h"

#define ABOUT_MAX ((size_t)64 << 10)

/* ---- writing ---- */

static int put_dir(void *context, const struct object_id *id, const void *data, size_t size,
		   struct error *err)
{
	return store_txn_put_as(context, OBJECT_DIR, id, data, size, err);
}

static void add_file(struct dir_writer *dir, const char *name, const struct object_id *blob,
		     uint64_t size)
{
	struct dir_entry entry = { .type = DIR_ENTRY_FILE,
				   .mode = 0444,
				   .size = size,
				   .id = *blob,
				   .name = name,
				   .name_length = (uint16_t)strlen(name) };

	dir_writer_add(dir, &entry);
}

static void write_about(const struct layer_record *record, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '{');
	json_put_string(&writer, "diffID", digest_text(&record->diff_id).text);
	json_put_i64(&writer, "size", (int64_t)record->size);
	if (record->received_type) {
		json_begin(&writer, "received", '{');
		json_put_string(&writer, "mediaType", record->received_type);
		json_put_string(&writer, "digest", digest_text(&record->received_digest).text);
		json_put_i64(&writer, "size", (int64_t)record->received_size);
		json_end(&writer, '}');
	}
	json_end(&writer, '}');
}

static int by_id(const void *a, const void *b)
{
	const struct spare_blob *left = a, *right = b;

	return object_id_compare(&left->id, &right->id);
}

static int write_spare(struct store_txn *txn, struct spare_blobs *spare, struct object_id *ret,
		       struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer dir = { 0 };

	qsort(spare->items, spare->count, sizeof *spare->items, by_id);
	for (size_t i = 0; i < spare->count; i++) {
		const struct spare_blob *blob = &spare->items[i];

		if (i > 0 && by_id(blob, blob - 1) == 0)
			continue;
		add_file(&dir, object_id_hex(&blob->id).text, &blob->id, blob->size);
	}
	return dir_writer_finish(&dir, put_dir, txn, ret, err);
}

int layer_record_write(struct store_txn *txn, const struct layer_record *record,
		       struct spare_blobs *spare, struct object_id *ret, struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer dir = { 0 };
	cleanup_with(buf_release) struct buf about = { 0 };
	struct object_id id;
	int r;

	write_about(record, &about);
	r = store_txn_put(txn, OBJECT_BLOB, about.data, about.length, &id, err);
	if (r < 0)
		return r;
	add_file(&dir, "about", &id, about.length);
	add_file(&dir, "recipe", &record->recipe, record->recipe_size);
	if (spare->count) {
		struct dir_entry entry = {
			.type = DIR_ENTRY_DIR, .mode = 0555, .name = "spare", .name_length = 5
		};

		r = write_spare(txn, spare, &entry.id, err);
		if (r < 0)
			return r;
		dir_writer_add(&dir, &entry);
	}
	return dir_writer_finish(&dir, put_dir, txn, ret, err);
}

/* ---- reading ---- */

static int read_received(const struct json_value *root, struct layer_record *ret, struct error *err)
{
	struct json_value received;
	const char *text;
	int r = json_get_object(root, "received", &received, err);

	if (r <= 0)
		return r;
	r = json_need_string(&received, "mediaType", &text, err);
	if (r < 0)
		return r;
	ret->received_type = xstrdup(text);
	r = json_need_string(&received, "digest", &text, err);
	if (r == 0)
		r = digest_parse(text, &ret->received_digest, err);
	return r < 0 ? r : json_need_u64(&received, "size", &ret->received_size, err);
}

static int read_about(struct store *store, const struct object_id *id, struct layer_record *ret,
		      struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	const char *text = NULL;
	int r = store_read(store, id, OBJECT_BLOB, ABOUT_MAX, &bytes, err);

	if (r == 0)
		r = json_document_parse(bytes.data, bytes.length, "facts of a layer", &document,
					err);
	if (r == 0)
		r = json_need_string(&document.root, "diffID", &text, err);
	if (r == 0)
		r = digest_parse(text, &ret->diff_id, err);
	if (r == 0)
		r = json_need_u64(&document.root, "size", &ret->size, err);
	return r < 0 ? r : read_received(&document.root, ret, err);
}

static bool is_named(const struct dir_entry *entry, const char *name)
{
	return entry->type == DIR_ENTRY_FILE && entry->name_length == strlen(name) &&
	       memcmp(entry->name, name, entry->name_length) == 0;
}

static int read_entries(struct store *store, const struct object_id *id, struct layer_record *ret,
			struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	struct object_id about = { 0 };
	struct dir_entry entry;
	int r = dir_cursor_open(store, id, &cursor, err);

	if (r < 0)
		return r;
	while ((r = dir_cursor_next(&cursor, &entry, err)) > 0) {
		if (is_named(&entry, "about")) {
			about = entry.id;
		} else if (is_named(&entry, "recipe")) {
			ret->recipe = entry.id;
			ret->recipe_size = entry.size;
		}
	}
	if (r < 0)
		return r;
	if (object_id_is_zero(&about) || object_id_is_zero(&ret->recipe))
		return error_set(err, -EBADMSG, "something is missing");
	return read_about(store, &about, ret, err);
}

int layer_record_read(struct store *store, const struct object_id *id, struct layer_record *ret,
		      struct error *err)
{
	struct layer_record record = { 0 };
	int r = read_entries(store, id, &record, err);

	if (r < 0) {
		layer_record_release(&record);
		return error_prefix(err, r, "facts of a layer in object %s",
				    object_id_hex(id).text);
	}
	*ret = record;
	return 0;
}

void layer_record_release(struct layer_record *record)
{
	free(record->received_type);
	*record = (struct layer_record){ 0 };
}
