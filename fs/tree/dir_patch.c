/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/dir_patch.h"

#include <errno.h>

#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/dir_cursor.h"

struct patch {
	struct store *store;
	const struct dir_change *changes;
	size_t count, next;
	struct dir_writer writer; /* since the last page that is done */
	struct dir_pages pages;
	struct buf leaf;
	dir_put_fn put;
	void *context;
};

/* The next change comes before this name; NULL: there is one. */
static bool has_change_before(const struct patch *patch, const char *name, size_t length)
{
	const struct dir_change *change = &patch->changes[patch->next];

	if (patch->next == patch->count)
		return false;
	return !name || dir_name_compare(change->name, change->length, name, length) < 0;
}

static void add_changes_before(struct patch *patch, const char *name, size_t length)
{
	for (; has_change_before(patch, name, length); patch->next++) {
		if (patch->changes[patch->next].present)
			dir_writer_add(&patch->writer, &patch->changes[patch->next].entry);
	}
}

/* What is stored, unless it has changed; and what comes before. */
static void add_stored(struct patch *patch, const struct dir_entry *entry)
{
	const struct dir_change *change;

	add_changes_before(patch, entry->name, entry->name_length);
	change = &patch->changes[patch->next];
	if (patch->next == patch->count ||
	    dir_name_compare(change->name, change->length, entry->name, entry->name_length) != 0) {
		dir_writer_add(&patch->writer, entry);
		return;
	}
	if (change->present)
		dir_writer_add(&patch->writer, &change->entry);
	patch->next++;
}

static int read_object(struct patch *patch, const struct object_id *id, struct buf *ret,
		       struct dir_reader *reader, struct error *err)
{
	int r;

	buf_clear(ret);
	r = store_read(patch->store, id, OBJECT_DIR, DIR_OBJECT_MAX, ret, err);
	if (r == 0)
		r = dir_reader_init(reader, ret->data, ret->length, err);
	return r < 0 ? error_prefix(err, r, "object %s", object_id_hex(id).text) : 0;
}

/* The page with what has changed in it, up to the first name of the one behind it. */
static int add_page(struct patch *patch, const struct dir_page *page, const struct dir_page *behind,
		    struct error *err)
{
	struct dir_reader reader;
	struct dir_entry entry;
	int r = read_object(patch, &page->id, &patch->leaf, &reader, err);

	if (r == 0 && (reader.paged || reader.count != page->count))
		r = error_set(err, -EBADMSG, "object %s: not the page it should be",
			      object_id_hex(&page->id).text);
	while (r >= 0 && (r = dir_reader_next(&reader, &entry, err)) > 0)
		add_stored(patch, &entry);
	if (r < 0)
		return r;
	add_changes_before(patch, behind ? behind->first_name : NULL,
			   behind ? behind->first_name_length : 0);
	if (!dir_writer_at_page_end(&patch->writer))
		return 0;
	return dir_pages_add(&patch->pages, &patch->writer, patch->put, patch->context, err);
}

static int patch_pages(struct patch *patch, struct dir_reader *list, struct error *err)
{
	struct dir_page page, behind;
	int left = dir_reader_next_page(list, &page, err);

	while (left > 0) {
		bool changed;
		int r = 0;

		left = dir_reader_next_page(list, &behind, err);
		if (left < 0)
			return left;
		changed = has_change_before(patch, left ? behind.first_name : NULL,
					    left ? behind.first_name_length : 0);
		/* Pages end where their names say so: where one of the new ones ends with an old
		 * one, all behind it are the same again. */
		if (changed || patch->writer.count)
			r = add_page(patch, &page, left ? &behind : NULL, err);
		else
			dir_pages_keep(&patch->pages, &page);
		if (r < 0)
			return r;
		page = behind;
	}
	if (left < 0)
		return left;
	return dir_pages_add(&patch->pages, &patch->writer, patch->put, patch->context, err);
}

/* All of it anew. */
static int rewrite(struct patch *patch, const struct object_id *base, struct object_id *ret,
		   struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	struct dir_entry entry;
	int r = dir_cursor_open(patch->store, base, &cursor, err);

	patch->next = 0;
	while (r >= 0 && (r = dir_cursor_next(&cursor, &entry, err)) > 0)
		add_stored(patch, &entry);
	if (r < 0)
		return r;
	add_changes_before(patch, NULL, 0);
	return dir_writer_finish(&patch->writer, patch->put, patch->context, ret, err);
}

static int patch_all(struct patch *patch, const struct object_id *base, struct object_id *ret,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct dir_reader list;
	int r = read_object(patch, base, &bytes, &list, err);

	if (r < 0)
		return r;
	if (!list.paged)
		return rewrite(patch, base, ret, err);
	r = patch_pages(patch, &list, err);
	if (r < 0)
		return r;
	if (patch->pages.entry_count <= DIR_LEAF_MAX_ENTRIES)
		return rewrite(patch, base, ret, err);
	return dir_pages_finish(&patch->pages, patch->put, patch->context, ret, err);
}

int dir_patch(struct store *store, const struct object_id *base, const struct dir_change *changes,
	      size_t count, dir_put_fn put, void *context, struct object_id *ret, struct error *err)
{
	struct patch patch = {
		.store = store, .changes = changes, .count = count, .put = put, .context = context
	};
	int r = patch_all(&patch, base, ret, err);

	dir_writer_release(&patch.writer);
	dir_pages_release(&patch.pages);
	buf_release(&patch.leaf);
	return r;
}
