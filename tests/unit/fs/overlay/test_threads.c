/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workspaces on one store beside each other, as the servers of several mounts are: each has a
 * thread and an open store of its own here, so that the thread sanitizer sees what they share.
 */
#include <pthread.h>

#include "fs/base/hash.h"
#include "fs/store/gc.h"
#include "tests/lib/overlay_fixture.h"

#define THREADS 4
#define ROUNDS  12

static const char LOWER[] = "d bin 0755 0:0 1\n"
			    "f bin/tool 0755 0:0 1 *300000\n"
			    "d etc 0755 0:0 1\n"
			    "f etc/conf 0644 0:0 1 *5000\n"
			    "h etc/link etc/conf\n";

struct party {
	pthread_t thread;
	const char *path;
	struct tree_root root;
	unsigned number;
	struct fixture f;
	struct tree_root last;
	bool done;
};

/* Asserting ends the test of the thread that began it; here it is for that one to look at. */
#define must(condition)               \
	do {                          \
		if (!(condition))     \
			return false; \
	} while (0)

static bool change(struct overlay *overlay, unsigned number, unsigned round)
{
	struct overlay_make what = { .type = DIR_ENTRY_FILE, .mode = 0644 };
	struct node *root = overlay_root(overlay), *bin, *tool, *made;
	char name[32], block[700];
	const void *data;

	must(overlay_lookup(overlay, root, "bin", &bin) == 0);
	must(overlay_lookup(overlay, bin, "tool", &tool) == 0);
	must(overlay_read(overlay, tool, block, sizeof block, 100000, &data) == sizeof block);
	must(overlay_write(overlay, tool, "mark", 4, number * 10000 + round, false) == 0);
	for (unsigned i = 0; i < 20; i++) {
		/* Some that the others make as well, some of its own. */
		unsigned seed = i % 2 ? i : number * 100 + i;

		snprintf(name, sizeof name, "r%u-%u", round, i);
		must(overlay_make(overlay, bin, name, &what, &caller, &made) == 0);
		memset(block, (int)seed, sizeof block);
		must(overlay_write(overlay, made, block, sizeof block, 0, false) == 0);
		overlay_forget(overlay, made, 1);
	}
	if (round > 0) {
		snprintf(name, sizeof name, "r%u-0", round - 1);
		must(overlay_unlink(overlay, bin, name) == 0);
		snprintf(name, sizeof name, "r%u-1", round - 1);
		must(overlay_rename(overlay, bin, name, root, name, 0) == 0);
	}
	overlay_forget(overlay, tool, 1);
	overlay_forget(overlay, bin, 1);
	return true;
}

static bool commit_overlay(struct party *party, struct overlay *overlay)
{
	struct fixture *f = &party->f;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { 0 };
	struct tree_commit *written = NULL;
	struct object_id id;
	char name[32];

	must(store_txn_begin(f->store, f->lease, &txn, &f->err) == 0);
	must(overlay_commit_write(overlay, txn, &written, &f->err) == 0);
	record.root = *tree_commit_root(written);
	snapshot_record_encode(&record, &bytes);
	snprintf(name, sizeof name, "tag/%u", party->number);
	must(store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &id, &f->err) == 0);
	must(store_txn_set_ref(txn, name, &id, &f->err) == 0);
	must(store_txn_commit(txn, &f->err) == 0);
	tree_commit_apply(written);
	overlay_commit_done(overlay);
	party->last = record.root;
	return true;
}

static bool work(struct party *party)
{
	struct fixture *f = &party->f;
	cleanup_with(overlay_close) struct overlay *overlay = NULL;
	struct gc_options options = { 0 };
	struct gc_stats stats;
	int r = 0;

	must(overlay_open(f->store, f->lease, &party->root, &overlay, &f->err) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		must(change(overlay, party->number, round));
		must(commit_overlay(party, overlay));
		if (round % 4 == party->number % 4)
			r = store_gc(f->store, &options, &stats, &f->err);
		must(r == 0 || r == -EWOULDBLOCK);
	}
	return true;
}

static void *run(void *context)
{
	struct party *party = context;
	struct fixture *f = &party->f;

	if (store_open(party->path, 0, &f->store, &f->err) == 0 &&
	    store_lease_begin(f->store, &f->lease, &f->err) == 0 &&
	    store_lease_hold(f->lease, &party->root.dir, &f->err) == 0)
		party->done = work(party);
	store_lease_end(f->lease);
	store_close(f->store);
	return NULL;
}

/* What one of them has left, seen by somebody else. */
static void check_result(struct fixture *f, const struct party *party)
{
	struct view view;
	char name[32];
	struct stat attr;
	cleanup_free char *tool = NULL;

	view_open_root(&view, f, &party->last);
	tool = content_of(&view, at(&view, "bin/tool"));
	for (unsigned round = 0; round < ROUNDS; round++) {
		assert_memory_equal(tool + party->number * 10000 + round, "mark",
				    round + 1 < ROUNDS ? 1 : 4);
		snprintf(name, sizeof name, "r%u-1", round);
		if (round + 1 < ROUNDS)
			assert_non_null(at(&view, name));
		snprintf(name, sizeof name, "bin/r%u-2", round);
		assert_int_equal(at(&view, name)->size, 700);
	}
	overlay_stat(view.overlay, at(&view, "etc/link"), &attr);
	assert_int_equal(attr.st_nlink, 2);
	view_close(&view);
}

static void test_workspaces_beside_each_other(void **state)
{
	struct fixture *f = *state;
	struct tree_root root = stored_tree(f, LOWER);
	struct party parties[THREADS] = { 0 };

	assert_ok(store_lease_hold(f->lease, &root.dir, &f->err), f->err);
	assert_ok(store_lease_hold(f->lease, &root.links, &f->err), f->err);
	for (unsigned i = 0; i < THREADS; i++) {
		parties[i] = (struct party){ .path = f->dir, .root = root, .number = i };
		assert_int_equal(pthread_create(&parties[i].thread, NULL, run, &parties[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(parties[i].thread, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		if (!parties[i].done)
			fail_msg("thread %u: %s", i, parties[i].f.err.text);
		check_result(f, &parties[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_workspaces_beside_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
