/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "builder/image/descriptor.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

struct object_id chain_id_next(const struct object_id *chain, const struct object_id *diff_id)
{
	char text[2 * DIGEST_TEXT_SIZE];
	int length;

	if (object_id_is_zero(chain))
		return *diff_id;
	length = snprintf(text, sizeof text, "%s %s", digest_text(chain).text,
			  digest_text(diff_id).text);
	return object_id_of(text, (size_t)length);
}

struct object_id chain_step_key(const struct object_id *chain)
{
	char text[DIGEST_TEXT_SIZE + 32];
	int length =
		snprintf(text, sizeof text, "imported layers 1\n%s\n", digest_text(chain).text);

	return object_id_of(text, (size_t)length);
}

int chain_find(struct store *store, struct store_lease *lease, const struct object_id *chain,
	       struct object_id *ret, struct error *err)
{
	struct object_id key = chain_step_key(chain);
	struct step_record step;
	int r = store_step_find(store, &key, &step, err);

	if (r <= 0)
		return r;
	r = store_lease_hold(lease, &step.snapshot, err);
	if (r == -ENOENT || r == -EBADMSG)
		return 0; /* collected or damaged meanwhile: as good as never imported */
	if (r < 0)
		return r;
	*ret = step.snapshot;
	return 1;
}

int snapshot_read(struct store *store, const struct object_id *id, struct snapshot_record *ret,
		  struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = store_read(store, id, OBJECT_SNAPSHOT, SNAPSHOT_RECORD_MAX, &bytes, err);

	if (r == 0)
		r = snapshot_record_decode(bytes.data, bytes.length, ret, err);
	return r < 0 ? error_prefix(err, r, "state %s", object_id_hex(id).text) : 0;
}

bool snapshot_is_scratch(const struct snapshot_record *record)
{
	struct tree_root empty = tree_root_empty();

	return object_id_is_zero(&record->parent) && object_id_is_zero(&record->layer) &&
	       tree_root_equal(&record->root, &empty);
}

static void reverse(struct image_chain *chain)
{
	for (size_t i = 0; i < chain->count / 2; i++) {
		struct image_layer swap = chain->layers[i];

		chain->layers[i] = chain->layers[chain->count - 1 - i];
		chain->layers[chain->count - 1 - i] = swap;
	}
}

static int read_chain(struct store *store, struct object_id at, struct image_chain *chain,
		      struct error *err)
{
	while (!object_id_is_zero(&at)) {
		struct snapshot_record record;
		int r = snapshot_read(store, &at, &record, err);

		if (r < 0)
			return r;
		if (chain->count)
			chain->layers[chain->count - 1].before = record.root;
		else
			chain->config = record.config;
		if (snapshot_is_scratch(&record))
			break;
		if (chain->count == IMAGE_LAYERS_MAX)
			return error_set(err, -E2BIG, "more than %d layers", IMAGE_LAYERS_MAX);
		array_reserve_one(chain->layers, chain->count, chain->capacity);
		chain->layers[chain->count++] = (struct image_layer){ .snapshot = at,
								      .before = tree_root_empty(),
								      .after = record.root,
								      .record = record.layer };
		at = record.parent;
	}
	reverse(chain);
	return 0;
}

int image_chain_read(struct store *store, const struct object_id *snapshot, struct image_chain *ret,
		     struct error *err)
{
	struct image_chain chain = { 0 };
	int r = read_chain(store, *snapshot, &chain, err);

	if (r < 0) {
		image_chain_release(&chain);
		return r;
	}
	*ret = chain;
	return 0;
}

void image_chain_release(struct image_chain *chain)
{
	free(chain->layers);
	*chain = (struct image_chain){ 0 };
}
