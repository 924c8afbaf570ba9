/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/trace.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/dir_cursor.h"
#include "fs/tree/tree_internal.h"

/* ---- what a node is ---- */

static int content_of(struct node *node, struct content_resolver *resolver, struct object_id *ret,
		      struct error *err)
{
	switch ((enum dir_entry_type)node->type) {
	case DIR_ENTRY_DIR:
		*ret = node->dir.id;
		return 0;
	case DIR_ENTRY_SYMLINK:
		*ret = object_id_of(node->target, node->size);
		return 0;
	case DIR_ENTRY_FILE:
		break;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
	case DIR_ENTRY_FIFO:
	case DIR_ENTRY_SOCKET:
		return 0;
	}
	if (node->content == CONTENT_STAGED) {
		int r = resolver ? resolver->resolve(resolver, node, err)
				 : error_set(err, -EBUSY, "a file has not been stored yet");

		if (r < 0)
			return r;
	}
	if (node->content == CONTENT_BLOB)
		*ret = node->blob;
	else if (node->content == CONTENT_INLINE)
		*ret = object_id_of(node->bytes, node->size);
	return 0;
}

static int xattrs_of(struct tree *tree, struct node *node, struct trace_entry *ret,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	const struct xattrs *list;
	int r;

	if (!node->xattrs)
		return 0;
	ret->flags |= TRACE_XATTRS;
	ret->xattrs = node->xattrs->id;
	if (!object_id_is_zero(&ret->xattrs))
		return 0;
	r = node_xattrs_load(tree, node, &list, err);
	if (r < 0)
		return r;
	xattrs_encode(list, &bytes);
	ret->xattrs = object_id_of(buf_string(&bytes), bytes.length);
	return 0;
}

static struct object_id digest_paths(const struct strings *paths)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };

	for (size_t i = 0; i < paths->count; i++)
		buf_append(&bytes, paths->items[i], strlen(paths->items[i]) + 1);
	return object_id_of(buf_string(&bytes), bytes.length);
}

/* Of a stored group all names are known without looking for them. */
static int links_of(struct tree *tree, struct node *node, struct trace_entry *ret,
		    struct error *err)
{
	cleanup_with(strings_release) struct strings paths = { 0 };
	struct link_group *group = NULL;
	int r;

	if (node_is_dir(node) || node->link_count < 2 || !node->links)
		return 0;
	ret->flags |= TRACE_LINKED;
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	if (node->links->id)
		group = links_find(&tree->links, node->links->id);
	if (group) {
		ret->links = digest_paths(&group->paths);
		return 0;
	}
	for (const struct dentry *name = node->names; name; name = name->next_name) {
		cleanup_free char *path = dentry_path(name);

		strings_add(&paths, path);
	}
	strings_sort(&paths);
	ret->links = digest_paths(&paths);
	return 0;
}

int tree_trace_node(struct tree *tree, struct node *node, struct content_resolver *resolver,
		    struct trace_entry *ret, struct error *err)
{
	int r;

	ret->found = true;
	ret->type = node->type;
	ret->mode = node->mode;
	ret->uid = node->uid;
	ret->gid = node->gid;
	r = content_of(node, resolver, &ret->content, err);
	if (r == 0)
		r = xattrs_of(tree, node, ret, err);
	if (r == 0)
		r = links_of(tree, node, ret, err);
	if (r < 0)
		return r;
	if (node_is_dir(node)) {
		ret->size = node_subdirs(node);
		ret->mtime_s = node->mtime.s;
		ret->mtime_ns = node->mtime.ns;
	} else if (node->type == DIR_ENTRY_BLOCK || node->type == DIR_ENTRY_CHAR) {
		ret->size = node->rdev;
	} else {
		ret->size = node->size;
	}
	return 0;
}

/* ---- names in a directory ---- */

static void add_name(struct buf *bytes, uint8_t type, const char *name, size_t length)
{
	buf_add_char(bytes, (char)type);
	buf_append(bytes, name, length);
	buf_add_char(bytes, '\0');
}

int tree_trace_names(struct store *store, const struct object_id *dir, struct object_id *ret,
		     struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct dir_entry entry;
	int r = dir_cursor_open(store, dir, &cursor, err);

	if (r < 0)
		return r;
	while ((r = dir_cursor_next(&cursor, &entry, err)) > 0)
		add_name(&bytes, (uint8_t)entry.type, entry.name, entry.name_length);
	if (r == 0)
		*ret = object_id_of(buf_string(&bytes), bytes.length);
	return r;
}

static int names_in(struct tree *tree, struct node *dir, struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_free struct dentry **sorted = NULL;
	int r = tree_load(tree, dir, err);

	if (r < 0)
		return r;
	sorted = name_table_sorted(dir->dir.children);
	for (uint32_t i = 0; i < dir->dir.children->count; i++) {
		if (!(sorted[i]->node->flags & NODE_GHOST))
			add_name(&bytes, sorted[i]->node->type, sorted[i]->name, sorted[i]->length);
	}
	*ret = object_id_of(buf_string(&bytes), bytes.length);
	return 0;
}

/* ---- comparing ---- */

/* Where an entry of the trace is in the tree: nowhere, when it is absent, or below a directory
 * that is the same as a whole. */
