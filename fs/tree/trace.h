/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trace says of a node, and whether a tree still looks as a trace says.
 *
 * Whoever looks a name up gets everything about it but what is in a directory: type, mode, owner,
 * size, content, extended attributes, and which other names it has. The content counts for those
 * who asked for the attributes alone, too: they may have looked when it was modified. The time
 * itself does not count, as in no other comparison of trees here, for copies of equal files differ
 * in it. For the time of a directory stand the names in it; unless the time is the same.
 */
#pragma once

#include "fs/object/trace.h"
#include "fs/tree/content_digest.h"
#include "fs/tree/tree.h"

/* Fill in what a lookup of `node` tells, but for `names` and `whole`. The node is as it was stored,
 * or (`resolver`) a file that was staged for that to say what is in it. */
int tree_trace_node(struct tree *tree, struct node *node, struct content_resolver *resolver,
		    struct trace_entry *ret, struct error *err);
/* Digest of the names and types in a stored directory. */
int tree_trace_names(struct store *store, const struct object_id *dir, struct object_id *ret,
		     struct error *err);

/* Why a tree is not as a trace says. */
enum trace_difference {
	TRACE_APPEARED,
	TRACE_GONE,
	TRACE_TYPE,
	TRACE_ATTRIBUTES, /* mode, owner, extended attributes */
	TRACE_CONTENT,
	TRACE_NAMES,   /* in a directory */
	TRACE_LINKS,   /* which names are one file */
	TRACE_ANYTHING /* in a directory that was moved */
};
struct trace_change {
	enum trace_difference difference;
	char *path; /* the caller's to free */
};

/*
 * 1 when whoever looked at what the trace says would see the same in this tree; 0 and *ret when
 * not. Directories whose objects are the same are not looked into.
 */
int tree_trace_check(struct tree *tree, const struct trace *trace,
		     struct content_resolver *resolver, struct trace_change *ret,
		     struct error *err);
/* "other content", and the like. */
const char *trace_difference_words(enum trace_difference difference);
