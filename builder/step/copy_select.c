/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/copy_select.h"

#include <errno.h>
#include <string.h>

#include "builder/context/context.h"
#include "builder/context/glob.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/tree/lookup.h"

static int missing(const char *path, struct error *err)
{
	return error_set(err, -ENOENT, "\"%s\": not found", path);
}

/*
 * Have the directories on the way to `path` in memory. A context reads them one by one, and only a
 * look at the last one shows which is next, because of symlinks.
 */
static int resolve(const struct copy_source *source, const char *path, struct node **ret,
		   struct error *err)
{
	struct context *context = source->context;

	for (;;) {
		cleanup_with(tree_place_release) struct tree_place place = { 0 };
		struct node *dir;
		int r = tree_resolve(source->tree, NULL, path, 0, &place, err);

		if (r < 0)
			return r == -ENOTDIR ? missing(path, err) : r;
		*ret = place.node;
		dir = place.node && node_is_dir(place.node) ? place.node : place.dir;
		if (!context || dir->flags & NODE_MARKED)
			return place.node ? 1 : 0;
		r = context_load(context, dir, err);
		if (r < 0)
			return r;
	}
}

static void add(struct selection *selection, struct node *node, const char *path)
{
	array_reserve_one(selection->items, selection->count, selection->capacity);
	selection->items[selection->count++] =
		(struct selected){ .node = node, .name = xstrdup(path_base(path)) };
}

void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		free(selection->items[i].name);
	free(selection->items);
	*selection = (struct selection){ 0 };
}

int select_path(const struct copy_source *source, const char *path, struct selected *ret,
		struct error *err)
{
	cleanup_free char *clean = path_join("/", path);
	int r = resolve(source, clean, &ret->node, err);

	ret->name = NULL;
	return r < 0 ? r : r ? 0 : missing(clean, err);
}

int select_required(const struct copy_source *source, const char *top, const char *pattern,
		    struct error *err)
{
	cleanup_free char *path = xasprintf("%s/%s", top, pattern);
	struct selected found;

	if (glob_has_wildcards(top) || glob_has_wildcards(pattern))
		return 0;
	return select_path(source, path, &found, err);
}

/* ---- wildcards ---- */

/* Replace each path of the list, a directory, by what in it matches the next part of a pattern. */
static int expand_part(const struct copy_source *source, struct strings *paths, const char *part,
		       struct error *err)
{
	cleanup_with(strings_release) struct strings before = *paths;

	*paths = (struct strings){ 0 };
	for (size_t i = 0; i < before.count; i++) {
		struct dentry **sorted;
		struct node *dir;
		uint32_t count;
		int r = resolve(source, before.items[i], &dir, err);

		if (r < 0)
			return r;
		if (r == 0 || !node_is_dir(dir))
			continue;
		r = tree_load(source->tree, dir, err);
		if (r < 0)
			return r;
		if (!dir->dir.children)
			continue;
		sorted = name_table_sorted(dir->dir.children);
		count = dir->dir.children->count;
		for (uint32_t j = 0; j < count && r >= 0; j++) {
			r = glob_match(part, sorted[j]->name);
			if (r > 0)
				strings_add_format(
					paths, "%s/%s",
					strcmp(before.items[i], "/") == 0 ? "" : before.items[i],
					sorted[j]->name);
		}
		free(sorted);
		if (r < 0)
			return error_set(err, r, "syntax error in pattern '%s'", part);
	}
	return 0;
}

static int select_matching(const struct copy_source *source, const char *pattern,
			   struct selection *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings paths = { 0 };
	const char *at = pattern, *name;
	size_t length;
	int r = 0;

	strings_add(&paths, "/");
	while (r == 0 && path_next(&at, &name, &length)) {
		cleanup_free char *part = xstrndup(name, length);

		r = expand_part(source, &paths, part, err);
	}
	for (size_t i = 0; i < paths.count && r == 0; i++) {
		struct node *node;

		r = resolve(source, paths.items[i], &node, err);
		if (r <= 0)
			r = r < 0 ? r : missing(paths.items[i], err);
		else
			r = 0;
		if (r == 0)
			add(ret, node, paths.items[i]);
	}
	return r;
}

int select_sources(const struct copy_source *source, const char *text, struct selection *ret,
		   struct error *err)
{
	cleanup_free char *clean = path_join("/", text);
	struct selected one;
	int r;

	if (glob_has_wildcards(clean))
		return select_matching(source, clean, ret, err);
	r = select_path(source, clean, &one, err);
	if (r == 0)
		add(ret, one.node, clean);
	return r;
}
