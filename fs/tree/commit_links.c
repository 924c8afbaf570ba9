/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of hard links of a tree that is being committed. */
#include <errno.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/tree_internal.h"

/* The paths of all names of a node that are part of the state, sorted. */
static void paths_of(const struct node *node, struct strings *ret)
{
	for (const struct dentry *name = node->names; name; name = name->next_name)
		strings_take(ret, dentry_path(name));
	strings_sort(ret);
}

/* Put the groups that changed into the list of all, under the ids that they have now. */
int tree_renew_links(struct tree *tree, struct error *err)
{
	bool any = false;
	int r;

	for (struct link_set *set = tree->sets; set && !any; set = set->next)
		any = set->node->flags & NODE_CHANGED;
	if (!any)
		return 0;
	/* Those of a commit that was aborted still have the ids it gave them. */
	for (struct link_set *set = tree->sets; set; set = set->next) {
		r = set->node->flags & NODE_CHANGED ? link_set_forget(tree, set, err) : 0;
		if (r < 0)
			return r;
	}
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	for (struct link_set *set = tree->sets; set; set = set->next) {
		cleanup_with(strings_release) struct strings paths = { 0 };
		uint64_t id;

		if (!(set->node->flags & NODE_CHANGED) || set->node->link_count < 2)
			continue;
		paths_of(set->node, &paths);
		id = links_id_of(paths.items[0]);
		if (links_find(&tree->links, id))
			return error_set(err, -EEXIST, "two groups of hard links share an id");
		for (size_t i = 0; i < paths.count; i++)
			links_add(&tree->links, id, paths.items[i]);
		link_set_rename(tree, set, id);
	}
	return 0;
}

int tree_write_links(struct tree *tree, struct store_txn *txn, struct object_id *ret,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };

	*ret = tree->base.links;
	if (!tree->links_loaded)
		return 0;
	*ret = (struct object_id){ 0 };
	if (!tree->links.count)
		return 0;
	links_encode(&tree->links, &bytes);
	return store_txn_put(txn, OBJECT_LINKS, bytes.data, bytes.length, ret, err);
}

void tree_apply_links(struct tree *tree)
{
	struct link_set *set, *next;

	for (set = tree->sets; set; set = next) {
		next = set->next;
		if (set->node->link_count < 2 && set->complete)
			link_set_free(tree, set);
	}
}
