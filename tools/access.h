/* SPDX-License-Identifier: Apache-2.0 */
/* The store that a verb works on, and the states that its operands name. */
#pragma once

#include "builder/history/address.h"
#include "builder/history/history.h"
#include "fs/base/cleanup.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/lookup.h"
#include "tools/verb.h"

/* Open the user's store; with STORE_CREATE in `flags` it is made when there is none. What is wrong
 * with it without being in the way is said on standard error. */
int access_store(const struct invocation *call, unsigned flags, struct store **ret,
		 struct error *err);
/* The history, or NULL and a warning when it cannot be read. */
struct history *access_history(struct store *store);
/* The state that `text` names. */
int access_state(struct store *store, const char *text, struct address *ret, struct error *err);
/*
 * A file of a state, written STATE:/PATH (the path begins behind the first ":/"): where its
 * symlinks lead to, or with TREE_NOFOLLOW in `flags` the last one itself. Without a path, the top.
 * -ENOENT when it is not there.
 */
struct access_file {
	struct tree *tree;
	struct node *node;
	struct dentry *dentry; /* its name; NULL for the top */
};
int access_file(struct store *store, const char *text, unsigned flags, struct access_file *ret,
		struct error *err);
void access_file_release(struct access_file *file);
DEFINE_CLEANUP_VALUE(struct access_file, access_file_release);

/* The state that `text` names, and its record. */
int access_snapshot(struct store *store, const char *text, struct address *ret_address,
		    struct snapshot_record *ret, struct error *err);
