/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writable view on a stored tree: one function for each thing that a filesystem is asked for.
 * It returns what the kernel wants to hear (0 or more, or a negative errno), and knows nothing of
 * FUSE; permissions have been checked by the caller, except where the answer depends on them.
 *
 * Nodes that a caller holds are counted in node->lookups: every one that lookup, a make function
 * or readdir's `take` hands out is one more, given back by overlay_forget(). A node stays, with
 * its content, until then, even when its last name is gone.
 *
 * For one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs/base/cleanup.h"
#include "fs/object/snapshot_record.h"
#include "fs/tree/node.h"

struct buf;
struct error;
struct overlay;
struct store;
struct store_lease;
struct store_txn;
struct tree;

/* Who asks: owner of what is made, and whether set-user-id bits survive a write. */
struct overlay_caller {
	uint32_t uid, gid;
	uint32_t umask;
};

/* `lease` NULL: read-only. Both outlive the overlay. */
int overlay_open(struct store *store, struct store_lease *lease, const struct tree_root *root,
		 struct overlay **ret, struct error *err);
void overlay_close(struct overlay *overlay);
DEFINE_CLEANUP(struct overlay *, overlay_close);

/*
 * A workspace whose changes outlive the process: they lie in the directory `dir_fd`, the caller's,
 * and `journal` is the file there that says how; it is made when there is none. What was done
 * before is done again. Without a lease it can only be looked at.
 * -EBADMSG when the journal is damaged or belongs to another root.
 */
int overlay_open_kept(struct store *store, struct store_lease *lease, const struct tree_root *root,
		      int dir_fd, const char *journal, struct overlay **ret, struct error *err);
/*
 * One that is only read, whose upper directories somebody lists: `list` is called when one of them
 * is looked at and a moment has passed, and puts into it, with fs/tree/show.h, what is there now.
 */
struct overlay_lister {
	int (*list)(struct overlay_lister *lister, struct tree *tree, struct node *dir);
};
int overlay_open_listed(struct store *store, struct overlay_lister *lister, struct overlay **ret,
			struct error *err);
/* Bring to the disk what was done so far, and what is in `node` (NULL: no matter). */
int overlay_sync(struct overlay *overlay, struct node *node);
/* The same at the end, when nobody works in it any more: what has no name is given up. */
int overlay_finish(struct overlay *overlay);
/* Write down what was done so far, so that it outlives the process, though not the machine. */
int overlay_note(struct overlay *overlay);
/* Nothing was done since the last of these; always so where changes are not kept. */
bool overlay_noted(const struct overlay *overlay);
/* After a commit was applied: go on with the journal of this name, which begins with what was
 * committed. The old one, which nobody needs then, is the caller's to remove. */
int overlay_restart_journal(struct overlay *overlay, const struct tree_root *root, int dir_fd,
			    const char *journal, struct error *err);
/* Bytes of the journal. */
uint64_t overlay_journal_size(const struct overlay *overlay);

/* From now on, before anything was asked for, keep a trace of what is looked at. */
int overlay_trace_begin(struct overlay *overlay, struct error *err);
/* The trace so far, see tracing.h; -E2BIG when too much was looked at. */
int overlay_trace(struct overlay *overlay, struct buf *ret, struct error *err);

struct tree *overlay_tree(const struct overlay *overlay);
struct node *overlay_root(const struct overlay *overlay);
/* Something was changed since the last commit. */
bool overlay_changed(const struct overlay *overlay);

/* ---- names ---- */

/*
 * The node with this inode number, which somebody holds and which has a name, or NULL. It is not
 * held for the caller. The search takes time in proportion to what is in memory.
 */
struct node *overlay_find_number(struct overlay *overlay, uint64_t ino);

/* 0 and *ret held once more, or -ENOENT. */
int overlay_lookup(struct overlay *overlay, struct node *dir, const char *name, struct node **ret);
void overlay_forget(struct overlay *overlay, struct node *node, uint64_t count);

/* `rdev` as in struct node. The new node is held once. */
struct overlay_make {
	enum dir_entry_type type;
	uint32_t mode;
	uint64_t rdev;
	const char *target; /* of a symlink */
};
int overlay_make(struct overlay *overlay, struct node *dir, const char *name,
		 const struct overlay_make *make, const struct overlay_caller *caller,
		 struct node **ret);
/* A file without a name (O_TMPFILE). */
int overlay_make_unnamed(struct overlay *overlay, struct node *dir, uint32_t mode,
			 const struct overlay_caller *caller, struct node **ret);
/* Another name for `node`; it is held once more. */
int overlay_link(struct overlay *overlay, struct node *node, struct node *dir, const char *name);
int overlay_unlink(struct overlay *overlay, struct node *dir, const char *name);
int overlay_rmdir(struct overlay *overlay, struct node *dir, const char *name);
/* `flags`: RENAME_NOREPLACE, RENAME_EXCHANGE. */
int overlay_rename(struct overlay *overlay, struct node *dir, const char *name,
		   struct node *new_dir, const char *new_name, unsigned flags);

