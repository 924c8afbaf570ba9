/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of the host that COPY takes files from, as a tree in memory. It is read as far as
 * somebody looks; files stay where they are and are hashed once, also across builds, as long as
 * nothing about them changes. Owners are 0:0, as in every build context.
 *
 * Several threads may use one context, each between context_lock() and context_unlock().
 */
#pragma once

#include "builder/context/pattern.h"
#include "fs/base/cleanup.h"
#include "fs/tree/content_digest.h"
#include "fs/tree/copy.h"

struct context;
struct error;
struct store;
struct store_txn;

struct context_options {
	const char *path; /* of the directory */
	/* What not to see; NULL: everything. Taken over. */
	struct patterns *ignore;
	bool transient; /* it will not be there again: digests are not remembered */
};

/* -ENOENT, -ENOTDIR and the like name the directory. The store keeps the digests. */
int context_open(struct store *store, const struct context_options *options, struct context **ret,
		 struct error *err);
/* Writes down what was hashed. */
void context_close(struct context *context);
DEFINE_CLEANUP(struct context *, context_close);

/* From now on reading ends with -ECANCELED when this becomes readable. */
void context_cancel_with(struct context *context, int cancel_fd);

void context_lock(struct context *context);
void context_unlock(struct context *context);

struct tree *context_tree(const struct context *context);
/* The directory's descriptor, for reading single files such as the Dockerfile. */
int context_fd(const struct context *context);
const char *context_path(const struct context *context);
/* What is not seen; NULL: everything is. */
const struct patterns *context_ignored(const struct context *context);

/* Have the children of a directory in the tree; and everything below it, however deep. */
int context_load(struct context *context, struct node *dir, struct error *err);
int context_load_all(struct context *context, struct node *node, struct error *err);

/* For content_digest_node(): hashes what has not been hashed. */
struct content_resolver *context_resolver(struct context *context);

/* For tree_copy(), as its `content`: puts what the store lacks into the transaction. */
int context_ingest(struct context *context, struct store_txn *txn, struct node *node,
		   struct error *err);

/* Open a file of the context for reading. -ESTALE: it is not what it was. */
int context_open_file(struct context *context, struct node *node, int *ret_fd, struct error *err);

/* Files seen, and bytes read to be hashed or stored, since it was opened. */
struct context_counts {
	uint64_t files, bytes_hashed, bytes_stored;
};
struct context_counts context_counts(const struct context *context);
