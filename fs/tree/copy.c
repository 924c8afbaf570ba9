/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/copy.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/edit.h"
#include "fs/tree/tree_internal.h"

/* A directory of the source whose children are being copied. */
struct frame {
	struct node *source;
	struct node *target; /* NULL until something below is taken */
	uint64_t position;   /* in the source */
	size_t path_length;
	bool all; /* no more questions */
};

struct known_file {
	const struct node *source;
	struct node *copy;
	UT_hash_handle hh;
};

struct known_path {
	UT_hash_handle hh;
	char path[];
};

struct copy {
	struct tree *tree, *from;
	struct tree_copier *copier;
	struct frame *frames;
	size_t depth, capacity;
	struct buf path;                /* of what is being looked at, relative to the top */
	struct known_file *files;       /* copies of files with several names */
	struct known_path *linked_dirs; /* source directories with such files in or below them */
};

/* ---- hard links ---- */

/* Remember every directory above `path`, which names a file that has other names. */
static void add_linked_dirs(struct copy *copy, const char *path)
{
	cleanup_free char *dir = xstrdup(path);
	char *slash;

	while ((slash = strrchr(dir, '/'))) {
		struct known_path *known;

		*slash = '\0';
		HASH_FIND_STR(copy->linked_dirs, dir, known);
		if (known)
			return;
		known = xmalloc(sizeof *known + strlen(dir) + 1);
		memcpy(known->path, dir, strlen(dir) + 1);
		HASH_ADD_STR(copy->linked_dirs, path, known);
	}
}

/* Taking a directory over by its id would keep the ids of link groups that stand in it, which
 * are only good where they were made. */
static int find_linked_dirs(struct copy *copy, struct error *err)
{
	struct tree *from = copy->from;
	int r;

	if (object_id_is_zero(&from->base.links))
		return 0;
	r = tree_load_links(from, err);
	for (size_t i = 0; i < from->links.count && r == 0; i++) {
		const struct strings *paths = &from->links.groups[i].paths;

		for (size_t j = 0; j < paths->count; j++)
			add_linked_dirs(copy, paths->items[j]);
	}
	return r;
}

static bool holds_links(const struct copy *copy, const struct node *dir)
{
	cleanup_free char *path = NULL;
	struct known_path *known;

	if (!copy->linked_dirs)
		return false;
	path = node_path(dir);
	if (!*path)
		return true;
	HASH_FIND_STR(copy->linked_dirs, path, known);
	return known;
}

static void remember_copy(struct copy *copy, const struct node *source, struct node *made)
{
	struct known_file *known = xmalloc(sizeof *known);

	known->source = source;
	known->copy = made;
	HASH_ADD_PTR(copy->files, source, known);
}

static struct node *known_copy(const struct copy *copy, const struct node *source)
{
	struct known_file *known;

	HASH_FIND_PTR(copy->files, &source, known);
	return known ? known->copy : NULL;
}

/* ---- one thing ---- */

static struct tree_attr attr_of(const struct node *node)
{
	return (struct tree_attr){
		.mode = node->mode, .uid = node->uid, .gid = node->gid, .mtime = node->mtime
	};
}

static int copy_xattrs(struct copy *copy, struct node *source, struct node *made, struct error *err)
{
	const struct xattrs *list;
	int r;

	if (made->xattrs) {
		xattrs_release(&made->xattrs->list);
		free(made->xattrs);
		made->xattrs = NULL;
	}
	if (!source->xattrs)
		return 0;
	r = node_xattrs_load(copy->from, source, &list, err);
	if (r < 0)
		return r;
	made->xattrs = xcalloc(1, sizeof *made->xattrs);
	made->xattrs->id = source->xattrs->id;
	xattrs_copy(&made->xattrs->list, list);
	return 0;
}

static int copy_content(struct copy *copy, struct node *source, struct node *made,
			struct error *err)
{
	int r = 0;

