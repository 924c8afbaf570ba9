/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping a trace of what is looked at in a workspace: of the tree that it began with, not of what
 * was made in it. A name counts as it was when it was looked at for the first time; whoever changes
 * one has looked at it before. Directories are known by their inode numbers, which they keep
 * wherever they are moved.
 *
 * Every function but the first does nothing when `tracing` is NULL.
 */
#pragma once

#include "fs/base/buf.h"
#include "fs/tree/tree.h"

struct error;
struct tracing;

/* At the root of a tree in which nothing has been changed. */
int tracing_begin(struct tree *tree, struct tracing **ret, struct error *err);
void tracing_end(struct tracing *tracing);

/* `name` was looked up in `dir`; NULL: there is none. */
void tracing_looked_up(struct tracing *tracing, struct node *dir, const char *name, size_t length,
		       const struct dentry *found);
void tracing_listed(struct tracing *tracing, const struct node *dir);
/* A directory is about to get another place. */
void tracing_moved(struct tracing *tracing, const struct node *dir);
/* Something could not be found out: there will be no trace. */
void tracing_failed(struct tracing *tracing, int r);

/* The trace, see fs/object/trace.h. -E2BIG: too much was looked at. */
int tracing_encode(struct tracing *tracing, struct buf *ret, struct error *err);
