/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"
#include "fs/object/dir.h"
#include "fs/object/snapshot_record.h"
#include "fs/store/fsck.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"

/* Far more than the names can keep alive, so that most of it is garbage at any time. */
#define SHARED_BLOBS 600
#define SHARED_DIRS  300
#define REFS_EACH    2
#define STEP_KEYS    12

uint64_t worker_random(struct worker *worker, uint64_t below)
{
	worker->random = hash64_mix(worker->random + 0x9e3779b97f4a7c15ULL);
	return worker->random % below;
}

void worker_begin(struct worker *worker, const char *path, unsigned number)
{
	struct error err = { 0 };

	*worker = (struct worker){ .number = number,
				   .random = (uint64_t)number << 32 ^ clock_monotonic_ns() };
	if (store_open(path, STORE_CREATE, &worker->store, &err) < 0 ||
	    store_lease_begin(worker->store, &worker->lease, &err) < 0) {
		fprintf(stderr, "worker %u: %s\n", number, err.text);
		exit(1);
	}
}

void worker_join(struct worker *worker, struct store *store, unsigned number)
{
	struct error err = { 0 };

	*worker = (struct worker){ .number = number,
				   .random = (uint64_t)number << 32 ^ clock_monotonic_ns(),
				   .store = store,
				   .joined = true };
	if (store_lease_begin(store, &worker->lease, &err) < 0) {
		fprintf(stderr, "worker %u: %s\n", number, err.text);
		exit(1);
	}
}

void worker_end(struct worker *worker)
{
	store_lease_end(worker->lease);
	if (!worker->joined)
		store_close(worker->store);
}

/* Somewhere between looking whether a thing is there and relying on it. */
static void dawdle(struct worker *worker)
{
	struct timespec time = { 0, (long)worker_random(worker, 400000) };

	if (worker_random(worker, 3) == 0)
		(void)nanosleep(&time, NULL);
}

/* The blob of this number: every eleventh is large, one in seven is stored as a piece of others. */
static int put_blob(struct store_txn *txn, uint32_t number, struct object_id *ret,
		    struct error *err)
{
	size_t size = number % 11 == 0 ? STORE_LOOSE_MIN + number : 60 + number * 7;
	cleanup_free char *data = xmalloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * number >> 3 ^ number);
	return store_txn_put(txn, OBJECT_BLOB, data, size, ret, err);
}

/* All of blob `number`, which is large, with a small one behind it. */
static int put_pieced(struct store_txn *txn, uint32_t number, struct object_id *ret,
		      struct error *err)
{
	struct object_id large, small;
	cleanup_with(extents_release) struct extents extents = { 0 };
	size_t large_size = STORE_LOOSE_MIN + number, small_size = 60 + 7;
	cleanup_free char *data = xmalloc(large_size + small_size);
	int r = put_blob(txn, number, &large, err);

	if (r == 0)
		r = put_blob(txn, 1, &small, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < large_size; i++)
		data[i] = (char)(i * number >> 3 ^ number);
	for (size_t i = 0; i < small_size; i++)
		data[large_size + i] = (char)(i * 1 >> 3 ^ 1);
	*ret = object_id_of(data, large_size + small_size);
	extents_add(&extents, &large, 0, large_size);
	extents_add(&extents, &small, 0, small_size);
	return store_txn_put_extents(txn, ret, &extents, err);
}

static int put_dir_object(void *context, const struct object_id *id, const void *data, size_t size,
			  struct error *err)
{
	return store_txn_put_as(context, OBJECT_DIR, id, data, size, err);
}

/* The directory of this number: its files are always the same. */
static int put_dir(struct worker *worker, struct store_txn *txn, uint32_t number,
		   struct object_id *ret, struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	uint32_t files = 1 + number % 9;
	int r = 0;

	for (uint32_t i = 0; i < files && r == 0; i++) {
		uint32_t blob = (number * 31 + i * 17) % SHARED_BLOBS;
		struct dir_entry entry = { .type = DIR_ENTRY_FILE, .mode = 0644, .size = 1000 };
		char name[8];

		if (blob % 11 == 0 && number % 2)
			r = put_pieced(txn, blob, &entry.id, err);
		else
			r = put_blob(txn, blob, &entry.id, err);
		dawdle(worker);
		snprintf(name, sizeof name, "f%02u", i);
		entry.name = name;
		entry.name_length = 3;
		dir_writer_add(&writer, &entry);
	}
	return r < 0 ? r : dir_writer_finish(&writer, put_dir_object, txn, ret, err);
}

static int put_root(struct worker *worker, struct store_txn *txn, struct object_id *ret,
		    struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < 3 && r == 0; i++) {
		struct dir_entry entry = { .type = DIR_ENTRY_DIR, .mode = 0755 };
		char name[8];

		r = put_dir(worker, txn, (uint32_t)worker_random(worker, SHARED_DIRS), &entry.id,
			    err);
		snprintf(name, sizeof name, "d%02u", i);
		entry.name = name;
		entry.name_length = 3;
		dir_writer_add(&writer, &entry);
	}
	return r < 0 ? r : dir_writer_finish(&writer, put_dir_object, txn, ret, err);
}

static int put_state(struct worker *worker, struct store_txn *txn, struct object_id *ret,
		     struct error *err)
{
	struct snapshot_record record = { .root = tree_root_empty() };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = put_root(worker, txn, &record.root.dir, err);

