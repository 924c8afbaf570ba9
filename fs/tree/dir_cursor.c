/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/dir_cursor.h"

#include <errno.h>

#include "fs/base/error.h"
#include "fs/store/store.h"

static int read_object(struct dir_cursor *cursor, const struct object_id *id, struct buf *ret,
		       struct dir_reader *reader, struct error *err)
{
	int r;

	buf_clear(ret);
	r = store_read(cursor->store, id, OBJECT_DIR, DIR_OBJECT_MAX, ret, err);
	if (r < 0)
		return r;
	r = dir_reader_init(reader, ret->data, ret->length, err);
	return r < 0 ? error_prefix(err, r, "object %s", object_id_hex(id).text) : 0;
}

int dir_cursor_open(struct store *store, const struct object_id *id, struct dir_cursor *ret,
		    struct error *err)
{
	struct dir_reader reader;
	int r;

	*ret = (struct dir_cursor){ .store = store, .id = *id };
	if (object_id_is_zero(id))
		return 0;
	r = read_object(ret, id, &ret->leaf, &reader, err);
	if (r < 0) {
		dir_cursor_release(ret);
		return r;
	}
	ret->paged = reader.paged;
	if (reader.paged) {
		struct buf swap = ret->list;

		ret->list = ret->leaf;
		ret->leaf = swap;
		ret->pages = reader;
	} else {
		ret->entries = reader;
		ret->in_leaf = true;
	}
	return 0;
}

/* 1 when there is another page to read entries from. */
static int next_page(struct dir_cursor *cursor, struct error *err)
{
	struct dir_page page;
	int r = dir_reader_next_page(&cursor->pages, &page, err);

	if (r <= 0)
		return r;
	r = read_object(cursor, &page.id, &cursor->leaf, &cursor->entries, err);
	if (r < 0)
		return r;
	if (cursor->entries.paged || cursor->entries.count != page.count)
		return error_set(err, -EBADMSG, "object %s: not the page it should be",
				 object_id_hex(&page.id).text);
	cursor->in_leaf = true;
	return 1;
}

int dir_cursor_next(struct dir_cursor *cursor, struct dir_entry *ret, struct error *err)
{
	for (;;) {
		int r = cursor->in_leaf ? dir_reader_next(&cursor->entries, ret, err) : 0;

		if (r > 0)
			return r;
		if (r < 0)
			return error_prefix(err, r, "object %s", object_id_hex(&cursor->id).text);
		if (!cursor->paged)
			return 0;
		cursor->in_leaf = false;
		r = next_page(cursor, err);
		if (r <= 0)
			return r;
	}
}

int dir_cursor_skip_to(struct dir_cursor *cursor, const char *name, size_t length,
		       struct error *err)
{
	struct dir_reader ahead = cursor->pages, page_at = cursor->pages;
	struct dir_page page;
	int r = 0;

	while (cursor->paged && (r = dir_reader_next_page(&ahead, &page, err)) > 0) {
		if (dir_name_compare(page.first_name, page.first_name_length, name, length) > 0)
			break;
		cursor->pages = page_at;
		cursor->in_leaf = false;
		page_at = ahead;
	}
	return r < 0 ? r : 0;
}

void dir_cursor_release(struct dir_cursor *cursor)
{
	buf_release(&cursor->list);
	buf_release(&cursor->leaf);
	*cursor = (struct dir_cursor){ 0 };
}
