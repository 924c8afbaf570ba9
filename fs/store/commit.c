/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing a transaction: content first, then what names it. Whatever is cut off leaves extras
 * that nobody refers to. Nothing waits for the disk, unless a name is meant to survive a power cut.
 */
#include <errno.h>
#include <stdio.h>

#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/lease.h"
#include "fs/store/ref_file.h"
#include "fs/store/step_log.h"
#include "fs/store/sync.h"
#include "fs/store/txn_internal.h"
#include "fs/store/unsynced.h"

/* Note down what is about to appear. */
static int announce(struct store_txn *txn, const struct packed packs[2], size_t pack_count,
		    struct error *err)
{
	cleanup_with(buf_release) struct buf lines = { 0 };

	for (size_t i = 0; i < pack_count; i++)
		unsynced_line_pack(&lines, packs[i].name);
	for (size_t i = 0; i < txn->blob_count; i++)
		unsynced_line_object(&lines, &txn->blobs[i].id);
	for (size_t i = 0; i < txn->refs.count; i++) {
		cleanup_with(buf_release) struct buf path = { 0 };

		if (ref_is_durable(txn->refs.items[i].name))
			continue;
		if (ref_path(txn->refs.items[i].name, &path, NULL) == 0)
			unsynced_line_ref(&lines, path.data);
	}
	return lines.length ? unsynced_add(txn->store, &lines, err) : 0;
}

static int publish_blobs(struct store_txn *txn, struct error *err)
{
	for (size_t i = 0; i < txn->blob_count; i++) {
		const struct staged_blob *blob = &txn->blobs[i];
		int r = loose_publish(txn->store->objects_fd, &blob->id, txn_tmp_fd(txn),
				      blob->file_name, err);

		if (r < 0)
			return r;
		if (r > 0)
			lru_clear(txn->store->blobs); /* it may have the damaged one open */
		txn->bytes += blob->size;
	}
	return 0;
}

static int publish_packs(struct store_txn *txn, const struct packed packs[2], size_t pack_count,
			 struct error *err)
{
	for (size_t i = 0; i < pack_count; i++) {
		char name[PACK_NAME_SIZE + 3];
		int r = fault("pack.publish");

		snprintf(name, sizeof name, "%s.pk", packs[i].name);
		if (r == 0 &&
		    renameat(txn_tmp_fd(txn), packs[i].file_name, txn->store->packs_fd, name) < 0)
			r = -errno;
		if (r < 0)
			return error_errno(err, r, "cannot publish the pack '%s'", name);
		txn->bytes += packs[i].size;
	}
	return 0;
}

/* A step whose snapshot is not there would be a hit for nothing. */
static int check_steps(struct store_txn *txn, struct error *err)
{
	for (size_t i = 0; i < txn->steps.count; i++) {
		const struct object_id *snapshot = &txn->steps.items[i].snapshot;
		int r = store_txn_has(txn, snapshot, err);

		if (r == 0)
			return error_set(err, -ENOENT,
					 "cannot record a step: object %s is not in the store",
					 object_id_hex(snapshot).text);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool must_last(const struct store_txn *txn)
{
	if (txn->store->config.strict)
		return true;
	for (size_t i = 0; i < txn->refs.count; i++) {
		if (ref_is_durable(txn->refs.items[i].name))
			return true;
	}
	return false;
}

static int publish_names(struct store_txn *txn, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < txn->hold_count && r == 0; i++)
		r = lease_append(txn->store, txn->holds[i].lease_name, &txn->holds[i].id, err);
	if (r == 0)
		r = step_log_append(txn->store, txn->steps.items, txn->steps.count, err);
	for (size_t i = 0; i < txn->refs.count && r == 0; i++) {
		char name[48];

		txn_file_name(txn, name);
		r = ref_write(txn->store, txn_tmp_fd(txn), name, &txn->refs.items[i], err);
	}
	return r;
}

static void remove_packed(struct store_txn *txn, const struct packed packs[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)unlinkat(txn_tmp_fd(txn), packs[i].file_name, 0);
}

static int publish(struct store_txn *txn, struct error *err)
{
	struct packed packs[2];
	size_t pack_count = 0;
	int r = check_steps(txn, err);

	if (r == 0 && txn->packer)
		r = packer_finish(txn->packer, false, packs, &pack_count, err);
	if (r == 0)
		r = announce(txn, packs, pack_count, err);
	if (r == 0)
		r = publish_blobs(txn, err);
	if (r == 0)
		r = publish_packs(txn, packs, pack_count, err);
	if (r < 0) {
		remove_packed(txn, packs, pack_count);
		return r;
	}
	if (must_last(txn))
		r = store_sync_keep_list(txn->store, err);
	if (r == 0)
		r = publish_names(txn, err);
	/* Steps and other refs of a strict store. */
	if (r == 0 && txn->store->config.strict)
		r = store_sync_keep_list(txn->store, err);
	return r;
}

int store_txn_commit(struct store_txn *txn, struct error *err)
{
	struct store *store = txn->store;
	bool steps = txn->steps.count > 0;
	int r = publish(txn, err);

	/* What is not needed any more goes before the lock, and the lock before anything optional. */
	txn->committed = r == 0;
	store_lock_release(store, &txn->lock);
	if (r < 0)
		return error_prefix(err, store_write_failed(store, err, r), "cannot commit to '%s'",
				    store->path);
	if (steps)
		step_log_tidy(store);
	return 0;
}
