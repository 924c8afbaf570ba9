/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer_import.h"

#include <errno.h>

#include "builder/image/decompress.h"
#include "builder/image/descriptor.h"
#include "builder/image/layer/chain.h"
#include "builder/image/layer/layer_record.h"
#include "builder/image/layer/recipe.h"
#include "builder/image/layer_apply.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000

/* The layer on its way: as it comes, and decompressed. */
struct stream {
	struct digest_source raw, plain;
	struct decompress *decompress;
};

static int open_stream(const struct layer_import *import, struct byte_source *blob,
		       struct stream *ret, struct error *err)
{
	int r;

	digest_source_init(&ret->raw, blob);
	if (import->received)
		ret->raw.limit = import->received->size;
	r = decompress_open(&ret->raw.base, &ret->decompress, err);
	if (r < 0)
		return r;
	digest_source_init(&ret->plain, decompress_source(ret->decompress));
	ret->plain.limit = LAYER_SIZE_MAX;
	return 0;
}

static void close_stream(struct stream *stream)
{
	digest_source_release(&stream->raw);
	digest_source_release(&stream->plain);
	decompress_close(stream->decompress);
}

static int check_digest(const char *what, const struct object_id *want, const struct object_id *got,
			struct error *err)
{
	if (object_id_equal(want, got))
		return 0;
	return error_set(err, -EBADMSG, "%s has the digest %s instead of %s", what,
			 digest_text(got).text, digest_text(want).text);
}

/* Read to the end, and hold what came against what was promised. */
static int check_received(const struct layer_import *import, struct stream *stream,
			  struct error *err)
{
	const struct descriptor *received = import->received;
	struct object_id digest;
	int r = source_drain(&stream->raw.base, err);

	if (r < 0 || !received)
		return r;
	if (stream->raw.size != received->size)
		return error_set(err, -EBADMSG, "it has %llu bytes instead of %llu",
				 (unsigned long long)stream->raw.size,
				 (unsigned long long)received->size);
	digest_source_result(&stream->raw, &digest);
	return check_digest("it", &received->digest, &digest, err);
}

static int check_stream(const struct layer_import *import, struct stream *stream,
			struct object_id *ret_diff_id, struct error *err)
{
	int r = check_received(import, stream, err);

	if (r < 0)
		return r;
	digest_source_result(&stream->plain, ret_diff_id);
	if (!import->diff_id)
		return 0;
	return check_digest("its archive", import->diff_id, ret_diff_id, err);
}

/* What cannot be unpacked may be another layer than the one that was promised: say that instead. */
static int explain(const struct layer_import *import, struct stream *stream, int code,
		   struct error *err)
{
	struct error other;

	if (code != -EINVAL || check_received(import, stream, &other) != -EBADMSG)
		return code;
	if (err)
		*err = other;
	return -EBADMSG;
}

static const char *shown(const struct layer_import *import)
{
	return import->shown ? import->shown : import->what;
}

/* Put the archive's entries onto the tree; what is to be known of it later in *ret_record. */
static int unpack(const struct layer_import *import, struct stream *stream, struct tree *tree,
		  struct store_txn *txn, struct object_id *ret_record,
		  struct object_id *ret_diff_id, struct error *err)
{
	cleanup_with(recipe_writer_free) struct recipe_writer *recipe = NULL;
	cleanup_with(layer_apply_release) struct layer_apply apply = { .tree = tree, .txn = txn };
	struct layer_record record = { 0 };
	int r = recipe_writer_begin(txn, &recipe, err);

	if (r < 0)
		return r;
	apply.recipe = recipe;
	apply.progress = import->progress;
	apply.what = shown(import);
	r = layer_apply(&apply, &stream->plain.base, err);
	if (r == 0)
		r = check_stream(import, stream, &record.diff_id, err);
	if (r < 0)
		return r;
	record.size = recipe_writer_size(recipe);
	r = recipe_writer_finish(recipe, &record.recipe, &record.recipe_size, err);
	if (r < 0)
		return r;
	if (import->received && import->received->media_type) {
		record.received_type = import->received->media_type;
		record.received_digest = import->received->digest;
		record.received_size = import->received->size;
	}
	*ret_diff_id = record.diff_id;
	/* the media type stays the descriptor's, so there is nothing to release */
	return layer_record_write(txn, &record, &apply.spare, ret_record, err);
}

static int put_snapshot(struct store_txn *txn, const struct snapshot_record *record,
			struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };

	snapshot_record_encode(record, &bytes);
	return store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, ret, err);
}

static int publish(const struct layer_import *import, struct store_txn *txn, struct tree *tree,
		   struct snapshot_record *record, struct imported_layer *ret, uint64_t began_ns,
		   struct error *err)
{
	struct step_record step = { .key = record->step,
				    .created_s = clock_realtime_ns() / NS_PER_S };
	struct tree_commit *commit = NULL;
	int r = tree_commit_write(tree, txn, NULL, &commit, err);

	if (r < 0)
		return r;
	record->root = *tree_commit_root(commit);
	r = put_snapshot(txn, record, &ret->snapshot, err);
	if (r == 0)
		r = store_txn_hold(txn, store_lease_name(import->lease), &ret->snapshot, err);
	if (r < 0) {
		tree_commit_abort(commit);
		return r;
	}
	step.snapshot = ret->snapshot;
	step.cost_ms = (uint32_t)((clock_monotonic_ns() - began_ns) / NS_PER_MS);
	store_txn_add_step(txn, &step);
	r = store_txn_commit(txn, err);
	if (r < 0)
		tree_commit_abort(commit);
	else
		tree_commit_apply(commit);
	return r;
}

static int import_stream(const struct layer_import *import, struct stream *stream,
			 struct imported_layer *ret, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = NULL;
	struct snapshot_record record = { 0 }, parent;
	uint64_t began_ns = clock_monotonic_ns();
	bool first = object_id_is_zero(&import->parent);
	int r = first ? 0 : snapshot_read(import->store, &import->parent, &parent, err);

	if (r < 0)
		return r;
	r = store_txn_begin(import->store, import->lease, &txn, err);
	if (r < 0)
		return r;
	tree = tree_open(import->store, first ? NULL : &parent.root);
	r = unpack(import, stream, tree, txn, &record.layer, &ret->diff_id, err);
	if (r < 0)
		return r;
	ret->chain = chain_id_next(&import->parent_chain, &ret->diff_id);
	record.parent = import->parent;
	record.step = chain_step_key(&ret->chain);
	return publish(import, txn, tree, &record, ret, began_ns, err);
}

int layer_import(const struct layer_import *import, struct byte_source *blob,
		 struct imported_layer *ret, struct error *err)
{
	struct imported_layer layer = { 0 };
	struct stream stream = { 0 };
	int r = open_stream(import, blob, &stream, err);

	if (r == 0)
		r = import_stream(import, &stream, &layer, err);
	r = explain(import, &stream, r, err);
	if (r == 0)
		progress_report(import->progress, shown(import), stream.plain.size,
				stream.plain.size);
	close_stream(&stream);
	if (r < 0)
		return error_prefix(err, r, "%s", import->what);
	*ret = layer;
	return 0;
}
