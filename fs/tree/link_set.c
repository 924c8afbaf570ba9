/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/store/store.h"
#include "fs/tree/tree_internal.h"

#define LINKS_OBJECT_MAX ((size_t)256 << 20)

struct link_set *link_set_new(struct tree *tree, struct node *node, uint64_t id, bool complete)
{
	struct link_set *set = xcalloc(1, sizeof *set);

	set->node = node;
	set->complete = complete;
	for (struct dentry *name = node->names; name; name = name->next_name)
		set->last = name;
	set->next = tree->sets;
	if (tree->sets)
		tree->sets->previous = set;
	tree->sets = set;
	node->links = set;
	link_set_rename(tree, set, id);
	return set;
}

struct link_set *link_set_find(struct tree *tree, uint64_t id)
{
	struct link_set *set;

	HASH_FIND(hh, tree->sets_by_id, &id, sizeof id, set);
	return set;
}

void link_set_rename(struct tree *tree, struct link_set *set, uint64_t id)
{
	if (set->id)
		HASH_DEL(tree->sets_by_id, set);
	set->id = id;
	if (id)
		HASH_ADD(hh, tree->sets_by_id, id, sizeof set->id, set);
}

void link_set_free(struct tree *tree, struct link_set *set)
{
	link_set_rename(tree, set, 0);
	if (set->previous)
		set->previous->next = set->next;
	else
		tree->sets = set->next;
	if (set->next)
		set->next->previous = set->previous;
	set->node->links = NULL;
	free(set);
}

int tree_load_links(struct tree *tree, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	if (tree->links_loaded)
		return 0;
	if (!object_id_is_zero(&tree->base.links)) {
		r = store_read(tree->store, &tree->base.links, OBJECT_LINKS, LINKS_OBJECT_MAX,
			       &bytes, err);
		if (r == 0)
			r = links_decode(bytes.data, bytes.length, &tree->links, err);
		if (r < 0)
			return r;
	}
	tree->links_loaded = true;
	return 0;
}

/* Load the directory that `path` is in, as far as it is still where it was stored. */
static int load_path(struct tree *tree, const char *path, struct error *err)
{
	struct node *dir = tree->root;
	const char *name;
	size_t length;

	while (path_next(&path, &name, &length)) {
		struct dentry *dentry;
		int r = tree_find(tree, dir, name, length, &dentry, err);

		if (r <= 0)
			return r;
		dir = dentry->node;
		if (!node_is_dir(dir))
			return 0;
	}
	return 0;
}

static uint32_t count_names(const struct node *node)
{
	uint32_t count = 0;

	for (const struct dentry *name = node->names; name; name = name->next_name)
		count++;
	return count;
}

int link_set_complete(struct tree *tree, struct link_set *set, struct error *err)
{
	const struct link_group *group;
	int r;

	if (set->complete)
		return 0;
	if (count_names(set->node) == set->node->link_count) {
		set->complete = true;
		return 0;
	}
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	group = links_find(&tree->links, set->id);
	for (size_t i = 0; group && i < group->paths.count; i++) {
		r = load_path(tree, group->paths.items[i], err);
		if (r < 0)
			return r;
	}
	if (count_names(set->node) != set->node->link_count)
		return error_set(err, -EBADMSG, "the names of a hard link do not add up");
	set->complete = true;
	return 0;
}

int link_set_forget(struct tree *tree, struct link_set *set, struct error *err)
{
	int r;

	if (!set->id)
		return 0;
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	links_remove(&tree->links, set->id);
	link_set_rename(tree, set, 0);
	return 0;
}

/* Ids of the stored groups that have a name below the directory at path `top`. */
static size_t groups_below(const struct tree *tree, const char *top, uint64_t **ret)
{
	size_t length = strlen(top), count = 0, capacity = 0;
	uint64_t *ids = NULL;

	for (size_t i = 0; i < tree->links.count; i++) {
		const struct link_group *group = &tree->links.groups[i];
		bool below = false;

		for (size_t j = 0; j < group->paths.count && !below; j++) {
			const char *path = group->paths.items[j];

			below = strncmp(path, top, length) == 0 && path[length] == '/';
		}
		if (!below)
			continue;
		array_reserve_one(ids, count, capacity);
		ids[count++] = group->id;
	}
	*ret = ids;
	return count;
}

int link_sets_touch_below(struct tree *tree, struct node *dir, struct error *err)
{
	cleanup_free char *top = node_path(dir);
	cleanup_free uint64_t *ids = NULL;
	size_t count;
	int r;

	if (object_id_is_zero(&tree->base.links))
		return 0;
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	count = groups_below(tree, top, &ids);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct link_group *group = links_find(&tree->links, ids[i]);
		struct link_set *set;

		r = load_path(tree, group->paths.items[0], err);
		set = r == 0 ? link_set_find(tree, ids[i]) : NULL;
		if (set)
			r = tree_touch(tree, set->node, err);
	}
	return r;
}
