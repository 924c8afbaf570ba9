/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/restack.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "builder/image/json.h"
#include "builder/image/layer/chain.h"
#include "builder/image/layer/layering.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

/* A chain that is being written, from its bottom. */
struct stacking {
	struct store *store;
	struct store_lease *lease;
	struct store_txn *txn; /* NULL until something has to be written */
	struct object_id top;
	struct tree_root files; /* of the top, as far as states are stacked */
};

/* ---- writing ---- */

static int put(struct stacking *stacking, const struct snapshot_record *record, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = 0;

	if (!stacking->txn)
		r = store_txn_begin(stacking->store, stacking->lease, &stacking->txn, err);
	if (r < 0)
		return r;
	snapshot_record_encode(record, &bytes);
	return store_txn_put(stacking->txn, OBJECT_SNAPSHOT, bytes.data, bytes.length,
			     &stacking->top, err);
}

static int finish(struct stacking *stacking, struct object_id *ret, struct error *err)
{
	int r;

	if (stacking->txn) {
		r = store_txn_hold(stacking->txn, store_lease_name(stacking->lease), &stacking->top,
				   err);
		if (r == 0)
			r = store_txn_commit(stacking->txn, err);
	} else {
		r = store_lease_hold(stacking->lease, &stacking->top, err);
	}
	if (r == 0)
		*ret = stacking->top;
	return r;
}

/* ---- states ---- */

/* How a state's layer was written elsewhere holds on top of the same files alone. */
static int check_layer(struct stacking *stacking, struct snapshot_record *record, struct error *err)
{
	struct snapshot_record parent = { .root = tree_root_empty() };
	int r = 0;

	if (object_id_is_zero(&record->layer))
		return 0;
	if (!object_id_is_zero(&record->parent))
		r = snapshot_read(stacking->store, &record->parent, &parent, err);
	if (r == 0 && !tree_root_equal(&parent.root, &stacking->files))
		record->layer = (struct object_id){ 0 };
	return r;
}

static int add_state(struct stacking *stacking, const struct object_id *state, struct error *err)
{
	struct snapshot_record record;
	int r = snapshot_read(stacking->store, state, &record, err);

	if (r < 0)
		return r;
	if (object_id_equal(&record.parent, &stacking->top)) {
		stacking->top = *state;
	} else {
		r = check_layer(stacking, &record, err);
		record.parent = stacking->top;
		if (r == 0)
			r = put(stacking, &record, err);
	}
	stacking->files = record.root;
	return r;
}

int restack_states(struct store *store, struct store_lease *lease, const struct object_id *base,
		   const struct object_id *states, size_t count, struct object_id *ret,
		   struct error *err)
{
	struct snapshot_record lowest = { .root = tree_root_empty() };
	struct stacking stacking = { .store = store, .lease = lease, .top = *base };
	int r = object_id_is_zero(base) ? 0 : snapshot_read(store, base, &lowest, err);

	stacking.files = lowest.root;
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_state(&stacking, &states[i], err);
	if (r == 0 && object_id_is_zero(&stacking.top))
		*ret = stacking.top;
	else if (r == 0)
		r = finish(&stacking, ret, err);
	store_txn_free(stacking.txn);
	return r;
}

/* ---- images ---- */

/* Of the records that stand for layers only those that end one go on doing so. */
static void mark_history(struct config *config, const size_t *ends, size_t count)
{
	size_t layer = 0, next = 0;

	for (size_t i = 0; i < config->history_count; i++) {
		struct config_history *record = &config->history[i];

		if (record->empty_layer)
			continue;
		if (next < count && layer == ends[next])
			next++;
		else
			record->empty_layer = true;
		layer++;
	}
}

static int put_config(struct stacking *stacking, const struct image_chain *chain,
		      const size_t *ends, size_t count, struct object_id *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(config_steps_release) struct config_steps steps = { 0 };
	cleanup_with(buf_release) struct buf document = { 0 };
	int r;

	if (object_id_is_zero(&chain->config))
		return 0;
	r = store_read(stacking->store, &chain->config, OBJECT_BLOB, JSON_DOCUMENT_MAX, &document,
		       err);
	if (r == 0)
		r = config_parse(document.data, document.length, "image configuration", &config,
				 err);
	if (r == 0 && !stacking->txn)
		r = store_txn_begin(stacking->store, stacking->lease, &stacking->txn, err);
	if (r < 0)
		return r;
	/* What there is too much or too little of is settled where the layers are made; it is no
	 * use to guess here which record is whose. */
	if (config_history_layers(&config) == chain->count)
		mark_history(&config, ends, count);
	/* What makes no sense comes from elsewhere, and is not passed on. */
	if (config_steps_parse(document.data, document.length, "image configuration", chain->count,
			       &steps, NULL) > 0)
		config_steps_merge(&steps, ends, count);
	config_steps_set(&steps, &config);
	buf_clear(&document);
	config_write(&config, &document);
	return store_txn_put(stacking->txn, OBJECT_BLOB, document.data, document.length, ret, err);
}

/* A layer of all from `first` to `last`. */
static int add_layer(struct stacking *stacking, const struct image_chain *chain, size_t first,
		     size_t last, const struct object_id *config, struct error *err)
{
	const struct image_layer *layer = &chain->layers[last];
	struct snapshot_record record;
	int r = snapshot_read(stacking->store, &layer->snapshot, &record, err);

	if (r < 0)
		return r;
	if (last + 1 < chain->count && object_id_equal(&record.parent, &stacking->top)) {
		stacking->top = layer->snapshot;
		return 0;
	}
	/* How it was written elsewhere holds for what it adds to its own parent. */
	if (first != last)
		record.layer = (struct object_id){ 0 };
	record.parent = stacking->top;
	if (last + 1 == chain->count)
		record.config = *config;
	return put(stacking, &record, err);
}

static int stack(struct stacking *stacking, const struct image_chain *chain, const size_t *ends,
		 size_t count, struct object_id *ret, struct error *err)
{
	struct object_id config = { 0 };
	struct snapshot_record lowest;
	size_t first = 0;
	int r = snapshot_read(stacking->store, &chain->layers[0].snapshot, &lowest, err);

	if (r == 0)
		r = put_config(stacking, chain, ends, count, &config, err);
	if (r < 0)
		return r;
	stacking->top = lowest.parent;
	for (size_t i = 0; i < count && r == 0; i++) {
		r = add_layer(stacking, chain, first, ends[i], &config, err);
		first = ends[i] + 1;
	}
	return r < 0 ? r : finish(stacking, ret, err);
}

/* Layers that came from elsewhere, as long as there is nothing else below them. */
static size_t count_imported(const struct image_chain *chain)
{
	size_t count = 0;

	while (count < chain->count && !object_id_is_zero(&chain->layers[count].record))
		count++;
	return count;
}

int restack_image(struct store *store, struct store_lease *lease, const struct object_id *image,
		  const struct layering *layering, const struct layer_origins *origins,
		  struct object_id *ret, struct error *err)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	struct stacking stacking = { .store = store, .lease = lease };
	struct layer_origins imported = { 0 };
	cleanup_free size_t *ends = NULL;
	size_t count;
	int r = image_chain_read(store, image, &chain, err);

	if (r < 0)
		return r;
	imported.base = count_imported(&chain);
	ends = xcalloc(chain.count + 1, sizeof *ends);
	count = layering_ends(layering, origins ? origins : &imported, chain.count, ends);
	if (count == chain.count) {
		*ret = *image;
		return 0;
	}
	r = stack(&stacking, &chain, ends, count, ret, err);
	store_txn_free(stacking.txn);
	return r;
}
