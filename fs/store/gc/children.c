/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/children.h"

#include "fs/base/alloc.h"
#include "fs/object/dir.h"
#include "fs/object/extents.h"
#include "fs/object/snapshot_record.h"

static void add(struct child_list *list, const struct object_id *id, enum child_role role)
{
	if (object_id_is_zero(id))
		return;
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = (struct child){ *id, role };
}

static int add_of_dir(struct child_list *list, const void *data, size_t size, struct error *err)
{
	struct dir_reader reader;
	struct dir_entry entry;
	struct dir_page page;
	int r = dir_reader_init(&reader, data, size, err);

	if (r < 0)
		return r;
	if (reader.paged) {
		while ((r = dir_reader_next_page(&reader, &page, err)) > 0)
			add(list, &page.id, CHILD_DIR);
		return r;
	}
	while ((r = dir_reader_next(&reader, &entry, err)) > 0) {
		if (entry.type == DIR_ENTRY_DIR)
			add(list, &entry.id, CHILD_DIR);
		else if (entry.type == DIR_ENTRY_FILE)
			add(list, &entry.id, CHILD_BLOB);
		add(list, &entry.xattrs, CHILD_XATTRS);
	}
	return r;
}

static int add_of_snapshot(struct child_list *list, const void *data, size_t size,
			   struct error *err)
{
	struct snapshot_record record;
	int r = snapshot_record_decode(data, size, &record, err);

	if (r < 0)
		return r;
	add(list, &record.root.dir, CHILD_DIR);
	add(list, &record.root.xattrs, CHILD_XATTRS);
	add(list, &record.root.links, CHILD_LINKS);
	add(list, &record.config, CHILD_BLOB);
	add(list, &record.layer, CHILD_DIR);
	add(list, &record.parent, CHILD_SNAPSHOT);
	return 0;
}

static int add_of_extents(struct child_list *list, const void *data, size_t size, struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	int r = extents_decode(data, size, &extents, err);

	for (size_t i = 0; i < extents.count && r == 0; i++)
		add(list, &extents.items[i].source, CHILD_SOURCE);
	return r;
}

int children_add(struct child_list *list, enum object_kind kind, const void *data, size_t size,
		 struct error *err)
{
	size_t before = list->count;
	int r = 0;

	if (kind == OBJECT_DIR)
		r = add_of_dir(list, data, size, err);
	else if (kind == OBJECT_SNAPSHOT)
		r = add_of_snapshot(list, data, size, err);
	else if (kind == OBJECT_EXTENTS)
		r = add_of_extents(list, data, size, err);
	if (r < 0)
		list->count = before;
	return r;
}

void child_list_release(struct child_list *list)
{
	free(list->items);
	*list = (struct child_list){ 0 };
}
