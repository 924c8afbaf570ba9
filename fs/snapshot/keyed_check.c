/* SPDX-License-Identifier: Apache-2.0 */
/* What keyed snapshots take, and whether they are whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/refs.h"
#include "fs/store/store.h"
#include "fs/tree/diff.h"
#include "fs/tree/tree.h"

/* ---- usage ---- */

static void count_node(struct overlay *overlay, const struct node *node, struct keyed_usage *ret)
{
	struct stat st;

	if (!(node->flags & (NODE_CHANGED | NODE_DIR_CHANGED)))
		return;
	overlay_stat(overlay, node, &st);
	ret->inodes++;
	if (node_is_dir(node) || node->content == CONTENT_STAGED || node->content == CONTENT_INLINE)
		ret->bytes += (uint64_t)st.st_blocks * 512;
}

/* All that changed is in memory. */
static void count_changed(struct overlay *overlay, struct keyed_usage *ret)
{
	struct node **dirs = NULL;
	size_t count = 0, capacity = 0;

	array_reserve_one(dirs, count, capacity);
	dirs[count++] = overlay_root(overlay);
	count_node(overlay, dirs[0], ret);
	while (count > 0) {
		struct node *dir = dirs[--count];
		struct dentry *dentry;

		if (!dir->dir.children)
			continue;
		name_table_each(dir->dir.children, dentry)
		{
			struct node *node = dentry->node;

			if (node->names == dentry)
				count_node(overlay, node, ret);
			if (!node_is_dir(node))
				continue;
			array_reserve_one(dirs, count, capacity);
			dirs[count++] = node;
		}
	}
	free(dirs);
}

static int usage_of_work(struct store *store, const struct keyed *keyed, struct keyed_usage *ret,
			 struct error *err)
{
	cleanup_with(keyed_close) struct keyed_work *work = NULL;
	int r = keyed_open(store, NULL, keyed->key, NULL, &work, err);

	if (r == 0)
		count_changed(keyed_overlay(work), ret);
	return r;
}

static int usage_of_state(struct store *store, const struct object_id *state,
			  struct keyed_usage *ret, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_root before = tree_root_empty();
	struct snapshot_record record, parent;
	struct tree_change change;
	int r = snapshot_load(store, state, &record, err);

	if (r == 0 && !object_id_is_zero(&record.parent)) {
		r = snapshot_load(store, &record.parent, &parent, err);
		before = parent.root;
	}
	if (r < 0)
		return r;
	tree_diff_begin(&diff, store, &before, &record.root);
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		if (change.kind == TREE_DELETED)
			continue;
		ret->inodes++;
		if (change.after.type == DIR_ENTRY_FILE &&
		    (change.kind != TREE_MODIFIED || change.content))
			ret->bytes += change.after.size;
	}
	return r;
}

int keyed_usage(struct store *store, const struct keyed *keyed, struct keyed_usage *ret,
		struct error *err)
{
	*ret = (struct keyed_usage){ 0 };
	switch (keyed->kind) {
	case KEYED_ACTIVE:
		return usage_of_work(store, keyed, ret, err);
	case KEYED_COMMITTED:
		return usage_of_state(store, &keyed->state, ret, err);
	case KEYED_VIEW:
		break;
	}
	return 0;
}

/* ---- checking ---- */

static int check_work(struct store *store, const struct keyed *keyed, struct strings *problems)
{
	cleanup_with(keyed_close) struct keyed_work *work = NULL;
	cleanup_fd int dir_fd = keyed_own_dir(store, keyed->key), lock_fd = -1;
	struct error err = { 0 };
	int r = dir_fd < 0 ? 0 : lockfile_open(dir_fd, "lock", LOCKFILE_EXCLUSIVE, false, &lock_fd);

	/* What somebody works on he has read himself, and it changes while we look. */
	if (r < 0)
		return r == -EWOULDBLOCK ? 0 : r;
	r = keyed_open(store, NULL, keyed->key, NULL, &work, &err);
	if (r == -EBADMSG || r == -ENOENT)
		strings_add_format(problems, "%s; `varve snapshot rm` removes it", err.text);
	return r == -EBADMSG || r == -ENOENT ? 0 : r;
}

/* A hash that no info belongs to. */
static bool is_stray(struct store *store, const char *hash)
{
	cleanup_free char *path = xasprintf(KEYED_DIR "/%.64s/info", hash);

	return strspn(hash, "0123456789abcdef") >= 64 &&
	       faccessat(store_dir_fd(store), path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

static int find_strays(struct store *store, struct strings *ret)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	struct ref_list refs = { 0 };
	int r = dir_list(store_dir_fd(store), KEYED_DIR, &names);

	for (size_t i = 0; i < names.count; i++) {
		if (is_stray(store, names.items[i]))
			strings_add(ret, names.items[i]);
	}
	if (r == 0)
		r = store_ref_list(store, "work/", &refs, NULL);
	for (size_t i = 0; i < refs.count; i++) {
		cleanup_free char *hash = xstrndup(refs.items[i].name + strlen("work/"), 64);

		if (is_stray(store, hash) && !strings_contain(ret, hash))
			strings_add(ret, hash);
	}
	ref_list_release(&refs);
	return r == -ENOENT ? 0 : r;
}

static int check_strays(struct store *store, bool repair, struct strings *leftovers,
			struct error *err)
{
	cleanup_with(strings_release) struct strings strays = { 0 };
	cleanup_fd int lock_fd = -1;
	/* Whoever is about to make one holds this. */
	int r = repair ? keyed_lock(store, &lock_fd, err) : 0;

	if (r == 0)
		r = find_strays(store, &strays);
	for (size_t i = 0; i < strays.count && r == 0; i++) {
		if (repair)
			r = keyed_drop(store, strays.items[i], err);
		else
			strings_add_format(leftovers,
					   KEYED_DIR "/%s: of a process that was killed; "
						     "`varve fsck --repair` removes it",
					   strays.items[i]);
	}
	return r;
}

int keyed_check(struct store *store, bool repair, struct strings *problems,
		struct strings *leftovers, struct error *err)
{
	cleanup_with(keyed_list_release) struct keyed_list all = { 0 };
	int r;

	if (faccessat(store_dir_fd(store), KEYED_DIR, F_OK, 0) < 0)
		return 0; /* there have never been any */
	r = keyed_list(store, &all, problems, err);
	for (size_t i = 0; i < all.count && r >= 0; i++) {
		if (all.items[i].kind == KEYED_ACTIVE)
			r = check_work(store, &all.items[i], problems);
	}
	return r < 0 ? r : check_strays(store, repair, leftovers, err);
}
