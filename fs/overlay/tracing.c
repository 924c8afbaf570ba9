/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/tracing.h"

#include <errno.h>
#include <string.h>

#include <uthash.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/trace.h"

/* A name that has been looked at: its place and its directory's in the trace. */
struct known_name {
	UT_hash_handle hh;
	uint32_t length; /* of the key, which begins behind it */
	uint32_t parent;
	char name[];
};

/* Where a directory, or a file with several names, stands in the trace. */
struct known_node {
	UT_hash_handle hh;
	uint64_t ino;
	uint32_t index;
};

struct tracing {
	struct tree *tree;
	struct trace trace;
	struct known_name *names;
	struct known_node *nodes;
	uint64_t last_listed;
	int failed; /* 0, or why there is no trace */
};

/* What was made since the beginning has numbers of its own. */
static bool is_new(const struct node *node)
{
	return node->ino >> 63;
}

void tracing_failed(struct tracing *tracing, int r)
{
	if (tracing && !tracing->failed)
		tracing->failed = r;
}

/* ---- what is known ---- */

static struct known_node *find_node(const struct tracing *tracing, uint64_t ino)
{
	struct known_node *known;

	HASH_FIND(hh, tracing->nodes, &ino, sizeof ino, known);
	return known;
}

static void add_node(struct tracing *tracing, uint64_t ino, uint32_t index)
{
	struct known_node *known = find_node(tracing, ino);

	if (known)
		return;
	known = xmalloc(sizeof *known);
	known->ino = ino;
	known->index = index;
	HASH_ADD(hh, tracing->nodes, ino, sizeof known->ino, known);
}

/* The entry of a directory of the beginning: NULL for one that was made since. */
static struct trace_entry *entry_of(struct tracing *tracing, const struct node *dir,
				    uint32_t *ret_index)
{
	struct known_node *known;

	if (is_new(dir))
		return NULL;
	known = find_node(tracing, dir->ino);
	if (!known) {
		tracing_failed(tracing, -ESTALE);
		return NULL;
	}
	*ret_index = known->index;
	return &tracing->trace.items[known->index];
}

/* False when it is known already. */
static bool add_name(struct tracing *tracing, uint32_t parent, const char *name, size_t length)
{
	size_t key_length = sizeof parent + length;
	struct known_name *known, *added = xmalloc(sizeof *added + length);

	added->length = (uint32_t)key_length;
	added->parent = parent;
	memcpy(added->name, name, length);
	HASH_FIND(hh, tracing->names, &added->parent, key_length, known);
	if (known) {
		free(added);
		return false;
	}
	HASH_ADD_KEYPTR(hh, tracing->names, &added->parent, key_length, added);
	return true;
}

/* ---- what is seen ---- */

/* All names of one file show the same, and one of them may have been used to change it. */
static bool copy_known(struct tracing *tracing, const struct node *node, struct trace_entry *entry)
{
	struct known_node *known = node_is_dir(node) ? NULL : find_node(tracing, node->ino);
	struct trace_entry same;

	if (!known)
		return false;
	same = tracing->trace.items[known->index];
	same.parent = entry->parent;
	same.name = entry->name;
	same.name_length = entry->name_length;
	*entry = same;
	return true;
}

static void add_found(struct tracing *tracing, struct node *node, struct trace_entry *entry)
{
	uint32_t index = (uint32_t)(entry - tracing->trace.items);
	int r;

	if (copy_known(tracing, node, entry))
		return;
	/*
	 * Nobody can have changed what nobody has looked up; who has found a way ends the trace.
	 * What is in a directory may be changed by another name that it has elsewhere.
	 */
	if (is_new(node) || node->flags & NODE_CHANGED) {
		tracing_failed(tracing, -ESTALE);
		return;
	}
	r = tree_trace_node(tracing->tree, node, NULL, entry, NULL);
	if (r < 0)
		tracing_failed(tracing, r);
	if (node_is_dir(node) || entry->flags & TRACE_LINKED)
		add_node(tracing, node->ino, index);
}

