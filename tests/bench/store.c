/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store costs: storing and reading many small objects, commits of a step that did
 * nothing, looking up ids among few and many packs, marking a large tree. Prints JSON.
 *
 *     store [DIRECTORY OF FILES | steps | mark]
 */
#include "fs/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/object/dir.h"
#include "fs/object/snapshot_record.h"
#include "fs/store/gc.h"
#include "fs/store/steps.h"

#define OBJECTS          20000
#define STEPS_OF_A_BUILD 20

static struct store *store;
static struct store_lease *lease;
static char *store_directory;
static struct error err;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err.text);
	exit(1);
}

struct timer {
	uint64_t wall_ns, cpu_ns;
};

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static struct timer timer_start(void)
{
	return (struct timer){ clock_monotonic_ns(), cpu_ns() };
}

static void report(const char *name, struct timer since, uint64_t count)
{
	printf("{\"name\":\"%s\",\"count\":%llu,\"wall_us_each\":%.3f,\"cpu_us_each\":%.3f}\n",
	       name, (unsigned long long)count,
	       (double)(clock_monotonic_ns() - since.wall_ns) / 1000 / (double)count,
	       (double)(cpu_ns() - since.cpu_ns) / 1000 / (double)count);
	(void)fflush(stdout);
}

static void open_fresh(void)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): no threads yet */

	store_directory = xasprintf("%s/varve-bench.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(store_directory))
		exit(1);
	check(store_open(store_directory, STORE_CREATE, &store, &err), "open");
	check(store_lease_begin(store, &lease, &err), "lease");
}

static void drop(void)
{
	store_lease_end(lease);
	store_close(store);
	(void)dir_remove_all(AT_FDCWD, store_directory);
	free(store_directory);
}

static struct store_txn *begin(void)
{
	struct store_txn *txn;

	check(store_txn_begin(store, lease, &txn, &err), "begin");
	return txn;
}

static void commit(struct store_txn *txn)
{
	check(store_txn_commit(txn, &err), "commit");
	store_txn_free(txn);
}

/* Files of the machine, or made-up text when no directory is given. */
static struct buf *contents;
static size_t content_count;

static int take_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_F || st->st_size >= (off_t)STORE_LOOSE_MIN || content_count == OBJECTS)
		return 0;
	if (file_read(AT_FDCWD, path, STORE_LOOSE_MIN, &contents[content_count]) == 0)
		content_count++;
	return 0;
}

static void make_contents(const char *directory)
{
	contents = xcalloc(OBJECTS, sizeof *contents);
	if (directory)
		(void)nftw(directory, take_file, 32, FTW_PHYS);
	for (; content_count < OBJECTS; content_count++) {
		struct buf *buf = &contents[content_count];
		uint64_t words = 50 + hash64_mix(content_count) % 600;

		for (uint64_t i = 0; i < words; i++)
			buf_add_format(buf, "%x ",
				       (unsigned)hash64_mix(content_count * 1000 + i) % 4096);
	}
}

static void small_objects(void)
{
	struct object_id *ids = xcalloc(OBJECTS, sizeof *ids);
	struct timer timer = timer_start();
	struct store_txn *txn;
	uint64_t bytes = 0;
	char *data = xmalloc(STORE_LOOSE_MIN);

	open_fresh();
	txn = begin();
	for (size_t i = 0; i < OBJECTS; i++) {
		bytes += contents[i].length;
		check(store_txn_put(txn, OBJECT_BLOB, buf_string(&contents[i]), contents[i].length,
				    &ids[i], &err),
		      "put");
	}
	check(store_txn_commit(txn, &err), "commit");
	report("put 20k small objects", timer, OBJECTS);
	printf("{\"name\":\"bytes\",\"in\":%llu,\"stored\":%llu}\n", (unsigned long long)bytes,
	       (unsigned long long)store_txn_bytes(txn));
	store_txn_free(txn);

	timer = timer_start();
	txn = begin();
	for (size_t i = 0; i < OBJECTS; i++)
		check(store_txn_put(txn, OBJECT_BLOB, buf_string(&contents[i]), contents[i].length,
				    &ids[i], &err),
		      "put");
	commit(txn);
	report("put 20k small objects again", timer, OBJECTS);

	timer = timer_start();
	for (size_t i = 0; i < OBJECTS; i++)
		check((int)store_pread(store, &ids[i], data, STORE_LOOSE_MIN, 0, &err), "read");
	report("read them in order", timer, OBJECTS);
	timer = timer_start();
	for (size_t i = 0; i < OBJECTS; i++) {
		const void *view;

		check((int)store_view(store, &ids[i], STORE_LOOSE_MIN, 0, &view, &err), "view");
	}
	report("view them in order", timer, OBJECTS);
	timer = timer_start();
	for (size_t i = 0; i < 2000; i++)
		check((int)store_pread(store, &ids[hash64_mix(i) % OBJECTS], data, STORE_LOOSE_MIN,
				       0, &err),
		      "read");
	report("read them at random", timer, 2000);
	free(data);
	free(ids);
	drop();
}

static int put_dir_object(void *context, const struct object_id *id, const void *data, size_t size,
			  struct error *error)
{
	return store_txn_put_as(context, OBJECT_DIR, id, data, size, error);
}

static struct object_id put_dir(struct store_txn *txn, const struct dir_entry *entries,
				size_t count)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct object_id id;

	for (size_t i = 0; i < count; i++)
		dir_writer_add(&writer, &entries[i]);
	check(dir_writer_finish(&writer, put_dir_object, txn, &id, &err), "dir");
	return id;
}

