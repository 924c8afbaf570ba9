/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to caches while no step uses them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/snapshot/cache.h"
#include "fs/snapshot/cache_internal.h"
#include "fs/snapshot/cache_ticket.h"
#include "fs/store/refs.h"
#include "fs/store/store.h"

/* Tickets come and go there, and so does this time. */
#define USED "queue"

int cache_touch(struct cache *cache, struct error *err)
{
	/* It may have been removed while somebody waited. */
	int r = cache_keep_id(cache);

	if (r == 0 && utimensat(cache->dir_fd, USED, NULL, 0) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, r, "cannot use cache '%s'", cache->id) : 0;
}

int64_t cache_used_s(const struct cache *cache)
{
	struct stat facts;

	return fstatat(cache->dir_fd, USED, &facts, AT_SYMLINK_NOFOLLOW) < 0 ? 0
									     : facts.st_mtim.tv_sec;
}

/* ---- alone ---- */

struct asking {
	struct cache_waiter waiter;
	char *holder; /* who is in the way */
};

static void note_holder(struct cache_waiter *waiter, const char *holder)
{
	struct asking *asking = (struct asking *)waiter;

	free(asking->holder);
	asking->holder = xstrdup(holder);
}

/* A turn at once, or -EBUSY. Being asked is no use: the time stays. */
static int take_alone(struct cache *cache, struct cache_ticket **ret, struct error *err)
{
	struct asking asking = { .waiter = { .label = "upkeep", .waiting = note_holder } };
	const struct timespec used[2] = { { .tv_nsec = UTIME_OMIT }, { cache_used_s(cache), 0 } };
	cleanup_fd int never_fd = eventfd(1, EFD_CLOEXEC);
	int r;

	if (never_fd < 0)
		return error_errno(err, -errno, "cannot make an eventfd");
	asking.waiter.cancel_fd = never_fd;
	r = cache_ticket_take(cache, CACHE_ALONE, &asking.waiter, ret, err);
	if (r == -ECANCELED)
		r = error_set(err, -EBUSY, "cache '%s' is in use by %s", cache->id,
			      asking.holder ? asking.holder : "a step");
	free(asking.holder);
	if (used[1].tv_sec)
		(void)utimensat(cache->dir_fd, USED, used, 0);
	return r;
}

/* ---- versions ---- */

static int no_version(const struct cache *cache, uint64_t number, struct error *err)
{
	return error_set(err, -ENOENT, "cache '%s' has no version %ju; 'varve cache ls' lists them",
			 cache->id, (uintmax_t)number);
}

static int remove_versions(struct cache *cache, uint64_t number, struct error *err)
{
	cleanup_free struct cache_version *versions = NULL;
	size_t count, removed = 0;
	int r = cache_versions(cache, &versions, &count, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		cleanup_free char *ref = cache_ref(cache, versions[i].number);

		if (number && versions[i].number != number)
			continue;
		r = store_ref_delete(cache->store, ref, err);
		removed++;
	}
	if (r < 0)
		return r;
	if (number && removed == 0)
		return no_version(cache, number, err);
	/* Without its id, what is left is no cache to anybody. */
	if (removed == count && unlinkat(cache->dir_fd, "id", 0) < 0 && errno != ENOENT)
		return error_errno(err, -errno, "cannot remove cache '%s'", cache->id);
	return 0;
}

int cache_remove(struct cache *cache, uint64_t number, struct error *err)
{
	cleanup_with(cache_ticket_free) struct cache_ticket *ticket = NULL;
	int r = take_alone(cache, &ticket, err);

	return r < 0 ? r : remove_versions(cache, number, err);
}

static int find_version(struct cache *cache, uint64_t number, struct cache_version *ret,
			uint64_t *ret_newest, struct error *err)
{
	cleanup_free struct cache_version *versions = NULL;
	size_t count;
	int r = cache_versions(cache, &versions, &count, err);

	if (r < 0)
		return r;
	*ret_newest = count ? versions[count - 1].number : 0;
	for (size_t i = 0; i < count; i++) {
		if (versions[i].number == number) {
			*ret = versions[i];
			return 0;
		}
	}
	return no_version(cache, number, err);
}

int cache_roll_back(struct cache *cache, struct store_lease *lease, uint64_t number,
		    struct cache_version *ret, struct error *err)
{
	cleanup_with(cache_ticket_free) struct cache_ticket *ticket = NULL;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_free char *ref = NULL;
	struct cache_version version;
	uint64_t newest = 0;
	int r = take_alone(cache, &ticket, err);

	if (r == 0)
		r = find_version(cache, number, &version, &newest, err);
	if (r < 0)
		return r;
	ref = cache_ref(cache, newest + 1);
	r = store_lease_hold(lease, &version.snapshot, err);
	if (r == 0)
		r = store_txn_begin(cache->store, lease, &txn, err);
	if (r == 0)
		r = store_txn_set_ref(txn, ref, &version.snapshot, err);
	if (r == 0)
		r = store_txn_commit(txn, err);
	if (r < 0)
		return r;
	version.number = newest + 1;
	*ret = version;
	return 0;
}