void tracing_looked_up(struct tracing *tracing, struct node *dir, const char *name, size_t length,
		       const struct dentry *found)
{
	struct trace_entry *entry;
	uint32_t parent;

	if (!tracing || tracing->failed || !entry_of(tracing, dir, &parent) ||
	    !add_name(tracing, parent, name, length))
		return;
	if (tracing->trace.count == TRACE_MAX_ENTRIES) {
		tracing->failed = -E2BIG;
		return;
	}
	entry = trace_add(&tracing->trace, parent, name, length);
	if (found && !(found->node->flags & NODE_GHOST))
		add_found(tracing, found->node, entry);
}

void tracing_listed(struct tracing *tracing, const struct node *dir)
{
	struct trace_entry *entry;
	uint32_t index;

	if (!tracing || tracing->failed || tracing->last_listed == dir->ino)
		return;
	entry = entry_of(tracing, dir, &index);
	if (entry)
		entry->flags |= TRACE_LISTED;
	tracing->last_listed = dir->ino;
}

void tracing_moved(struct tracing *tracing, const struct node *dir)
{
	struct trace_entry *entry;
	uint32_t index;

	if (!tracing || tracing->failed)
		return;
	entry = entry_of(tracing, dir, &index);
	/* Names that nobody has looked at change with it, and they may be of files elsewhere. */
	if (entry && !object_id_is_zero(&tracing->trace.links))
		tracing->failed = -EMLINK;
	else if (entry)
		entry->flags |= TRACE_WHOLE;
}

/* ---- beginning and end ---- */

int tracing_begin(struct tree *tree, struct tracing **ret, struct error *err)
{
	struct tracing *tracing = xcalloc(1, sizeof *tracing);
	struct node *root = tree_root_node(tree);
	int r;

	tracing->tree = tree;
	tracing->trace.links = tree_base_links(tree);
	r = tree_trace_node(tree, root, NULL, trace_add(&tracing->trace, 0, "", 0), err);
	add_node(tracing, root->ino, 0);
	if (r < 0)
		tracing_end(tracing);
	else
		*ret = tracing;
	return r;
}

void tracing_end(struct tracing *tracing)
{
	struct known_name *name, *next_name;
	struct known_node *node, *next_node;

	if (!tracing)
		return;
	HASH_ITER(hh, tracing->names, name, next_name) {
		HASH_DEL(tracing->names, name);
		free(name);
	}
	HASH_ITER(hh, tracing->nodes, node, next_node) {
		HASH_DEL(tracing->nodes, node);
		free(node);
	}
	trace_release(&tracing->trace);
	free(tracing);
}

static int add_whole(struct store *store, struct content_memo *memo, struct trace_entry *entry,
		     struct error *err)
{
	struct tree_root root = { .dir = entry->content,
				  .mode = entry->mode,
				  .uid = entry->uid,
				  .gid = entry->gid,
				  .xattrs = entry->xattrs };

	return content_digest_root(store, &root, memo, &entry->whole, err);
}

int tracing_encode(struct tracing *tracing, struct buf *ret, struct error *err)
{
	cleanup_with(content_memo_free) struct content_memo *memo = content_memo_new();
	struct store *store = tree_store(tracing->tree);
	struct trace *trace = &tracing->trace;
	int r = tracing->failed;

	if (r == -E2BIG)
		return error_set(err, r, "more than %d names were looked up", TRACE_MAX_ENTRIES);
	if (r == -EMLINK)
		return error_set(err, r, "a directory was moved where files have several names");
	if (r < 0)
		return error_errno(err, r, "not all that was looked up is known");
	/* The objects of the beginning are still there: whoever serves it holds them. */
	for (uint32_t i = 0; i < trace->count && r == 0; i++) {
		struct trace_entry *entry = &trace->items[i];

		if (!entry->found || entry->type != DIR_ENTRY_DIR)
			continue;
		r = tree_trace_names(store, &entry->content, &entry->names, err);
		if (r == 0 && entry->flags & TRACE_WHOLE)
			r = add_whole(store, memo, entry, err);
	}
	if (r == 0)
		trace_encode(trace, ret);
	return r;
}