	if (r < 0)
		return r;
	snapshot_record_encode(&record, &bytes);
	return store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, ret, err);
}

static struct object_id step_key(uint32_t number)
{
	return object_id_of(&number, sizeof number);
}

static int name_state(struct worker *worker, struct store_txn *txn, const struct object_id *state,
		      struct error *err)
{
	char name[48];
	int r = 0;

	snprintf(name, sizeof name, "cache/%u/%u", worker->number,
		 (unsigned)worker_random(worker, REFS_EACH));
	if (worker_random(worker, 3) > 0)
		r = store_txn_set_ref(txn, name, state, err);
	if (r == 0 && worker_random(worker, 2) > 0) {
		struct step_record step = {
			.key = step_key((uint32_t)worker_random(worker, STEP_KEYS)),
			.snapshot = *state,
			.created_s = clock_realtime_ns() / 1000000000,
			.flags = worker_random(worker, 8) == 0 ? STEP_FAILED : 0,
		};

		store_txn_add_step(txn, &step);
	}
	if (r == 0 && worker_random(worker, 30) == 0)
		r = store_txn_hold(txn, store_lease_name(worker->lease), state, err);
	return r;
}

/* What a step of the past left is used like a base: held, found whole, and named anew. */
static int reuse(struct worker *worker, struct error *err)
{
	struct object_id key = step_key((uint32_t)worker_random(worker, STEP_KEYS));
	struct store_txn *txn;
	struct step_record step;
	char name[48];
	int r = store_step_find(worker->store, &key, &step, err);

	if (r <= 0)
		return r;
	dawdle(worker);
	r = store_lease_hold(worker->lease, &step.snapshot, err);
	if (r == -ENOENT)
		return 0; /* collected in between: a miss */
	if (r == 0)
		r = store_txn_begin(worker->store, worker->lease, &txn, err);
	if (r < 0)
		return r;
	snprintf(name, sizeof name, "cache/reused%u/1", worker->number);
	r = store_txn_set_ref(txn, name, &step.snapshot, err);
	if (r == 0)
		r = store_txn_commit(txn, err);
	store_txn_free(txn);
	return r;
}

static int forget(struct worker *worker, struct error *err)
{
	struct object_id key = step_key((uint32_t)worker_random(worker, STEP_KEYS));
	char name[48];
	int r;

	if (worker_random(worker, 2))
		return store_step_remove(worker->store, &key, 1, err);
	snprintf(name, sizeof name, "cache/%u/%u", worker->number,
		 (unsigned)worker_random(worker, REFS_EACH));
	r = store_ref_delete(worker->store, name, err);
	return r < 0 ? r : 0;
}

int worker_commit(struct worker *worker, struct error *err)
{
	struct object_id state;
	struct store_txn *txn;
	int r;

	switch (worker_random(worker, 12)) {
	case 0:
		return forget(worker, err);
	case 1:
	case 2:
		return reuse(worker, err);
	case 3:
		return store_pack_rollup(worker->store, err);
	case 4:
		/* Only so often: what a lease holds is never let go of while it lasts. */
		if (worker_random(worker, 4) == 0) {
			store_lease_end(worker->lease);
			worker->lease = NULL;
			return store_lease_begin(worker->store, &worker->lease, err);
		}
		return worker_random(worker, 20) == 0 ? store_sync(worker->store, err) : 0;
	default:
		break;
	}
	r = store_txn_begin(worker->store, worker->lease, &txn, err);
	if (r < 0)
		return r;
	r = put_state(worker, txn, &state, err);
	if (r == 0)
		r = name_state(worker, txn, &state, err);
	if (r == 0 && worker_random(worker, 20) > 0)
		r = store_txn_commit(txn, err);
	store_txn_free(txn);
	worker->commits++;
	return r;
}

int worker_collect(struct worker *worker, struct error *err)
{
	struct gc_options options = { 0 };
	struct gc_stats stats;
	int r = store_gc(worker->store, &options, &stats, err);

	return r == -EWOULDBLOCK ? 0 : r;
}

size_t store_problems(const char *path)
{
	struct fsck_options options = { 0 };
	struct fsck_report report = { 0 };
	struct store *store = NULL;
	struct error err = { 0 };
	size_t count;

	if (store_open(path, 0, &store, &err) < 0 ||
	    store_fsck(store, &options, &report, &err) < 0) {
		printf("# cannot check: %s\n", err.text);
		store_close(store);
		return 1;
	}
	for (size_t i = 0; i < report.problems.count; i++)
		printf("# %s\n", report.problems.items[i]);
	for (size_t i = 0; i < store_warnings(store)->count; i++)
		printf("# warning: %s\n", store_warnings(store)->items[i]);
	count = report.problems.count + store_warnings(store)->count;
	fsck_report_release(&report);
	store_close(store);
	return count;
}

size_t store_names(const char *path)
{
	struct ref_list refs = { 0 };
	struct step_list steps = { 0 };
	struct store *store = NULL;
	struct error err = { 0 };
	size_t count = 0;

	if (store_open(path, 0, &store, &err) == 0 &&
	    store_ref_list(store, "cache/", &refs, &err) == 0 &&
	    store_step_list(store, &steps, &err) == 0)
		count = refs.count + steps.count;
	ref_list_release(&refs);
	step_list_release(&steps);
	store_close(store);
	return count;
}