	switch ((enum dir_entry_type)source->type) {
	case DIR_ENTRY_SYMLINK:
		node_set_target(made, source->target, source->size);
		return 0;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
		made->rdev = source->rdev;
		return 0;
	case DIR_ENTRY_DIR:
	case DIR_ENTRY_FIFO:
	case DIR_ENTRY_SOCKET:
		return 0;
	case DIR_ENTRY_FILE:
		break;
	}
	if (copy->copier->content)
		r = copy->copier->content(copy->copier, source, err);
	if (r < 0)
		return r;
	if (source->content == CONTENT_INLINE)
		node_set_inline(copy->tree, made, source->bytes, source->size);
	else if (source->content == CONTENT_BLOB)
		node_set_blob(copy->tree, made, &source->blob, source->size);
	else if (source->content == CONTENT_STAGED)
		return error_set(err, -EBUSY, "'%s' has not been stored yet",
				 buf_string(&copy->path));
	return 0;
}

static int copy_whole(struct copy *copy, struct node *source, struct node *made, struct error *err)
{
	int r = copy_content(copy, source, made, err);

	if (r == 0)
		r = copy_xattrs(copy, source, made, err);
	if (r == 0 && copy->copier->adjust)
		copy->copier->adjust(copy->copier, made);
	return r;
}

/* May `present` give way to a thing of the source's type? */
static int check_types(const struct copy *copy, const struct dentry *present,
		       const struct node *source, struct error *err)
{
	if (copy->copier->replace_types || node_is_dir(present->node) == node_is_dir(source))
		return 0;
	if (node_is_dir(source))
		return error_set(err, -EEXIST, "cannot copy to non-directory: '%s' is a file",
				 present->name);
	return error_set(err, -EEXIST, "cannot replace to directory '%s' with file", present->name);
}

static int copy_file(struct copy *copy, struct node *dir, const char *name, size_t length,
		     struct node *source, struct error *err)
{
	struct node *made = source->link_count > 1 ? known_copy(copy, source) : NULL;
	struct tree_attr attr = attr_of(source);
	struct dentry *present;
	int r = tree_find(copy->tree, dir, name, length, &present, err);

	if (r > 0)
		r = check_types(copy, present, source, err);
	if (r < 0)
		return r;
	if (made)
		return tree_put_link(copy->tree, dir, name, length, made, err);
	r = tree_put(copy->tree, dir, name, length, source->type, &attr, &made, err);
	if (r == 0)
		r = copy_whole(copy, source, made, err);
	if (r == 0 && source->link_count > 1)
		remember_copy(copy, source, made);
	return r;
}

/* Make the directory, or merge into the one that is there. */
static int copy_dir(struct copy *copy, struct node *dir, const char *name, size_t length,
		    struct node *source, struct node **ret, struct error *err)
{
	struct tree_attr attr = attr_of(source);
	struct dentry *present;
	int r = tree_find(copy->tree, dir, name, length, &present, err);

	if (r > 0) {
		int allowed = check_types(copy, present, source, err);

		if (allowed < 0)
			return allowed;
		if (node_is_dir(present->node) && copy->copier->keep_dir_attributes) {
			*ret = present->node;
			return 0;
		}
	}
	if (r < 0)
		return r;
	r = tree_put(copy->tree, dir, name, length, DIR_ENTRY_DIR, &attr, ret, err);
	return r < 0 ? r : copy_whole(copy, source, *ret, err);
}

/* A directory that can be had by its id alone: 1 done, 0 it has to be walked. */
static int graft(struct copy *copy, struct node *dir, const char *name, size_t length,
		 struct node *source, struct error *err)
{
	const struct tree_copier *copier = copy->copier;
	struct dentry *present;
	struct node *made;
	int r;

	if (copier->adjust || copier->content || source->flags & NODE_DIR_CHANGED ||
	    holds_links(copy, source))
		return 0;
	r = tree_find(copy->tree, dir, name, length, &present, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = copy_dir(copy, dir, name, length, source, &made, err);
	if (r < 0)
		return r;
	name_table_free(made->dir.children);
	made->dir.children = NULL;
	made->size = node_subdirs(source);
	made->dir.id = source->dir.id;
	made->flags &= (uint16_t)~NODE_DIR_CHANGED;
	return 1;
}

/* ---- the walk ---- */

static int push(struct copy *copy, struct node *source, struct node *target, bool all,
		struct error *err)
{
	int r = tree_load(copy->from, source, err);

