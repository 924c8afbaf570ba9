/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of trees that are given as text, and layers imported from archives in memory. */
#pragma once

#include "builder/image/decompress.h"
#include "builder/image/layer/chain.h"
#include "builder/image/layer/layer_record.h"
#include "builder/image/layer/recipe.h"
#include "builder/image/layer_import.h"
#include "tests/lib/tar_fixture.h"
#include "tests/lib/tree_text.h"

__attribute__((unused)) static struct object_id put_snapshot(struct fixture *f,
							     const struct snapshot_record *record,
							     const char *ref)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id id;

	snapshot_record_encode(record, &bytes);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &id, &f->err),
		  f->err);
	if (ref)
		assert_ok(store_txn_set_ref(txn, ref, &id, &f->err), f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	return id;
}

__attribute__((unused)) static struct object_id put_blob(struct fixture *f, const char *text)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct object_id id;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(store_txn_put(txn, OBJECT_BLOB, text, strlen(text), &id, &f->err), f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	return id;
}

/* Apply the lines of `text` (one with "-" takes the path behind it away) to the snapshot `parent`,
 * which may be zero. */
__attribute__((unused)) static struct object_id snapshot_on(struct fixture *f,
							    const struct object_id *parent,
							    const char *text)
{
	struct snapshot_record record = { .parent = *parent }, below;
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;
	struct tree *tree;

	if (!object_id_is_zero(parent))
		assert_ok(snapshot_read(f->store, parent, &below, &f->err), f->err);
	tree = open_tree(f, object_id_is_zero(parent) ? NULL : &below.root);
	while ((line = strsep(&rest, "\n"))) {
		if (line[0] == '-')
			assert_ok(tree_remove(tree, name_of(f, tree, line + 2), &f->err), f->err);
		else
			text_make(f, tree, line);
	}
	record.root = commit(f, tree);
	tree_close(tree);
	return put_snapshot(f, &record, NULL);
}

__attribute__((unused)) static char *text_of_snapshot(struct fixture *f, const struct object_id *id)
{
	struct snapshot_record record;

	assert_ok(snapshot_read(f->store, id, &record, &f->err), f->err);
	return text_of_tree(f, &record.root);
}

/* Import an archive as it is on top of `below` (NULL: nothing). */
__attribute__((unused)) static int import_tar(struct fixture *f, const struct imported_layer *below,
					      const void *data, size_t size,
					      struct imported_layer *ret)
{
	struct layer_import import = { .store = f->store, .lease = f->lease, .what = "the layer" };
	struct memory_source source;

	if (below) {
		import.parent = below->snapshot;
		import.parent_chain = below->chain;
	}
	memory_source_init(&source, data, size);
	return layer_import(&import, &source.base, ret, &f->err);
}

/* The archive of an imported layer, written again. */
__attribute__((unused)) static void regenerate(struct fixture *f, const struct object_id *snapshot,
					       struct buf *ret)
{
	cleanup_with(layer_record_release) struct layer_record record = { 0 };
	cleanup_with(recipe_reader_close) struct recipe_reader *reader = NULL;
	struct snapshot_record top;
	struct buf_sink sink;

	buf_sink_init(&sink, ret);
	assert_ok(snapshot_read(f->store, snapshot, &top, &f->err), f->err);
	assert_ok(layer_record_read(f->store, &top.layer, &record, &f->err), f->err);
	assert_ok(recipe_reader_open(f->store, &record.recipe, &reader, &f->err), f->err);
	assert_ok(sink_copy(&sink.base, recipe_reader_source(reader), &f->err), f->err);
	assert_int_equal(ret->length, record.size);
}