struct spot {
	struct node *node;
	bool same;
};

struct check {
	struct tree *tree;
	const struct trace *trace;
	struct content_resolver *resolver;
	struct content_memo *memo;
	struct spot *spots;
	bool same_links; /* groups of hard links */
	enum trace_difference difference;
};

static int differs(struct check *check, enum trace_difference difference)
{
	check->difference = difference;
	return 0;
}

/* Each of these: 1 the same, 0 differs. */
static int same_whole(struct check *check, const struct trace_entry *entry, struct node *node,
		      struct error *err)
{
	struct object_id digest;
	int r;

	/* Its digest does not tell which of the files in it are one. */
	if (!check->same_links || check->tree->sets)
		return differs(check, TRACE_ANYTHING);
	if (!check->memo)
		check->memo = content_memo_new();
	r = content_digest_node(check->tree, node, check->memo, check->resolver, &digest, err);
	if (r < 0)
		return r;
	return object_id_equal(&digest, &entry->whole) || differs(check, TRACE_ANYTHING);
}

static int same_dir(struct check *check, const struct trace_entry *entry,
		    const struct trace_entry *now, struct spot *spot, struct error *err)
{
	struct node *node = spot->node;
	struct object_id names;
	bool same_time;
	int r;

	spot->same = check->same_links && !(node->flags & NODE_DIR_CHANGED) &&
		     object_id_equal(&node->dir.id, &entry->content);
	if (spot->same)
		return 1;
	if (entry->flags & TRACE_WHOLE) {
		r = same_whole(check, entry, node, err);
		if (r <= 0)
			return r;
	}
	r = names_in(check->tree, node, &names, err);
	if (r < 0)
		return r;
	if (object_id_equal(&names, &entry->names))
		return 1;
	same_time = now->mtime_s == entry->mtime_s && now->mtime_ns == entry->mtime_ns &&
		    node_subdirs(node) == entry->size;
	return (same_time && !(entry->flags & TRACE_LISTED)) || differs(check, TRACE_NAMES);
}

static int same_node(struct check *check, const struct trace_entry *entry, struct spot *spot,
		     struct error *err)
{
	const uint8_t facts = TRACE_XATTRS | TRACE_LINKED;
	struct trace_entry now = { 0 };
	int r;

	if (spot->node->type != entry->type)
		return differs(check, TRACE_TYPE);
	r = tree_trace_node(check->tree, spot->node, check->resolver, &now, err);
	if (r < 0)
		return r;
	if (now.mode != entry->mode || now.uid != entry->uid || now.gid != entry->gid ||
	    !object_id_equal(&now.xattrs, &entry->xattrs))
		return differs(check, TRACE_ATTRIBUTES);
	if (entry->type == DIR_ENTRY_DIR)
		return same_dir(check, entry, &now, spot, err);
	if (now.size != entry->size || !object_id_equal(&now.content, &entry->content))
		return differs(check, TRACE_CONTENT);
	if ((now.flags & facts) != (entry->flags & facts) ||
	    !object_id_equal(&now.links, &entry->links))
		return differs(check, TRACE_LINKS);
	return 1;
}

static int same_entry(struct check *check, uint32_t index, struct error *err)
{
	const struct trace_entry *entry = &check->trace->items[index];
	struct spot *spot = &check->spots[index], *above = &check->spots[entry->parent];
	struct dentry *dentry = NULL;
	int r = 0;

	if (index == 0) {
		spot->node = tree_root_node(check->tree);
		return same_node(check, entry, spot, err);
	}
	spot->same = above->same;
	if (spot->same)
		return 1;
	r = tree_find(check->tree, above->node, entry->name, entry->name_length, &dentry, err);
	if (r < 0)
		return r;
	if (r > 0 && dentry->node->flags & NODE_GHOST)
		r = 0;
	if (!entry->found)
		return r == 0 || differs(check, TRACE_APPEARED);
	if (r == 0)
		return differs(check, TRACE_GONE);
	spot->node = dentry->node;
	return same_node(check, entry, spot, err);
}

int tree_trace_check(struct tree *tree, const struct trace *trace,
		     struct content_resolver *resolver, struct trace_change *ret, struct error *err)
{
	struct check check = { .tree = tree,
			       .trace = trace,
			       .resolver = resolver,
			       .spots = xcalloc(trace->count + 1, sizeof *check.spots),
			       .same_links = object_id_equal(&tree->base.links, &trace->links) };
	int r = 1;

	for (uint32_t i = 0; i < trace->count && r > 0; i++) {
		r = same_entry(&check, i, err);
		if (r == 0)
			*ret = (struct trace_change){ check.difference, trace_path(trace, i) };
	}
	content_memo_free(check.memo);
	free(check.spots);
	return r;
}

const char *trace_difference_words(enum trace_difference difference)
{
	static const char *const words[] = {
		[TRACE_APPEARED] = "was not there",
		[TRACE_GONE] = "is gone",
		[TRACE_TYPE] = "other type",
		[TRACE_ATTRIBUTES] = "other mode, owner or extended attributes",
		[TRACE_CONTENT] = "other content",
		[TRACE_NAMES] = "other names in it",
		[TRACE_LINKS] = "other hard links",
		[TRACE_ANYTHING] = "something in it, which was moved",
	};

	return words[difference];
}