static struct object_id put_snapshot(struct store_txn *txn, const struct object_id *dir,
				     const struct object_id *parent)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .root = tree_root_empty(), .parent = *parent };
	struct object_id id;

	record.root.dir = *dir;
	snapshot_record_encode(&record, &bytes);
	check(store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &id, &err), "snapshot");
	return id;
}

/* A step that changed nothing but the time of one directory: a new snapshot, root and step. */
static void empty_steps(uint32_t count)
{
	struct object_id parent = { 0 };
	struct timer timer;
	struct dir_entry entries[20];
	char names[20][8];

	open_fresh();
	for (size_t i = 0; i < 20; i++) {
		snprintf(names[i], sizeof names[i], "dir%02zu", i);
		entries[i] = (struct dir_entry){
			.type = DIR_ENTRY_DIR, .mode = 0755, .name = names[i], .name_length = 5
		};
		entries[i].id = object_id_of(names[i], 5);
	}
	timer = timer_start();
	for (uint32_t i = 0; i < count; i++) {
		struct store_txn *txn = begin();
		struct step_record step = { .created_s = 1 };
		struct object_id dir;

		entries[7].mtime_s = i;
		dir = put_dir(txn, entries, 20);
		parent = put_snapshot(txn, &dir, &parent);
		step.key = dir;
		step.snapshot = parent;
		store_txn_add_step(txn, &step);
		check(store_txn_hold(txn, store_lease_name(lease), &parent, &err), "hold");
		commit(txn);
		if (i % STEPS_OF_A_BUILD == STEPS_OF_A_BUILD - 1)
			check(store_pack_rollup(store, &err), "rollup");
	}
	report("commit of an empty step, with a roll-up after every 20", timer, count);
	timer = timer_start();
	for (int i = 0; i < 1000; i++)
		check(store_pack_rollup(store, &err), "rollup");
	report("roll-up with nothing to do", timer, 1000);
	timer = timer_start();
	check(store_sync(store, &err), "sync");
	report("sync", timer, 1);
	drop();
}

static void lookups(uint32_t packs)
{
	struct object_id *ids = xcalloc(100000, sizeof *ids);
	struct object_info info;
	struct timer timer;
	char name[64];

	open_fresh();
	for (uint32_t pack = 0, next = 0; pack < packs; pack++) {
		struct store_txn *txn = begin();

		for (uint32_t i = 0; i < 100000 / packs; i++, next++)
			check(store_txn_put(txn, OBJECT_BLOB, &next, sizeof next, &ids[next], &err),
			      "put");
		commit(txn);
	}
	check(store_stat(store, &ids[0], &info, &err), "stat");
	timer = timer_start();
	for (uint32_t i = 0; i < 100000; i++) {
		if (store_stat(store, &ids[hash64_mix(i) % (100000 / packs * packs)], &info,
			       &err) != 1)
			exit(1);
	}
	snprintf(name, sizeof name, "look up at random, %u packs", packs);
	report(name, timer, 100000);
	timer = timer_start();
	for (uint32_t i = 0; i < 100000; i++) {
		struct object_id absent = ids[i % (100000 / packs * packs)];

		absent.bytes[31] ^= 1;
		if (store_stat(store, &absent, &info, &err) != 0)
			exit(1);
	}
	snprintf(name, sizeof name, "look up what is not there, %u packs", packs);
	report(name, timer, 100000);
	free(ids);
	drop();
}

/* 1000 directories of 1000 files. */
static void mark_a_million(void)
{
	struct dir_entry *entries = xcalloc(1000, sizeof *entries);
	struct dir_entry *dirs = xcalloc(1000, sizeof *dirs);
	char(*names)[8] = xcalloc(1000, sizeof *names);
	struct gc_options options = { 0 };
	struct object_id none = { 0 }, root, snapshot;
	struct store_txn *txn;
	struct gc_stats stats;
	struct timer timer;

	open_fresh();
	txn = begin();
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof names[i], "n%05u", i);
		for (uint32_t j = 0; j < 1000; j++) {
			uint32_t number = i * 1000 + j;

			snprintf(names[j], sizeof names[j], "n%05u", j);
			entries[j] = (struct dir_entry){ .type = DIR_ENTRY_FILE,
							 .mode = 0644,
							 .size = 100,
							 .name = names[j],
							 .name_length = 6 };
			check(store_txn_put(txn, OBJECT_BLOB, &number, sizeof number,
					    &entries[j].id, &err),
			      "put");
		}
		dirs[i] = (struct dir_entry){
			.type = DIR_ENTRY_DIR, .mode = 0755, .name = names[i], .name_length = 6
		};
		dirs[i].id = put_dir(txn, entries, 1000);
	}
	root = put_dir(txn, dirs, 1000);
	snapshot = put_snapshot(txn, &root, &none);
	check(store_txn_set_ref(txn, "cache/million/1", &snapshot, &err), "ref");
	commit(txn);
	timer = timer_start();
	check(store_gc(store, &options, &stats, &err), "gc");
	report("collect with a million living files", timer, 1);
	free(entries);
	free(dirs);
	free(names);
	drop();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "steps") == 0) {
		empty_steps(2000);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "mark") == 0) {
		mark_a_million();
		return 0;
	}
	static const uint32_t packs[] = { 1, 10, 30, 100 };

	make_contents(argc > 1 ? argv[1] : NULL);
	small_objects();
	empty_steps(500);
	for (size_t i = 0; i < sizeof packs / sizeof packs[0]; i++)
		lookups(packs[i]);
	mark_a_million();
	for (size_t i = 0; i < content_count; i++)
		buf_release(&contents[i]);
	free(contents);
	return 0;
}
