/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/catalog.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/cleanup.h"
#include "fs/base/hash.h"
#include "fs/base/path.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/show.h"

/* ---- lists ---- */

static struct catalog_entry *add(struct catalog_list *list, enum catalog_kind kind,
				 const char *name)
{
	struct catalog_entry *entry;

	array_reserve_one(list->items, list->count, list->capacity);
	entry = &list->items[list->count++];
	*entry = (struct catalog_entry){ .kind = kind, .name = xstrdup(name) };
	return entry;
}

void catalog_add_dir(struct catalog_list *list, const char *name, int64_t time_s)
{
	add(list, CATALOG_DIR, name)->time_s = time_s;
}

void catalog_add_link(struct catalog_list *list, const char *name, const char *target,
		      int64_t time_s)
{
	struct catalog_entry *entry = add(list, CATALOG_LINK, name);

	entry->target = xstrdup(target);
	entry->time_s = time_s;
}

void catalog_add_state(struct catalog_list *list, const char *name,
		       const struct object_id *snapshot)
{
	add(list, CATALOG_STATE, name)->snapshot = *snapshot;
}

void catalog_list_release(struct catalog_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].target);
	}
	free(list->items);
	*list = (struct catalog_list){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct catalog_entry *)a)->name,
		      ((const struct catalog_entry *)b)->name);
}

/* Sorted, and without names that cannot be or are there already. */
static void put_in_order(struct catalog_list *list)
{
	size_t count = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_name);
	for (size_t i = 0; i < list->count; i++) {
		struct catalog_entry *entry = &list->items[i];

		if (path_name_valid(entry->name, strlen(entry->name)) &&
		    (!count || strcmp(list->items[count - 1].name, entry->name) != 0)) {
			list->items[count++] = *entry;
			continue;
		}
		free(entry->name);
		free(entry->target);
	}
	list->count = count;
}

/* ---- showing ---- */

/* What a name stands for: with another answer it is something else. */
static uint64_t what_of(const struct catalog_entry *entry)
{
	switch (entry->kind) {
	case CATALOG_LINK:
		return hash64(entry->target, strlen(entry->target));
	case CATALOG_STATE:
		return get_le64(entry->snapshot.bytes);
	case CATALOG_DIR:
		break;
	}
	return 0;
}

/* A state that is gone, or cannot be read, has no name either. */
static struct node *show_state(struct catalog *catalog, struct tree *tree, struct node *dir,
			       const struct catalog_entry *entry)
{
	struct snapshot_record record;

	if (store_lease_hold(catalog->lease, &entry->snapshot, NULL) < 0 ||
	    snapshot_load(catalog->store, &entry->snapshot, &record, NULL) < 0)
		return NULL;
	return tree_show_tree(tree, dir, entry->name, what_of(entry), &record.root);
}

static void show(struct catalog *catalog, struct tree *tree, struct node *dir,
		 const struct catalog_entry *entry)
{
	struct node *node;

	if (entry->kind == CATALOG_STATE) {
		(void)show_state(catalog, tree, dir, entry);
		return;
	}
	if (entry->kind == CATALOG_DIR)
		node = tree_show_dir(tree, dir, entry->name, 0);
	else
		node = tree_show_link(tree, dir, entry->name, what_of(entry), entry->target);
	node->mtime.s = node->ctime.s = entry->time_s;
}

/* Take away what is not in the list, or is something else there. */
static void hide_others(struct tree *tree, struct node *dir, const struct catalog_list *list)
{
	struct dentry *dentry;
	uint64_t position = 0;

	while ((dentry = name_table_from(dir->dir.children, position))) {
		struct catalog_entry key = { .name = dentry->name };
		const struct catalog_entry *entry =
			list->count ? bsearch(&key, list->items, list->count, sizeof key, by_name)
				    : NULL;

		position = dentry->position + 1;
		if (!entry || dentry->node->ino != tree_shown_ino(dir, entry->name, what_of(entry)))
			tree_hide(tree, dentry);
	}
}

static int list_again(struct overlay_lister *lister, struct tree *tree, struct node *dir)
{
	struct catalog *catalog =
		(struct catalog *)((char *)lister - offsetof(struct catalog, lister));
	cleanup_free char *path = node_path(dir);
	struct catalog_list list = { 0 };
	int r = catalog->list(catalog, catalog->store, path, &list);

	if (r == 0) {
		put_in_order(&list);
		hide_others(tree, dir, &list);
	}
	for (size_t i = 0; i < list.count && r == 0; i++) {
		const struct catalog_entry *entry = &list.items[i];

		if (!name_table_find(dir->dir.children, entry->name, strlen(entry->name)))
			show(catalog, tree, dir, entry);
		if (!dir->names && entry->time_s > dir->mtime.s)
			dir->mtime.s = dir->ctime.s = entry->time_s;
	}
	catalog_list_release(&list);
	return r;
}

int catalog_open(struct catalog *catalog, struct store *store, struct store_lease *lease,
		 struct overlay **ret, struct error *err)
{
	catalog->lister.list = list_again;
	catalog->store = store;
	catalog->lease = lease;
	return overlay_open_listed(store, &catalog->lister, ret, err);
}
