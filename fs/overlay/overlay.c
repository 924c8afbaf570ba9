/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"
#include "fs/overlay/journal.h"
#include "fs/overlay/overlay_internal.h"
#include "fs/store/store.h"
#include "fs/tree/show.h"

/* Of a path that failed. */
#define PATH_SHOWN_MAX 400

static struct overlay *of_drop(struct tree_staging *drop)
{
	return (struct overlay *)((char *)drop - offsetof(struct overlay, drop));
}

static void drop_staged(struct tree_staging *drop, struct node *node)
{
	(void)of_drop(drop);
	staged_free(node->staged);
}

static int store_staged(struct tree_storer *storer, struct node *node,
			const struct dir_entry *before, struct store_txn *txn,
			struct tree_stored *ret, struct error *err)
{
	(void)storer;
	return staged_store(node->staged, before, txn, ret, err);
}

struct overlay *overlay_new(struct store *store, const struct tree_root *root, bool read_only)
{
	struct overlay *overlay = xcalloc(1, sizeof *overlay);

	overlay->store = store;
	overlay->read_only = read_only;
	overlay->drop.drop = drop_staged;
	overlay->storer.store = store_staged;
	overlay->tree = tree_open(store, root);
	tree_set_staging(overlay->tree, &overlay->drop);
	return overlay;
}

int overlay_open(struct store *store, struct store_lease *lease, const struct tree_root *root,
		 struct overlay **ret, struct error *err)
{
	cleanup_with(overlay_close) struct overlay *overlay = overlay_new(store, root, !lease);
	int r;

	if (lease)
		staging_init(&overlay->staging, store, lease);
	overlay->staging.why = &overlay->why;
	/* The root's own object says how many sub-directories it has; nothing else does. */
	r = tree_load(overlay->tree, tree_root_node(overlay->tree), err);
	if (r < 0)
		return r;
	*ret = take_ptr(&overlay);
	return 0;
}

int overlay_open_listed(struct store *store, struct overlay_lister *lister, struct overlay **ret,
			struct error *err)
{
	int r = overlay_open(store, NULL, NULL, ret, err);

	if (r < 0)
		return r;
	(*ret)->lister = lister;
	tree_set_listed(overlay_root(*ret));
	overlay_root(*ret)->flags &= (uint16_t) ~(NODE_CHANGED | NODE_DIR_CHANGED);
	return 0;
}

/* Whoever looks twice in this time sees the same. */
#define LISTED_FOR_NS INT64_C(500000000)

int overlay_refresh(struct overlay *overlay, struct node *dir)
{
	struct node_time now = overlay_now();
	int64_t age = (now.s - dir->atime.s) * 1000000000 + now.ns - dir->atime.ns;
	bool fresh = dir->dir.children != NULL;
	int r = overlay_io(tree_load(overlay->tree, dir, &overlay->why));

	if (r < 0 || dir->flags & NODE_DETACHED || (fresh && age >= 0 && age < LISTED_FOR_NS))
		return r;
	/* What could not be listed is as it was. */
	r = overlay->lister->list(overlay->lister, overlay->tree, dir);
	if (r == 0)
		dir->atime = now;
	return fresh && dir->dir.children->count ? 0 : overlay_io(r);
}

void overlay_close(struct overlay *overlay)
{
	if (!overlay)
		return;
	if (overlay->staging.kept)
		staging_set_closing(&overlay->staging, true);
	journal_close(overlay->journal);
	tracing_end(overlay->tracing);
	tree_close(overlay->tree);
	free(overlay->ghosts);
	if (!overlay->read_only || overlay->staging.kept)
		staging_release(&overlay->staging);
	free(overlay);
}

int overlay_trace_begin(struct overlay *overlay, struct error *err)
{
	return tracing_begin(overlay->tree, &overlay->tracing, err);
}

int overlay_trace(struct overlay *overlay, struct buf *ret, struct error *err)
{
	if (!overlay->tracing)
		return error_set(err, -EINVAL, "nobody has asked for a trace before");
	return tracing_encode(overlay->tracing, ret, err);
}

struct tree *overlay_tree(const struct overlay *overlay)
{
	return overlay->tree;
}

struct node *overlay_root(const struct overlay *overlay)
{
	return tree_root_node(overlay->tree);
}

bool overlay_changed(const struct overlay *overlay)
{
	return overlay_root(overlay)->flags & (NODE_CHANGED | NODE_DIR_CHANGED);
}

struct node_time overlay_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct node_time){ now.tv_sec, (uint32_t)now.tv_nsec };
}

int overlay_io(int r)
{
	return r == -ENOENT || r == -EBADMSG ? -EIO : r;
}

int overlay_staged(struct overlay *overlay, int r)
{
	if ((r == -ENOSPC || r == -EDQUOT || r == -EIO) && !overlay->why.code) {
		(void)error_errno(&overlay->why, r, "what is written cannot be kept");
		store_mention_full(overlay->store, &overlay->why);
	}
	return overlay_io(r);
}

/* Other codes are answers to what was asked for. */
static bool is_complaint(int code)
{
	switch (-code) {
	case ENOENT: /* of an object: names that are missing are no failure */
	case EBADMSG:
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ENOTCONN:
	case EACCES:
	case ESTALE:
		return true;
	default:
		return false;
	}
}

bool overlay_failed(const struct overlay *overlay)
{
	return overlay->why.code;
}

int overlay_complaint(struct overlay *overlay, struct node *node, struct buf *ret)
{
	cleanup_free char *path = NULL, *whole = NULL, *quoted = NULL;
	int code = overlay->why.code;

	overlay->why.code = 0;
	if (!is_complaint(code))
		return 0;
	if (node && node->names)
		path = dentry_path(node->names);
	whole = xasprintf("/%s", path ? path : "");
	quoted = quote_string(whole, PATH_SHOWN_MAX);
	if (node)
		buf_add_format(ret, "%s: ", quoted);
	buf_add_string(ret, overlay->why.text);
	return code;
}

int overlay_touch(struct overlay *overlay, struct node *node)
{
	int r;

	if (overlay->read_only)
		return -EROFS;
	r = overlay_io(tree_touch(overlay->tree, node, &overlay->why));
	if (r == 0)
		node->ctime = overlay_now();
	return r;
}

/* ---- how long nodes live ---- */

void overlay_forget(struct overlay *overlay, struct node *node, uint64_t count)
{
	struct tree *tree = overlay->tree;
	struct node *parent;

	if (count < node->lookups) {
		node->lookups -= (uint32_t)count;
		return;
	}
	node->lookups = 0;
	if (node == overlay_root(overlay)) {
		node->lookups = 1;
		return;
	}
	if (node->flags & NODE_DETACHED) {
		tree_free_node(tree, node);
		return;
	}
	if (node_is_dir(node))
		(void)tree_unload(tree, node);
	/* The kernel lets go of children before their directory, but tells in any order. */
	parent = node->names->parent;
	if (!parent->lookups)
		(void)tree_unload(tree, parent);
}

/* ---- committing ---- */

int overlay_commit_write(struct overlay *overlay, struct store_txn *txn, struct tree_commit **ret,
			 struct error *err)
{
	return tree_commit_write(overlay->tree, txn, &overlay->storer, ret, err);
}

void overlay_commit_done(struct overlay *overlay)
{
	staging_trim(&overlay->staging);
}

int overlay_statfs(struct overlay *overlay, struct statvfs *ret)
{
	if (fstatvfs(store_dir_fd(overlay->store), ret) < 0)
		return -errno;
	ret->f_namemax = DIR_NAME_MAX;
	return 0;
}
