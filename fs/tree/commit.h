/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the changes of a tree as objects. In two halves, because the tree counts as written
 * only when the transaction has been committed: write, commit the transaction, then apply or
 * (after a failure) abort, which leaves the tree as it was, changes and all.
 */
#pragma once

#include "fs/tree/tree.h"

struct store_txn;

/* What the staged content of a file has become. */
struct tree_stored {
	enum node_content content; /* never CONTENT_STAGED */
	uint64_t size;
	struct object_id id;           /* CONTENT_BLOB */
	uint8_t bytes[DIR_INLINE_MAX]; /* CONTENT_INLINE */
};

/*
 * Store the staged content of `node`. `before` is the entry that the tree had at this path when
 * it was last written, NULL when there was none: equal bytes need no hashing.
 */
struct tree_storer {
	int (*store)(struct tree_storer *storer, struct node *node, const struct dir_entry *before,
		     struct store_txn *txn, struct tree_stored *ret, struct error *err);
};

struct tree_commit;

/* `storer` may be NULL when nothing is staged. */
int tree_commit_write(struct tree *tree, struct store_txn *txn, struct tree_storer *storer,
		      struct tree_commit **ret, struct error *err);
/* What the tree is now. */
const struct tree_root *tree_commit_root(const struct tree_commit *commit);
/* Directories and files that were written. */
void tree_commit_counts(const struct tree_commit *commit, size_t *ret_dirs, size_t *ret_files);
/* The transaction is committed: the tree is clean, staged content is dropped. Frees. */
void tree_commit_apply(struct tree_commit *commit);
/* The transaction failed. Frees. */
void tree_commit_abort(struct tree_commit *commit);