	if (r < 0)
		return r;
	array_reserve_one(copy->frames, copy->depth, copy->capacity);
	copy->frames[copy->depth++] = (struct frame){
		.source = source, .target = target, .path_length = copy->path.length, .all = all
	};
	return 0;
}

/* The directory to copy into: made now, with those above it, when it was only passed through. */
static int target_of(struct copy *copy, struct node **ret, struct error *err)
{
	size_t i = copy->depth;

	while (!copy->frames[i - 1].target)
		i--;
	for (; i < copy->depth; i++) {
		struct frame *frame = &copy->frames[i];
		const struct dentry *name = frame->source->names;
		int r = copy_dir(copy, copy->frames[i - 1].target, name->name, name->length,
				 frame->source, &frame->target, err);

		if (r < 0)
			return r;
	}
	*ret = copy->frames[copy->depth - 1].target;
	return 0;
}

static int copy_child(struct copy *copy, const struct dentry *child, struct error *err)
{
	struct node *source = child->node, *target, *made = NULL;
	bool all = copy->frames[copy->depth - 1].all || !copy->copier->choose;
	enum tree_copy_choice choice = TREE_COPY_ALL;
	int r = 0;

	if (source->flags & NODE_GHOST)
		return 0;
	if (!all)
		r = copy->copier->choose(copy->copier, buf_string(&copy->path), source, &choice,
					 err);
	if (r < 0 || choice == TREE_COPY_SKIP)
		return r;
	if (choice == TREE_COPY_DESCEND)
		return node_is_dir(source) ? push(copy, source, NULL, false, err) : 0;
	r = target_of(copy, &target, err);
	if (r < 0)
		return r;
	if (!node_is_dir(source))
		return copy_file(copy, target, child->name, child->length, source, err);
	if (choice == TREE_COPY_ALL) {
		r = graft(copy, target, child->name, child->length, source, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	r = copy_dir(copy, target, child->name, child->length, source, &made, err);
	return r < 0 ? r : push(copy, source, made, choice == TREE_COPY_ALL, err);
}

static int run(struct copy *copy, struct error *err)
{
	while (copy->depth > 0) {
		struct frame *frame = &copy->frames[copy->depth - 1];
		struct dentry *child =
			name_table_from(frame->source->dir.children, frame->position);
		int r;

		buf_truncate(&copy->path, frame->path_length);
		if (!child) {
			copy->depth--;
			continue;
		}
		frame->position = child->position + 1;
		if (copy->path.length)
			buf_add_char(&copy->path, '/');
		buf_append(&copy->path, child->name, child->length);
		r = copy_child(copy, child, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void copy_release(struct copy *copy)
{
	struct known_file *file, *next_file;
	struct known_path *path, *next_path;

	HASH_ITER(hh, copy->files, file, next_file) {
		HASH_DEL(copy->files, file);
		free(file);
	}
	HASH_ITER(hh, copy->linked_dirs, path, next_path) {
		HASH_DEL(copy->linked_dirs, path);
		free(path);
	}
	free(copy->frames);
	buf_release(&copy->path);
}

int tree_copy_children(struct tree *tree, struct node *dir, struct tree *from, struct node *node,
		       struct tree_copier *copier, struct error *err)
{
	struct copy copy = { .tree = tree, .from = from, .copier = copier };
	int r = find_linked_dirs(&copy, err);

	if (r == 0)
		r = push(&copy, node, dir, false, err);
	if (r == 0)
		r = run(&copy, err);
	copy_release(&copy);
	return r;
}

int tree_copy(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct tree *from, struct node *node, struct tree_copier *copier, struct error *err)
{
	struct copy copy = { .tree = tree, .from = from, .copier = copier };
	enum tree_copy_choice choice = TREE_COPY_ALL;
	struct node *made;
	int r = find_linked_dirs(&copy, err);

	if (r == 0 && copier->choose)
		r = copier->choose(copier, "", node, &choice, err);
	if (r < 0 || choice == TREE_COPY_SKIP)
		goto out;
	if (!node_is_dir(node)) {
		r = copy_file(&copy, dir, name, length, node, err);
		goto out;
	}
	r = choice == TREE_COPY_ALL ? graft(&copy, dir, name, length, node, err) : 0;
	if (r != 0) {
		r = r < 0 ? r : 0;
		goto out;
	}
	r = copy_dir(&copy, dir, name, length, node, &made, err);
	if (r == 0)
		r = push(&copy, node, made, choice == TREE_COPY_ALL, err);
	if (r == 0)
		r = run(&copy, err);
out:
	copy_release(&copy);
	return r;
}
