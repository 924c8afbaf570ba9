/* SPDX-License-Identifier: Apache-2.0 */
/* The caches of one RUN: taken in an order that all keep to, and committed together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/step/run_mounts_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

static int compare_ids(const void *a, const void *b)
{
	const struct in_use *const *left = a;
	const struct in_use *const *right = b;

	return strcmp((*left)->work->mount.id, (*right)->work->mount.id);
}

int run_caches_open(struct run_mounts_in_use *mounts, struct error *err)
{
	cleanup_free struct in_use **caches = xcalloc(mounts->count + 1, sizeof(struct in_use *));
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->items[i].work->mount.type == RUN_MOUNT_CACHE)
			caches[count++] = &mounts->items[i];
	}
	qsort(caches, count, sizeof(struct in_use *), compare_ids);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct in_use *use = caches[i];

		use->directory = true;
		use->source = "/";
		if (i && compare_ids(&caches[i - 1], &caches[i]) == 0) {
			use->filesystem = caches[i - 1]->filesystem;
			continue;
		}
		r = cache_mount_open(mounts->task, use->work, &use->cache, err);
		if (r == 0)
			use->filesystem = cache_mount_filesystem(use->cache);
	}
	return r;
}

/* Those that may have changed, in order of their ids; the caller frees. */
static size_t caches_of(const struct run_mounts_in_use *mounts, struct in_use ***ret)
{
	struct in_use **caches = xcalloc(mounts->count + 1, sizeof(struct in_use *));
	size_t count = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		struct in_use *use = &mounts->items[i];

		if (use->cache && !use->work->mount.read_only)
			caches[count++] = use;
	}
	qsort(caches, count, sizeof(struct in_use *), compare_ids);
	*ret = caches;
	return count;
}

bool run_mounts_caches(const struct run_mounts_in_use *mounts)
{
	cleanup_free struct in_use **caches = NULL;

	return caches_of(mounts, &caches) > 0;
}

/* All at once: who is killed leaves neither versions without the step nor some of them. */
static int publish(struct run_mounts_in_use *mounts, struct in_use **caches, size_t cache_count,
		   const struct step_record *records, size_t count, struct error *err)
{
	struct step_env *env = mounts->task->env;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	int r = store_txn_begin(env->store, env->lease, &txn, err);

	for (size_t i = 0; i < cache_count && r == 0; i++)
		r = cache_mount_publish(caches[i]->cache, txn, err);
	for (size_t i = 0; i < count && r == 0; i++)
		store_txn_add_step(txn, &records[i]);
	return r < 0 ? r : store_txn_commit(txn, err);
}

int run_mounts_commit(struct run_mounts_in_use *mounts, const struct step_record *records,
		      size_t count, struct error *err)
{
	cleanup_free struct in_use **caches = NULL;
	size_t cache_count = caches_of(mounts, &caches);
	int r = 0;

	for (size_t i = 0; i < cache_count && r == 0; i++) {
		r = cache_mount_commit(caches[i]->cache, err);
		if (r < 0)
			r = error_prefix(err, r, "cache '%s'", caches[i]->work->mount.id);
	}
	/* Not before: the servers have transactions of their own, and none waits within another. */
	if (r == 0)
		r = publish(mounts, caches, cache_count, records, count, err);
	for (size_t i = 0; i < cache_count && r == 0; i++)
		r = cache_mount_trim(caches[i]->cache, err);
	for (size_t i = 0; i < cache_count; i++)
		cache_mount_unlock(caches[i]->cache);
	return r;
}
