/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/base/parse.h"
#include "fs/store/gc/doom.h"
#include "fs/store/store_internal.h"

/* A collector keeps newcomers out no longer than this before it lets them pass for as long. */
#define WINDOW_FIRST_MS 100
#define WINDOW_MAX_MS   1000

#define GENERATION_SIZE 21 /* 20 digits and a newline */

static void sleep_ms(unsigned ms)
{
	struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL);
}

/* Open files for a lock: used ones are kept, so that a transaction need not open any. */
static int take_files(struct store *store, struct store_lock *ret, struct error *err)
{
	cleanup_fd int gate_fd = -1;
	int lock_fd;

	pthread_mutex_lock(&store->lock);
	if (store->spare_count) {
		*ret = store->spares[--store->spare_count];
		pthread_mutex_unlock(&store->lock);
		return 0;
	}
	pthread_mutex_unlock(&store->lock);
	gate_fd = openat(store->dir_fd, "gate", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (gate_fd < 0)
		return error_errno(err, -errno, "cannot open '%s/gate'", store->path);
	lock_fd = openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_fd < 0)
		return error_errno(err, -errno, "cannot open '%s/lock'", store->path);
	*ret = (struct store_lock){ .gate_fd = take_fd(&gate_fd), .lock_fd = lock_fd };
	return 0;
}

static void give_files(struct store *store, struct store_lock *lock)
{
	struct store_lock files = *lock;

	lock->gate_fd = lock->lock_fd = -1;
	if (files.lock_fd < 0)
		return;
	lockfile_unlock(files.lock_fd);
	if (!files.shared)
		lockfile_unlock(files.gate_fd);
	pthread_mutex_lock(&store->lock);
	if (store->spare_count < STORE_SPARE_LOCKS) {
		store->spares[store->spare_count++] = files;
		files.lock_fd = files.gate_fd = -1;
	}
	pthread_mutex_unlock(&store->lock);
	if (files.lock_fd >= 0) {
		close(files.lock_fd);
		close(files.gate_fd);
	}
}

/* Index of this thread among the holders, or -1. Called with store->lock held. */
static ssize_t holder_index(const struct store *store, pthread_t thread)
{
	for (size_t i = 0; i < store->holder_count; i++) {
		if (pthread_equal(store->holders[i], thread))
			return (ssize_t)i;
	}
	return -1;
}

static bool thread_holds(struct store *store)
{
	bool holds;

	pthread_mutex_lock(&store->lock);
	holds = holder_index(store, pthread_self()) >= 0;
	pthread_mutex_unlock(&store->lock);
	return holds;
}

static void add_holder(struct store *store, struct store_lock *lock)
{
	lock->thread = pthread_self();
	lock->shared = true;
	pthread_mutex_lock(&store->lock);
	array_reserve_one(store->holders, store->holder_count, store->holder_capacity);
	store->holders[store->holder_count++] = lock->thread;
	pthread_mutex_unlock(&store->lock);
}

static void remove_holder(struct store *store, const struct store_lock *lock)
{
	ssize_t i;

	pthread_mutex_lock(&store->lock);
	i = holder_index(store, lock->thread);
	if (i >= 0)
		store->holders[i] = store->holders[--store->holder_count];
	pthread_mutex_unlock(&store->lock);
}

static int flock_shared(struct store *store, struct store_lock *lock, struct error *err)
{
	/* Who holds the lock already must not wait at the gate for those that wait for it. */
	bool pass_gate = !thread_holds(store);
	int r = pass_gate ? lockfile_lock(lock->gate_fd, LOCKFILE_SHARED) : 0;

	if (r == 0)
		r = lockfile_lock(lock->lock_fd, LOCKFILE_SHARED);
	if (pass_gate)
		lockfile_unlock(lock->gate_fd);
	if (r < 0)
		return error_errno(err, r, "cannot lock the store '%s'", store->path);
	return 0;
}

int store_lock_shared(struct store *store, struct store_lock *ret, struct error *err)
{
	for (;;) {
		struct store_lock lock = { .gate_fd = -1, .lock_fd = -1 };
		uint64_t generation = 0;
		int r = take_files(store, &lock, err);

		if (r < 0)
			return r;
		r = flock_shared(store, &lock, err);
		if (r == 0)
			r = store_generation_read(store, &generation, err);
		if (r == 0 && generation % 2 == 0)
			r = store_notice_generation(store, generation, err);
		if (r == 0 && generation % 2 == 0) {
			add_holder(store, &lock);
			*ret = lock;
			return 0;
		}
		give_files(store, &lock);
		if (r == 0)
			r = doom_finish(store, err);
		if (r < 0)
			return r;
	}
}

