/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes by their inode numbers, for those who know a file by a descriptor and not by a name. */
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/overlay/overlay_internal.h"

/* Directories in memory whose names have not been looked at. */
struct pending {
	struct node **items;
	size_t count, capacity;
};

static void add(struct pending *pending, struct node *node)
{
	if (!node_is_dir(node) || !node->dir.children)
		return;
	array_reserve_one(pending->items, pending->count, pending->capacity);
	pending->items[pending->count++] = node;
}

static struct node *find(struct overlay *overlay, uint64_t ino)
{
	struct pending pending = { 0 };
	struct node *found = NULL;

	add(&pending, overlay_root(overlay));
	while (pending.count > 0 && !found) {
		struct node *dir = pending.items[--pending.count];
		struct dentry *dentry;

		name_table_each(dir->dir.children, dentry)
		{
			if (dentry->node->ino == ino) {
				found = dentry->node;
				break;
			}
			add(&pending, dentry->node);
		}
	}
	free(pending.items);
	return found;
}

struct node *overlay_find_number(struct overlay *overlay, uint64_t ino)
{
	struct node *node = overlay_root(overlay);

	if (ino == node->ino)
		return node;
	/* Whoever asks once asks again for the same: the search looks at all that is in memory. */
	if (overlay->found && overlay->found->ino == ino &&
	    !(overlay->found->flags & NODE_DETACHED))
		return overlay->found;
	if (overlay->found)
		overlay_forget(overlay, overlay->found, 1);
	overlay->found = find(overlay, ino);
	if (overlay->found)
		overlay->found->lookups++;
	return overlay->found;
}
