/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file tree holds, apart from when it was made: the digest that decides whether a COPY or
 * a RUN has to be done again. It covers names, types, modes, owners, sizes, content, symlink
 * targets, device numbers and extended attributes (security.capability and those outside
 * security. and system.); not times, and not which files are hard links of one another.
 */
#pragma once

#include <stdint.h>

#include "fs/tree/tree.h"

/* Digests of stored directories, remembered between calls. Not for several threads at once. */
struct content_memo;

struct content_memo *content_memo_new(void);
void content_memo_free(struct content_memo *memo);
DEFINE_CLEANUP(struct content_memo *, content_memo_free);

/*
 * The digest of what is at `node`, with everything below it; not of its own name. Content that is
 * staged must have been given an id or bytes by `resolve` when it comes to it (NULL: there is
 * none). Directories that are loaded for this stay loaded.
 */
struct content_resolver {
	int (*resolve)(struct content_resolver *resolver, struct node *node, struct error *err);
};
int content_digest_node(struct tree *tree, struct node *node, struct content_memo *memo,
			struct content_resolver *resolver, struct object_id *ret,
			struct error *err);

/* The digest of a stored tree, without loading it. */
int content_digest_root(struct store *store, const struct tree_root *root,
			struct content_memo *memo, struct object_id *ret, struct error *err);
