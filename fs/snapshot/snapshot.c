/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/snapshot.h"

#include <errno.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/overlay/overlay.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"

int snapshot_load(struct store *store, const struct object_id *id, struct snapshot_record *ret,
		  struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = store_read(store, id, OBJECT_SNAPSHOT, SNAPSHOT_RECORD_MAX, &bytes, err);

	if (r < 0)
		return r;
	r = snapshot_record_decode(bytes.data, bytes.length, ret, err);
	return r < 0 ? error_prefix(err, r, "object %s", object_id_hex(id).text) : 0;
}

/* ---- messages ---- */

static void put_id(struct buf *buf, const struct object_id *id)
{
	buf_append(buf, id->bytes, OBJECT_ID_SIZE);
}

void snapshot_intent_encode(const struct snapshot_intent *intent, struct buf *ret)
{
	put_id(ret, &intent->parent);
	put_id(ret, &intent->step);
	wire_put_u64(ret, (uint64_t)intent->created_s);
	wire_put_u32(ret, intent->config != NULL);
	wire_put_bytes(ret, intent->config, intent->config_size);
	wire_put_string(ret, intent->hold);
	wire_put_string(ret, intent->ref);
	wire_put_u32(ret, (uint32_t)intent->step_count);
	for (size_t i = 0; i < intent->step_count; i++) {
		put_id(ret, &intent->steps[i].key);
		wire_put_u64(ret, (uint64_t)intent->steps[i].created_s);
		wire_put_u32(ret, intent->steps[i].cost_ms);
		wire_put_u32(ret, intent->steps[i].flags);
	}
}

int snapshot_intent_decode(struct wire *wire, struct snapshot_intent *ret)
{
	bool has_config;

	*ret = (struct snapshot_intent){ 0 };
	wire_fixed(wire, ret->parent.bytes, OBJECT_ID_SIZE);
	wire_fixed(wire, ret->step.bytes, OBJECT_ID_SIZE);
	ret->created_s = (int64_t)wire_u64(wire);
	has_config = wire_u32(wire);
	ret->config = wire_bytes(wire, &ret->config_size);
	if (!has_config)
		ret->config = NULL;
	ret->hold = wire_string(wire);
	ret->ref = wire_string(wire);
	ret->step_count = wire_u32(wire);
	if (ret->step_count > SNAPSHOT_STEPS_MAX)
		wire->bad = true;
	for (size_t i = 0; i < ret->step_count && !wire->bad; i++) {
		struct step_record *step = &ret->steps[i];

		wire_fixed(wire, step->key.bytes, OBJECT_ID_SIZE);
		step->created_s = (int64_t)wire_u64(wire);
		step->cost_ms = wire_u32(wire);
		step->flags = wire_u32(wire);
	}
	if (!wire->bad)
		return 0;
	free(ret->hold);
	free(ret->ref);
	return -EPROTO;
}

int snapshot_record_put(struct store_txn *txn, const struct tree_root *root,
			const struct snapshot_intent *intent, struct object_id *ret,
			struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .root = *root,
					  .parent = intent->parent,
					  .step = intent->step,
					  .created_s = intent->created_s };
	int r = 0;

	if (intent->config)
		r = store_txn_put(txn, OBJECT_BLOB, intent->config, intent->config_size,
				  &record.config, err);
	if (r < 0)
		return r;
	snapshot_record_encode(&record, &bytes);
	r = store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, ret, err);
	for (size_t i = 0; i < intent->step_count && r == 0; i++) {
		struct step_record step = intent->steps[i];

		step.snapshot = *ret;
		store_txn_add_step(txn, &step);
	}
	if (r == 0 && intent->ref)
		r = store_txn_set_ref(txn, intent->ref, ret, err);
	if (r == 0 && intent->hold)
		r = store_txn_hold(txn, intent->hold, ret, err);
	return r;
}

void snapshot_result_encode(const struct snapshot_result *result, struct buf *ret)
{
	const struct tree_root *root = &result->root;

	put_id(ret, &result->id);
	put_id(ret, &root->dir);
	put_id(ret, &root->xattrs);
	put_id(ret, &root->links);
	wire_put_u32(ret, root->mode);
	wire_put_u32(ret, root->uid);
	wire_put_u32(ret, root->gid);
	wire_put_u64(ret, (uint64_t)root->mtime_s);
	wire_put_u32(ret, root->mtime_ns);
	wire_put_u64(ret, result->bytes);
	wire_put_u32(ret, result->dirs);
	wire_put_u32(ret, result->files);
}

void snapshot_result_decode(struct wire *wire, struct snapshot_result *ret)
{
	struct tree_root *root = &ret->root;

	wire_fixed(wire, ret->id.bytes, OBJECT_ID_SIZE);
	wire_fixed(wire, root->dir.bytes, OBJECT_ID_SIZE);
	wire_fixed(wire, root->xattrs.bytes, OBJECT_ID_SIZE);
	wire_fixed(wire, root->links.bytes, OBJECT_ID_SIZE);
	root->mode = wire_u32(wire);
	root->uid = wire_u32(wire);
	root->gid = wire_u32(wire);
	root->mtime_s = (int64_t)wire_u64(wire);
	root->mtime_ns = wire_u32(wire);
	ret->bytes = wire_u64(wire);
	ret->dirs = wire_u32(wire);
	ret->files = wire_u32(wire);
}

/* ---- committing ---- */

/* Publish what was written, kept by the lease `holder` (NULL: none), or leave the tree changed. */
static int publish(struct store_txn *txn, struct tree_commit *written, const char *holder,
		   const struct snapshot_intent *intent, struct snapshot_result *ret,
		   struct error *err)
{
	size_t dirs, files;
	int r;

	ret->root = *tree_commit_root(written);
	tree_commit_counts(written, &dirs, &files);
	ret->dirs = (uint32_t)dirs;
	ret->files = (uint32_t)files;
	r = snapshot_record_put(txn, &ret->root, intent, &ret->id, err);
	if (r == 0 && holder)
		r = store_txn_hold(txn, holder, &ret->id, err);
	if (r == 0)
		r = store_txn_commit(txn, err);
	ret->bytes = store_txn_bytes(txn);
	if (r < 0)
		tree_commit_abort(written);
	else
		tree_commit_apply(written);
	return r;
}

int snapshot_commit_tree(struct tree *tree, struct store_lease *lease,
			 const struct snapshot_intent *intent, struct snapshot_result *ret,
			 struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = NULL;
	int r = store_txn_begin(tree_store(tree), lease, &txn, err);

	if (r == 0)
		r = tree_commit_write(tree, txn, NULL, &written, err);
	return r < 0 ? r : publish(txn, written, NULL, intent, ret, err);
}

int snapshot_commit_overlay(struct overlay *overlay, struct store_lease *lease,
			    const struct snapshot_intent *intent, struct snapshot_result *ret,
			    struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = NULL;
	int r = store_txn_begin(tree_store(overlay_tree(overlay)), lease, &txn, err);

	if (r == 0)
		r = overlay_commit_write(overlay, txn, &written, err);
	/* The tree in memory goes on from here: what it refers to must stay. */
	if (r == 0)
		r = publish(txn, written, store_lease_name(lease), intent, ret, err);
	if (r == 0)
		overlay_commit_done(overlay);
	return r;
}
