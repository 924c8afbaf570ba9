/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace that keeps a trace, looked at by paths as the kernel does it: name by name. */
#pragma once

#include "fs/base/buf.h"
#include "fs/tree/trace.h"
#include "tests/lib/overlay_fixture.h"

__attribute__((unused)) static void traced_open(struct view *view, struct fixture *f,
						const struct tree_root *root)
{
	view_open_root(view, f, root);
	assert_ok(overlay_trace_begin(view->overlay, &f->err), f->err);
}

/* What `path` leads to, held until the end, or NULL; symlinks are not followed. */
__attribute__((unused)) static struct node *see(struct view *view, const char *path)
{
	struct node *at = overlay_root(view->overlay), *next;
	cleanup_free char *copy = xstrdup(path);
	char *rest = copy, *name;

	while ((name = strsep(&rest, "/"))) {
		if (!node_is_dir(at) || overlay_lookup(view->overlay, at, name, &next) < 0)
			return NULL;
		at = next;
	}
	return at;
}

/* The directory that `path` is in, looked up, and its last name; NULL when there is none. */
__attribute__((unused)) static struct node *see_dir(struct view *view, const char *path,
						    const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *above = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	struct node *dir = above ? see(view, above) : overlay_root(view->overlay);

	*ret_name = slash ? slash + 1 : path;
	return dir && node_is_dir(dir) ? dir : NULL;
}

/* False where there is none for a directory that was moved. */
__attribute__((unused)) static bool take_trace(struct view *view, struct trace *ret)
{
	cleanup_with(buf_release) struct buf bytes = { 0 }, again = { 0 };
	int r = overlay_trace(view->overlay, &bytes, &view->f->err);

	if (r == -EMLINK)
		return false;
	assert_ok(r, view->f->err);
	assert_ok(trace_decode(bytes.data, bytes.length, ret, &view->f->err), view->f->err);
	trace_encode(ret, &again);
	assert_int_equal(again.length, bytes.length);
	assert_memory_equal(again.data, bytes.data, bytes.length);
	return true;
}

/* "same", or the path that differs and how; the caller frees. */
__attribute__((unused)) static char *hold_against(struct fixture *f, const struct trace *trace,
						  const struct tree_root *root)
{
	cleanup_with(tree_close) struct tree *tree = open_tree(f, root);
	struct trace_change change = { 0 };
	int r = tree_trace_check(tree, trace, NULL, &change, &f->err);
	char *text;

	assert_ok(r, f->err);
	if (r > 0)
		return xstrdup("same");
	text = xasprintf("%s: %s", change.path, trace_difference_words(change.difference));
	free(change.path);
	return text;
}