/* Try for as long as the window lasts: 1 locked, 0 not. */
static int try_exclusive(const struct store_lock *lock, unsigned window_ms)
{
	uint64_t end = clock_monotonic_ns() + (uint64_t)window_ms * 1000000;
	bool has_gate = false;
	int r;

	for (;;) {
		r = has_gate ? 1 : lockfile_try(lock->gate_fd, LOCKFILE_EXCLUSIVE);
		has_gate = r > 0;
		if (has_gate)
			r = lockfile_try(lock->lock_fd, LOCKFILE_EXCLUSIVE);
		if (r != 0 || clock_monotonic_ns() >= end)
			break;
		sleep_ms(1);
	}
	if (r <= 0)
		lockfile_unlock(lock->gate_fd);
	return r;
}

int store_lock_exclusive(struct store *store, bool wait, struct store_lock *ret, struct error *err)
{
	struct store_lock lock = { .gate_fd = -1, .lock_fd = -1 };
	unsigned window_ms = wait ? WINDOW_FIRST_MS : 0;
	int r;

	if (thread_holds(store))
		return error_set(err, -EDEADLK, "a transaction of this thread is open");
	r = take_files(store, &lock, err);
	if (r < 0)
		return r;
	for (;;) {
		r = try_exclusive(&lock, window_ms);
		if (r != 0 || !wait)
			break;
		sleep_ms(window_ms);
		window_ms = window_ms * 2 < WINDOW_MAX_MS ? window_ms * 2 : WINDOW_MAX_MS;
	}
	if (r > 0) {
		*ret = lock;
		ret->shared = false;
		return 0;
	}
	give_files(store, &lock);
	if (r == 0)
		return error_set(err, -EWOULDBLOCK, "the store '%s' is in use", store->path);
	return error_errno(err, r, "cannot lock the store '%s'", store->path);
}

void store_lock_release(struct store *store, struct store_lock *lock)
{
	if (lock->lock_fd < 0)
		return;
	if (lock->shared)
		remove_holder(store, lock);
	give_files(store, lock);
}

int store_lock_collector(struct store *store, bool wait, int *ret_fd, struct error *err)
{
	int r = lockfile_open(store->dir_fd, "gc.lock", LOCKFILE_EXCLUSIVE, wait, ret_fd);

	if (r == -EWOULDBLOCK)
		return error_set(err, r,
				 "garbage of the store '%s' is being collected by another process",
				 store->path);
	if (r < 0)
		return error_errno(err, r, "cannot lock '%s/gc.lock'", store->path);
	return 0;
}

/* The generation */

int store_generation_read(const struct store *store, uint64_t *ret, struct error *err)
{
	char text[GENERATION_SIZE];
	ssize_t n = pread(store->generation_fd, text, sizeof text, 0);

	if (n < 0)
		return error_errno(err, -errno, "cannot read '%s/gc.gen'", store->path);
	*ret = 0; /* what a power cut left empty counts from the beginning */
	if (n == sizeof text) {
		text[sizeof text - 1] = '\0';
		(void)parse_u64(text, ret);
	}
	return 0;
}

int store_generation_write(const struct store *store, uint64_t value, struct error *err)
{
	char text[GENERATION_SIZE + 1];
	int r;

	snprintf(text, sizeof text, "%020" PRIu64 "\n", value);
	r = fd_pwrite_all(store->generation_fd, text, GENERATION_SIZE, 0);
	if (r < 0)
		return error_errno(err, r, "cannot write '%s/gc.gen'", store->path);
	return 0;
}

int store_generation_bump(const struct store *store, struct error *err)
{
	uint64_t generation = 0;
	int r = store_generation_read(store, &generation, err);

	if (r == 0)
		r = store_generation_write(store, generation + 2, err);
	return r;
}

int store_notice_generation(struct store *store, uint64_t generation, struct error *err)
{
	bool changed;
	int r;

	pthread_mutex_lock(&store->lock);
	changed = store->generation != generation;
	pthread_mutex_unlock(&store->lock);
	/* What others committed is welcome too, but what was deleted must be forgotten. */
	r = pack_list_refresh(store->packs, changed, err);
	if (r < 0 || !changed)
		return r < 0 ? r : 0;
	lru_clear(store->blobs);
	pthread_mutex_lock(&store->lock);
	if (store->generation != generation) {
		store->generation = generation;
		if (store->unsynced_list_fd >= 0)
			close(store->unsynced_list_fd);
		if (store->step_log_fd >= 0)
			close(store->step_log_fd);
		store->unsynced_list_fd = store->step_log_fd = -1;
	}
	pthread_mutex_unlock(&store->lock);
	return 0;
}
