/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/explain_files.h"

#include <stdarg.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/path.h"
#include "fs/tree/diff.h"

/* The first few say it; 'varve diff' has all. */
#define FILES_MAX 20

static void add_word(struct buf *ret, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add_word(struct buf *ret, const char *format, ...)
{
	va_list values;

	if (ret->length)
		buf_add_string(ret, ", ");
	va_start(values, format);
	buf_add_vformat(ret, format, values);
	va_end(values);
}

static void name_modified(const struct tree_change *change, struct buf *ret)
{
	const struct dir_entry *a = &change->before, *b = &change->after;

	if (change->content)
		add_word(ret, "content");
	if (a->mode != b->mode)
		add_word(ret, "mode %o to %o", a->mode, b->mode);
	if (a->uid != b->uid || a->gid != b->gid)
		add_word(ret, "owner %u:%u to %u:%u", a->uid, a->gid, b->uid, b->gid);
	if (!object_id_equal(&a->xattrs, &b->xattrs))
		add_word(ret, "attributes");
}

/* Empty for what counts for no key. */
static void name_change(const struct tree_change *change, struct buf *ret)
{
	switch (change->kind) {
	case TREE_ADDED:
		add_word(ret, "added");
		break;
	case TREE_DELETED:
		add_word(ret, "gone");
		break;
	case TREE_RETYPED:
		add_word(ret, "another type of file");
		break;
	case TREE_MODIFIED:
		name_modified(change, ret);
		break;
	}
}

int changed_files_find(struct store *store, const struct tree_root *before,
		       const struct tree_root *after, const char *below, struct changed_files *ret,
		       struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_change change;
	int r;

	tree_diff_begin(&diff, store, before, after);
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		cleanup_free char *path = xasprintf("/%s", change.path);
		cleanup_with(buf_release) struct buf what = { 0 };

		name_change(&change, &what);
		if (!what.length || !path_is_below(path, below))
			continue;
		if (ret->count == FILES_MAX) {
			ret->more = true;
			return 0;
		}
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] =
			(struct changed_file){ .path = take_ptr(&path),
					       .what = xstrdup(buf_string(&what)) };
	}
	return r;
}

void changed_files_release(struct changed_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].what);
	}
	free(files->items);
	*files = (struct changed_files){ 0 };
}
