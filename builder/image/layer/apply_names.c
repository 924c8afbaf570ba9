/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/layer/apply_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/tree/edit.h"
#include "fs/tree/lookup.h"

int apply_clean_name(const char *name, char **ret, struct error *err)
{
	size_t length = strlen(name), used = 0, part;
	cleanup_free char *clean = NULL;
	const char *at;

	if (!length)
		return error_set(err, -EINVAL, "it has no name");
	if (length > LAYER_NAME_MAX)
		return error_set(err, -ENAMETOOLONG, "its name is longer than %d bytes",
				 LAYER_NAME_MAX);
	clean = xmalloc(length + 2);
	while (path_next(&name, &at, &part)) {
		if (part == 1 && at[0] == '.')
			continue;
		if (part == 2 && at[0] == '.' && at[1] == '.') {
			if (!used)
				return error_set(err, -EINVAL, "its name leads above the root");
			while (used > 0 && clean[--used] != '/')
				continue;
			continue;
		}
		if (part > DIR_NAME_MAX)
			return error_set(err, -ENAMETOOLONG,
					 "a part of its name is longer than %d bytes",
					 DIR_NAME_MAX);
		if (used)
			clean[used++] = '/';
		memcpy(clean + used, at, part);
		used += part;
	}
	clean[used] = '\0';
	*ret = take_ptr(&clean);
	return 0;
}

void apply_mark(struct apply_run *run, const struct dentry *dentry)
{
	/* What leads to a marked name is marked already. */
	for (; dentry && !mark_set_has(&run->marks, dentry); dentry = dentry->parent->names)
		mark_set_add(&run->marks, dentry);
}

/* Follow a symlink in the way; what it leads to is made when it is missing. */
static int follow(struct apply_run *run, struct node *dir, const char *name,
		  const struct tree_attr *attr, struct node **ret, struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	int r = tree_resolve(run->tree, dir, name, 0, &place, err);
	cleanup_free char *dir_path = NULL;
	cleanup_free char *path = NULL;

	if (r < 0)
		return r;
	if (place.node && !node_is_dir(place.node))
		return error_set(err, -ENOTDIR, "a symlink in its name leads to a file");
	if (place.node) {
		*ret = place.node;
		return 1;
	}
	if (!attr)
		return 0;
	dir_path = node_path(place.dir);
	path = xasprintf("/%s/%s", dir_path, place.missing);
	r = tree_make_dirs(run->tree, path, attr, ret, err);
	return r < 0 ? r : 1;
}

/* A directory in place of a file of a lower layer. */
static int make_dir(struct apply_run *run, struct node *dir, const char *name,
		    const struct dentry *present, const struct tree_attr *attr, struct node **ret,
		    struct error *err)
{
	int r;

	if (present && mark_set_has(&run->marks, present))
		return error_set(err, -ENOTDIR, "'%s', which it is to be in, is a file", name);
	r = tree_put(run->tree, dir, name, strlen(name), DIR_ENTRY_DIR, attr, ret, err);
	return r < 0 ? r : 1;
}

/* One step of a path. Without `attr` nothing is made and 0 means that there is no directory. */
static int step(struct apply_run *run, struct node *dir, const char *name,
		const struct tree_attr *attr, struct node **ret, struct error *err)
{
	struct dentry *dentry = NULL;
	int r = tree_find(run->tree, dir, name, strlen(name), &dentry, err);

	if (r < 0)
		return r;
	if (r > 0 && node_is_dir(dentry->node)) {
		*ret = dentry->node;
		return 1;
	}
	if (r > 0 && dentry->node->type == DIR_ENTRY_SYMLINK)
		return follow(run, dir, name, attr, ret, err);
	if (!attr)
		return 0;
	return make_dir(run, dir, name, dentry, attr, ret, err);
}

static int walk(struct apply_run *run, const char *path, size_t length,
		const struct tree_attr *attr, struct node **ret, struct error *err)
{
	cleanup_free char *copy = xstrndup(path, length);
	struct node *at = run->top;
	char *rest = *copy ? copy : NULL;

	while (rest) {
		const char *name = strsep(&rest, "/");
		int r = step(run, at, name, attr, &at, err);

		if (r <= 0)
			return r;
	}
	*ret = at;
	return 1;
}

int apply_parent(struct apply_run *run, const char *path, size_t length,
		 const struct tar_entry *entry, struct node **ret, struct error *err)
{
	struct tree_attr attr = { .mode = 0755, .mtime = { entry->mtime_s, entry->mtime_ns } };
	int r = walk(run, path, length, &attr, ret, err);

	return r < 0 ? r : 0;
}

int apply_find_dir(struct apply_run *run, const char *path, size_t length, struct node **ret,
		   struct error *err)
{
	return walk(run, path, length, NULL, ret, err);
}

/* ---- what lower layers have ---- */

/* Remove the names in `dir` that are not marked; directories that are go to `later`. */
static int clear_dir(struct apply_run *run, struct node *dir, struct node ***later, size_t *count,
		     size_t *capacity, struct error *err)
{
	int r = tree_load(run->tree, dir, err);
	struct dentry *dentry;
	uint64_t position = 0;

	if (r < 0)
		return r;
	while ((dentry = name_table_from(dir->dir.children, position))) {
		position = dentry->position + 1;
		if (!mark_set_has(&run->marks, dentry)) {
			r = tree_remove(run->tree, dentry, err);
			if (r < 0)
				return r;
		} else if (node_is_dir(dentry->node)) {
			array_reserve_one(*later, *count, *capacity);
			(*later)[(*count)++] = dentry->node;
		}
	}
	return 0;
}

int apply_clear_lower(struct apply_run *run, struct node *dir, struct error *err)
{
	size_t count = 0, capacity = 0;
	struct node **later = NULL;
	int r = clear_dir(run, dir, &later, &count, &capacity, err);

	while (r == 0 && count > 0)
		r = clear_dir(run, later[--count], &later, &count, &capacity, err);
	free(later);
	return r;
}
