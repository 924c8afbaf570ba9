/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting small packs together, so that each is at least twice as large as all smaller ones
 * together: their number grows with the logarithm of the store, and a byte is copied as often.
 *
 * The new pack is on the disk before an old one goes, and has all that they had. So an object that
 * somebody saw is still there, and no lock is needed to delete them.
 */
#include <errno.h>
#include <fcntl.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/gc.h"
#include "fs/store/gc/collect.h"
#include "fs/store/gc/rewrite.h"
#include "fs/store/pack/packer.h"
#include "fs/store/store_internal.h"

/* Up to so many packs a look-up costs next to nothing. */
#define PACKS_FINE 16

static int compare_size(const void *a, const void *b)
{
	const struct pack *const *left = a, *const *right = b;

	return (*left)->size < (*right)->size ? -1 : (*left)->size > (*right)->size;
}

/* How many of the packs, in ascending order of size, are to be put together. */
static size_t count_to_join(struct pack *const *packs, size_t count)
{
	size_t split = 0;
	uint64_t sum = 0;

	for (size_t i = count; i-- > 1;) {
		if (packs[i]->size < 2 * (uint64_t)packs[i - 1]->size) {
			split = i + 1;
			break;
		}
	}
	for (size_t i = 0; i < split; i++)
		sum += packs[i]->size;
	/* What comes out must not be too large for its neighbour either. */
	for (; split && split < count && packs[split]->size < 2 * sum; split++)
		sum += packs[split]->size;
	return split;
}

static int remove_old(struct store *store, struct pack *const *packs, size_t count,
		      struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		char name[PACK_NAME_SIZE + 3];
		int r = fault("rollup.unlink");

		snprintf(name, sizeof name, "%s.pk", packs[i]->name);
		if (r == 0 && unlinkat(store->packs_fd, name, 0) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return error_errno(err, r, "cannot remove 'packs/%s'", name);
	}
	return 0;
}

static int join(struct store *store, struct pack *const *packs, size_t count, struct error *err)
{
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(packer_free) struct packer *packer = NULL;
	struct packed packed[2];
	size_t packed_count = 0;
	int r = store_lease_begin(store, &lease, err);

	if (r < 0)
		return r;
	packer = packer_new(store_lease_tmp_fd(lease), "joined-");
	for (size_t i = 0; i < count && r == 0; i++)
		r = rewrite_pack(packer, store->frames, packs[i], NULL, NULL, err);
	if (r == 0)
		r = packer_finish(packer, true, packed, &packed_count, err);
	if (r == 0)
		r = rewrite_publish(store, store_lease_tmp_fd(lease), packed, packed_count, err);
	if (r == 0)
		r = remove_old(store, packs, count, err);
	return r;
}

int gc_roll_up(struct store *store, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *set = NULL;
	cleanup_free struct pack **packs = NULL;
	size_t count;
	int r = pack_list_refresh(store->packs, false, err);

	if (r >= 0)
		r = pack_list_get(store->packs, &set, err);
	if (r < 0 || set->count <= PACKS_FINE)
		return r;
	packs = xcalloc(set->count, sizeof(struct pack *));
	memcpy(packs, set->packs, set->count * sizeof(struct pack *));
	qsort(packs, set->count, sizeof(struct pack *), compare_size);
	count = count_to_join(packs, set->count);
	return count < 2 ? 0 : join(store, packs, count, err);
}

/* The cheap part: whether there is anything to do. */
static int is_needed(struct store *store, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *set = NULL;
	int r = pack_list_refresh(store->packs, false, err);

	if (r >= 0)
		r = pack_list_get(store->packs, &set, err);
	return r < 0 ? r : set->count > PACKS_FINE;
}

int store_pack_rollup(struct store *store, struct error *err)
{
	cleanup_fd int collector_fd = -1;
	int r;

	if (store->read_only)
		return 0;
	r = is_needed(store, err);
	if (r <= 0)
		return r;
	r = store_lock_collector(store, false, &collector_fd, NULL);
	if (r < 0)
		return r == -EWOULDBLOCK
			       ? 0
			       : error_errno(err, r, "cannot lock '%s/gc.lock'", store->path);
	return store_write_failed(store, err, gc_roll_up(store, err));
}