/* The next name from `position` on (0 or 1: the start): 1 and *ret, 0 at the end. */
int overlay_list(struct overlay *overlay, struct node *dir, uint64_t position, struct dentry **ret);

/*
 * Something to mount on at `path` (symlinks are followed inside the tree): what is missing is
 * made as ghosts, which are shown but never committed. *ret_path, for the caller to free, is where
 * it really is, "/a/b"; `made` is told of each directory that got a new name. -ENOTDIR or -EISDIR
 * when what is there is of the other kind.
 */
struct overlay_watcher {
	void (*made)(struct overlay_watcher *watcher, struct node *dir, const char *name);
};
int overlay_make_mountpoint(struct overlay *overlay, const char *path, bool directory,
			    struct overlay_watcher *watcher, char **ret_path, struct error *err);
/* Take away the ghosts that nothing was made in. `watcher` is told as above. */
int overlay_drop_ghosts(struct overlay *overlay, struct overlay_watcher *watcher);

/* ---- attributes ---- */

void overlay_stat(struct overlay *overlay, const struct node *node, struct stat *ret);

enum overlay_set {
	OVERLAY_SET_MODE = 1 << 0,
	OVERLAY_SET_UID = 1 << 1,
	OVERLAY_SET_GID = 1 << 2,
	OVERLAY_SET_SIZE = 1 << 3,
	OVERLAY_SET_ATIME = 1 << 4,
	OVERLAY_SET_MTIME = 1 << 5,
	OVERLAY_SET_CTIME = 1 << 6,
	OVERLAY_SET_ATIME_NOW = 1 << 7,
	OVERLAY_SET_MTIME_NOW = 1 << 8,
	OVERLAY_KILL_PRIV = 1 << 9, /* content changes, by someone who may not keep set-id bits */
};
int overlay_setattr(struct overlay *overlay, struct node *node, const struct stat *attr,
		    unsigned set);

/* `size` 0: only say how much there is. -ERANGE when it does not fit. */
ssize_t overlay_getxattr(struct overlay *overlay, struct node *node, const char *key, void *value,
			 size_t size);
ssize_t overlay_listxattr(struct overlay *overlay, struct node *node, char *list, size_t size);
/*
 * `flags`: XATTR_CREATE, XATTR_REPLACE, or OVERLAY_XATTR_KILL_SGID: by someone who may not keep
 * that bit when access is what changes. -EOPNOTSUPP for names that are no filesystem's.
 */
#define OVERLAY_XATTR_KILL_SGID (1 << 8)
int overlay_setxattr(struct overlay *overlay, struct node *node, const char *key, const void *value,
		     size_t size, int flags);
int overlay_removexattr(struct overlay *overlay, struct node *node, const char *key);

/* ---- content ---- */

/*
 * Up to `size` bytes at `offset`. *ret points to them, good until the next call; they may lie in
 * `buffer`, which has room for `size`.
 */
ssize_t overlay_read(struct overlay *overlay, struct node *node, void *buffer, size_t size,
		     uint64_t offset, const void **ret);
/* All of it, or an error. `kill_priv`: the writer may not keep set-id bits. */
int overlay_write(struct overlay *overlay, struct node *node, const void *data, size_t size,
		  uint64_t offset, bool kill_priv);
int overlay_fallocate(struct overlay *overlay, struct node *node, int mode, uint64_t offset,
		      uint64_t length);
int overlay_seek(struct overlay *overlay, struct node *node, uint64_t offset, int whence,
		 uint64_t *ret);
/* As much as there is up to `length`; shares what is stored already instead of copying. */
ssize_t overlay_copy_range(struct overlay *overlay, struct node *from, uint64_t from_offset,
			   struct node *to, uint64_t to_offset, uint64_t length);
/* Something failed since the last overlay_complaint(), which knows whether it matters. */
bool overlay_failed(const struct overlay *overlay);
/*
 * Whether something failed that no program asked for, since this was last asked: an object is
 * missing or damaged, the disk is full or broken: its negative errno, else 0. Appends why, behind
 * where `node` is.
 */
int overlay_complaint(struct overlay *overlay, struct node *node, struct buf *ret);
int overlay_statfs(struct overlay *overlay, struct statvfs *ret);

/* ---- committing ---- */

struct tree_commit;

/* Write all changes into the transaction; then tree_commit_apply() or _abort(), see commit.h. */
int overlay_commit_write(struct overlay *overlay, struct store_txn *txn, struct tree_commit **ret,
			 struct error *err);
/* After apply: give back what staged content took. */
void overlay_commit_done(struct overlay *overlay);
