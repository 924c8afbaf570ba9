/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, and short ways to put things into it. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/object/dir.h"
#include "fs/object/snapshot_record.h"
#include "fs/store/fsck.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "tests/lib/unit.h"

struct fixture {
	char *path; /* of the store */
	struct store *store;
	struct store_lease *lease;
	struct error err;
};

static inline struct store *fixture_open(const char *path, unsigned flags)
{
	struct store *store = NULL;
	struct error err = { 0 };

	assert_ok(store_open(path, flags, &store, &err), err);
	return store;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->path = test_directory();
	f->store = fixture_open(f->path, STORE_CREATE);
	assert_ok(store_lease_begin(f->store, &f->lease, &f->err), f->err);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_lease_end(f->lease);
	store_close(f->store);
	test_directory_remove(f->path);
	free(f);
	return 0;
}

/* The same store as another process would see it. */
static inline void fixture_reopen(struct fixture *f)
{
	store_lease_end(f->lease);
	store_close(f->store);
	f->store = fixture_open(f->path, 0);
	assert_ok(store_lease_begin(f->store, &f->lease, &f->err), f->err);
}

static inline struct store_txn *fixture_begin(struct fixture *f)
{
	struct store_txn *txn = NULL;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	return txn;
}

static inline void fixture_commit(struct fixture *f, struct store_txn *txn)
{
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	store_txn_free(txn);
}

static inline struct object_id fixture_put(struct fixture *f, struct store_txn *txn,
					   enum object_kind kind, const void *data, size_t size)
{
	struct object_id id;

	assert_ok(store_txn_put(txn, kind, data, size, &id, &f->err), f->err);
	return id;
}

/* Bytes that differ for each seed and do not compress. */
static inline char *noise(uint32_t seed, size_t size)
{
	char *data = xmalloc(size + 8);
	uint64_t x = 0x9e3779b97f4a7c15ULL * (seed + 1);

	for (size_t i = 0; i < size; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(data + i, &x, 8);
	}
	return data;
}

static inline struct object_id fixture_put_noise(struct fixture *f, struct store_txn *txn,
						 uint32_t seed, size_t size)
{
	cleanup_free char *data = noise(seed, size);

	return fixture_put(f, txn, OBJECT_BLOB, data, size);
}

struct fixture_dir {
	struct fixture *f;
	struct store_txn *txn;
};

static inline int fixture_put_dir_object(void *context, const struct object_id *id,
					 const void *data, size_t size, struct error *err)
{
	struct fixture_dir *at = context;

	return store_txn_put_as(at->txn, OBJECT_DIR, id, data, size, err);
}

/* A directory with these blobs as files f000000, f000001 and so on; size 100 is claimed for each. */
static inline struct object_id fixture_put_dir(struct fixture *f, struct store_txn *txn,
					       const struct object_id *blobs, size_t count)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct fixture_dir at = { f, txn };
	struct object_id id;

	for (size_t i = 0; i < count; i++) {
		char name[16];
		struct dir_entry entry = {
			.type = DIR_ENTRY_FILE, .mode = 0644, .size = 100, .id = blobs[i]
		};

		snprintf(name, sizeof name, "f%06zu", i);
		entry.name = name;
		entry.name_length = (uint16_t)strlen(name);
		dir_writer_add(&writer, &entry);
	}
	assert_ok(dir_writer_finish(&writer, fixture_put_dir_object, &at, &id, &f->err), f->err);
	return id;
}

static inline struct object_id fixture_put_snapshot(struct fixture *f, struct store_txn *txn,
						    const struct object_id *dir,
						    const struct object_id *parent)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .root = tree_root_empty() };

	record.root.dir = *dir;
	if (parent)
		record.parent = *parent;
	snapshot_record_encode(&record, &bytes);
	return fixture_put(f, txn, OBJECT_SNAPSHOT, bytes.data, bytes.length);
}

/* A snapshot of one directory with `files` small files and one large one, all told by the seed. */
static inline struct object_id fixture_put_state(struct fixture *f, struct store_txn *txn,
						 uint32_t seed, size_t files)
{
	struct object_id blobs[64], dir;

	assert_true(files < 64);
	for (size_t i = 0; i < files; i++)
		blobs[i] = fixture_put_noise(f, txn, seed * 1000 + (uint32_t)i, 100 + seed % 50);
	blobs[files] = fixture_put_noise(f, txn, seed * 1000 + 999, STORE_LOOSE_MIN + seed % 100);
	dir = fixture_put_dir(f, txn, blobs, files + 1);
	return fixture_put_snapshot(f, txn, &dir, NULL);
}

static inline void fixture_set_ref(struct fixture *f, struct store_txn *txn, const char *name,
				   const struct object_id *id)
{
	assert_ok(store_txn_set_ref(txn, name, id, &f->err), f->err);
}

static inline bool fixture_has(struct fixture *f, const struct object_id *id)
{
	struct object_info info;
	int r = store_stat(f->store, id, &info, &f->err);

	assert_ok(r, f->err);
	return r > 0;
}

/* Everything is as it should be. */
static inline void assert_clean(struct store *store)
{
	struct fsck_options options = { 0 };
	struct fsck_report report = { 0 };
	struct error err = { 0 };

	assert_ok(store_fsck(store, &options, &report, &err), err);
	for (size_t i = 0; i < report.problems.count; i++)
		fprintf(stderr, "# fsck: %s\n", report.problems.items[i]);
	assert_int_equal(report.problems.count, 0);
	fsck_report_release(&report);
}

static inline struct gc_stats fixture_gc(struct fixture *f)
{
	struct gc_options options = { 0 };
	struct gc_stats stats = { 0 };

	assert_ok(store_gc(f->store, &options, &stats, &f->err), f->err);
	return stats;
}

/* How many entries a directory of the store has. */
static inline size_t count_entries(const struct fixture *f, const char *directory)
{
	cleanup_free char *path = xasprintf("%s/%s", f->path, directory);
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}
