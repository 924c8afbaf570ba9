/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/lookup.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/store/store.h"

#define SYMLINKS_MAX 40

/* A walk under way: what is left of the path grows by the targets of symlinks on it. */
struct walk {
	struct tree *tree;
	struct node *at;       /* directory reached */
	struct dentry *dentry; /* its name, or the last thing found */
	struct buf rest;
	size_t rest_at;
	unsigned links;
};

static bool next_name(struct walk *walk, const char **ret_name, size_t *ret_length)
{
	const char *start = buf_string(&walk->rest) + walk->rest_at, *at = start;

	if (!path_next(&at, ret_name, ret_length))
		return false;
	walk->rest_at += (size_t)(at - start);
	return true;
}

static bool more_follows(const struct walk *walk)
{
	const char *at = buf_string(&walk->rest) + walk->rest_at, *name;
	size_t length;

	return path_next(&at, &name, &length);
}

/* Put the target of a symlink in front of what is left. */
static int follow(struct walk *walk, const struct node *link, struct error *err)
{
	struct buf rest = { 0 };

	if (++walk->links > SYMLINKS_MAX)
		return error_set(err, -ELOOP, "too many symbolic links");
	if (link->target[0] == '/')
		walk->at = tree_root_node(walk->tree);
	buf_add_string(&rest, link->target);
	buf_add_char(&rest, '/');
	buf_add_string(&rest, buf_string(&walk->rest) + walk->rest_at);
	buf_release(&walk->rest);
	walk->rest = rest;
	walk->rest_at = 0;
	return 0;
}

/* The names that do not exist, with what is relative in them worked out. */
static char *missing_names(const char *first, size_t length, const char *rest)
{
	cleanup_free char *all = xasprintf("/%.*s/%s", (int)length, first, rest);
	char *clean = path_clean(all);

	memmove(clean, clean + 1, strlen(clean));
	return clean;
}

static void arrive(struct walk *walk, struct tree_place *ret, struct dentry *dentry)
{
	ret->dir = dentry ? dentry->parent : node_parent(walk->at);
	ret->dentry = dentry ? dentry : walk->at->names;
	ret->node = dentry ? dentry->node : walk->at;
}

static int walk_path(struct walk *walk, unsigned flags, struct tree_place *ret, struct error *err)
{
	const char *name;
	size_t length;

	while (next_name(walk, &name, &length)) {
		struct dentry *dentry;
		struct node *node;
		int r;

		if (length == 1 && name[0] == '.')
			continue;
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			walk->at = node_parent(walk->at);
			continue;
		}
		if (length > DIR_NAME_MAX)
			return error_set(err, -ENAMETOOLONG, "a name is longer than 255 bytes");
		r = tree_find(walk->tree, walk->at, name, length, &dentry, err);
		if (r < 0)
			return r;
		if (r == 0) {
			ret->dir = walk->at;
			ret->missing = missing_names(name, length,
						     buf_string(&walk->rest) + walk->rest_at);
			return 0;
		}
		node = dentry->node;
		if (node->type == DIR_ENTRY_SYMLINK &&
		    (more_follows(walk) || !(flags & TREE_NOFOLLOW))) {
			r = follow(walk, node, err);
			if (r < 0)
				return r;
			continue;
		}
		if (!node_is_dir(node)) {
			if (more_follows(walk))
				return error_set(err, -ENOTDIR, "'%s' is not a directory",
						 dentry->name);
			arrive(walk, ret, dentry);
			return 0;
		}
		walk->at = node;
	}
	arrive(walk, ret, NULL);
	return 0;
}

int tree_resolve(struct tree *tree, struct node *start, const char *path, unsigned flags,
		 struct tree_place *ret, struct error *err)
{
	struct walk walk = { .tree = tree, .at = start ? start : tree_root_node(tree) };
	int r;

	*ret = (struct tree_place){ 0 };
	if (path[0] == '/')
		walk.at = tree_root_node(tree);
	buf_add_string(&walk.rest, path);
	r = walk_path(&walk, flags, ret, err);
	buf_release(&walk.rest);
	return r;
}

void tree_place_release(struct tree_place *place)
{
	free(place->missing);
	*place = (struct tree_place){ 0 };
}

int tree_lookup(struct tree *tree, const char *path, unsigned flags, struct node **ret,
		struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	int r = tree_resolve(tree, NULL, path, flags, &place, err);

	if (r < 0 || !place.node)
		return r;
	*ret = place.node;
	return 1;
}

int tree_read_file(struct tree *tree, const struct node *node, size_t limit, struct buf *ret,
		   struct error *err)
{
	if (!node_is_file(node))
		return error_set(err, -EINVAL, "not a regular file");
	if (node->size > limit)
		return error_set(err, -E2BIG, "the file is larger than %zu bytes", limit);
	switch ((enum node_content)node->content) {
	case CONTENT_EMPTY:
		return 0;
	case CONTENT_INLINE:
		buf_append(ret, node->bytes, node->size);
		return 0;
	case CONTENT_BLOB:
		return store_read(tree_store(tree), &node->blob, OBJECT_BLOB, limit, ret, err);
	case CONTENT_STAGED:
		break;
	}
	return error_set(err, -EBUSY, "the file has not been stored yet");
}

ssize_t tree_read_head(struct tree *tree, const struct node *node, void *data, size_t size,
		       struct error *err)
{
	size_t length = node->size < size ? (size_t)node->size : size;

	if (!node_is_file(node))
		return error_set(err, -EINVAL, "not a regular file");
	switch ((enum node_content)node->content) {
	case CONTENT_EMPTY:
		return 0;
	case CONTENT_INLINE:
		memcpy(data, node->bytes, length);
		return (ssize_t)length;
	case CONTENT_BLOB:
		return store_pread(tree_store(tree), &node->blob, data, size, 0, err);
	case CONTENT_STAGED:
		break;
	}
	return error_set(err, -EBUSY, "the file has not been stored yet");
}
