/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workspace is changed and committed while the disk is full, or the process dies, at one point
 * of the way after the other. What was committed before is whole at any time, the failure says
 * what is the matter, and doing it again with room enough gives the state that it always gives.
 *
 *     full           try every point
 *     full PATH      do it once on the store at PATH: 0, or 3 for a full disk, with the message
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/overlay/overlay.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "fs/tree/commit.h"
#include "fs/tree/tree.h"
#include "tests/crash/workload.h"

/* Only the new state is worth waiting for the disk. */
#define BASE "cache/base/1"
#define OLD  "cache/old/1"
#define NEW  "tag/new"

#define LARGE ((size_t)1 << 20)

enum { DONE = 0, FAILED = 1, NEVER_FIRED = 2, DISK_FULL = 3 };

struct work {
	struct store *store;
	struct store_lease *lease;
	struct overlay *overlay;
	char *data; /* LARGE bytes */
	struct error err;
};

static const char *const points[] = {
	"staged.create", "staged.write", "pool.write",    "store.put",     "loose.write",
	"pack.write",    "unsynced.add", "loose.publish", "pack.publish",  "store.sync",
	"lease.hold",    "steps.append", "refs.write",    "steps.merge",   "steps.merged",
	"gc.doom",       "gc.unlink",    "gc.publish",    "rollup.unlink",
};

/* ---- the work ---- */

static struct overlay_caller caller;
static const struct node_time then = { 1700000000, 0 };

/* A file with `size` bytes, made or written anew. */
static int put(struct work *work, struct node *dir, const char *name, size_t size)
{
	struct overlay_make make = { .type = DIR_ENTRY_FILE, .mode = 0644 };
	struct stat attr = { 0 };
	struct node *node;
	int r = overlay_lookup(work->overlay, dir, name, &node);

	if (r == -ENOENT)
		r = overlay_make(work->overlay, dir, name, &make, &caller, &node);
	if (r < 0)
		return r;
	r = overlay_setattr(work->overlay, node, &attr, OVERLAY_SET_SIZE);
	/* In two pieces, of which the second may make it a file of its own. */
	if (r == 0)
		r = overlay_write(work->overlay, node, work->data + size, size / 2, 0, false);
	if (r == 0)
		r = overlay_write(work->overlay, node, work->data + size + size / 2,
				  size - size / 2, size / 2, false);
	if (r == 0)
		r = overlay_setxattr(work->overlay, node, "user.name", name, strlen(name), 0);
	node->mtime = then;
	overlay_forget(work->overlay, node, 1);
	return r;
}

/* A part of a file that is there. */
static int touch(struct work *work, struct node *dir, const char *name)
{
	struct node *node;
	int r = overlay_lookup(work->overlay, dir, name, &node);

	if (r == 0) {
		r = overlay_write(work->overlay, node, work->data + 1, 200000, 100000, false);
		node->mtime = then;
		overlay_forget(work->overlay, node, 1);
	}
	return r;
}

/* May be done again after a part of it failed. */
static int change(struct work *work)
{
	struct node *root = overlay_root(work->overlay), *node;
	char name[16];
	int r = put(work, root, "large", 200000);

	for (int i = 0; i < 8 && r == 0; i++) {
		snprintf(name, sizeof name, "small%d", i);
		r = put(work, root, name, 100 + (size_t)i * 3000);
	}
	if (r == 0)
		r = touch(work, root, "lower");
	if (r == 0)
		r = overlay_lookup(work->overlay, root, "small1", &node);
	if (r == 0) {
		r = overlay_link(work->overlay, node, root, "link");
		overlay_forget(work->overlay, node, r == 0 ? 2 : 1);
		if (r == -EEXIST)
			r = 0;
	}
	root->mtime = then;
	return r;
}

static struct object_id key_of(const char *name)
{
	return object_id_of(name, strlen(name));
}

/* The state as it is now, under a tag and as the result of a step. */
static int commit(struct work *work, const char *tag, struct object_id *ret)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { 0 };
	struct step_record step = { .key = key_of(tag), .created_s = 1 };
	struct tree_commit *written = NULL;
	struct object_id id;
	int r = store_txn_begin(work->store, work->lease, &txn, &work->err);

	if (r == 0)
		r = overlay_commit_write(work->overlay, txn, &written, &work->err);
	if (r < 0)
		return r;
	record.root = *tree_commit_root(written);
	snapshot_record_encode(&record, &bytes);
	r = store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &id, &work->err);
	if (r == 0)
		r = store_txn_set_ref(txn, tag, &id, &work->err);
	if (r == 0)
		r = store_txn_hold(txn, store_lease_name(work->lease), &id, &work->err);
	step.snapshot = id;
	store_txn_add_step(txn, &step);
	if (r == 0)
		r = store_txn_commit(txn, &work->err);
	if (r < 0) {
		tree_commit_abort(written);
		return r;
	}
	tree_commit_apply(written);
	overlay_commit_done(work->overlay);
	*ret = id;
	return 0;
}

/* After the commit: something dies, and all is cleared up. */
static int clear_up(struct work *work)
{
	struct gc_options options = { 0 };
	struct gc_stats stats;
	struct object_id key = key_of(OLD);
	int r = store_ref_delete(work->store, OLD, &work->err);

	if (r >= 0)
		r = store_step_remove(work->store, &key, 1, &work->err);
	if (r >= 0)
		r = store_gc(work->store, &options, &stats, &work->err);
	return r >= 0 ? store_pack_rollup(work->store, &work->err) : r;
}

static int open_work(struct work *work, const char *path, const char *tag)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .root = tree_root_empty() };
	struct object_id id;
	int r = store_open(path, STORE_CREATE, &work->store, &work->err);

	work->data = xmalloc(2 * LARGE + 8);
	for (size_t i = 0; i < 2 * LARGE; i += 8) {
		uint64_t word = hash64_mix(i);

		memcpy(work->data + i, &word, 8);
	}
	if (r == 0)
		r = store_lease_begin(work->store, &work->lease, &work->err);
	if (r == 0 && tag) {
		r = store_ref_get(work->store, tag, &id, NULL, &work->err);
		if (r == 0)
			r = error_set(&work->err, -ENOENT, "'%s' is lost", tag);
		if (r > 0)
			r = store_read(work->store, &id, OBJECT_SNAPSHOT, 4096, &bytes, &work->err);
		if (r == 0)
			r = snapshot_record_decode(bytes.data, bytes.length, &record, &work->err);
	}
	if (r == 0)
		r = overlay_open(work->store, work->lease, &record.root, &work->overlay,
				 &work->err);
	return r;
}

static void close_work(struct work *work)
{
	overlay_close(work->overlay);
	store_lease_end(work->lease);
	store_close(work->store);
	free(work->data);
}

/* Files that the next state does not have, beside one that it has. */
static int prepare_old(struct work *work)
{
	struct node *root = overlay_root(work->overlay);
	struct object_id id;
	char name[16];
	int r = put(work, root, "kept", 1000);

	for (int i = 0; i < 10 && r == 0; i++) {
		snprintf(name, sizeof name, "old%d", i);
		r = put(work, root, name, i ? 9000 + (size_t)i : 300000);
	}
	if (r == 0)
		r = commit(work, OLD, &id);
	for (int i = 0; i < 10 && r == 0; i++) {
		snprintf(name, sizeof name, "old%d", i);
		r = overlay_unlink(work->overlay, root, name);
	}
	return r;
}

/* A state to build on, one that will go, and enough others to make the packs many. */
static int prepare(const char *path)
{
	struct work work = { 0 };
	struct object_id id;
	int r = open_work(&work, path, NULL);

	if (r == 0)
		r = put(&work, overlay_root(work.overlay), "lower", LARGE);
	if (r == 0)
		r = commit(&work, BASE, &id);
	if (r == 0)
		r = prepare_old(&work);
	for (int i = 0; i < 20 && r == 0; i++) {
		char name[32];

		snprintf(name, sizeof name, "f%d", i);
		r = put(&work, overlay_root(work.overlay), name, 100 + (size_t)i);
		snprintf(name, sizeof name, "cache/kept/%d", i);
		if (r == 0)
			r = commit(&work, name, &id);
	}
	if (r < 0)
		printf("# cannot prepare: %s\n", work.err.text);
	close_work(&work);
	return r;
}

/* ---- trying ---- */

/* What the point is for: a person must be able to see why, and what to do. */
static bool says_why(const struct work *work, int r, bool in_commit)
{
	if (r != -ENOSPC)
		return false;
	return !in_commit || strstr(work->err.text, "varve gc") || strstr(work->err.text, "space");
}

/* Change and commit, and once more when that failed. */
static int build(struct work *work, bool *ret_failed, struct object_id *ret)
{
	int r = change(work);

	*ret_failed = r < 0;
	if (r < 0 && !says_why(work, r, false))
		return r;
	if (r < 0)
		r = change(work);
	if (r == 0)
		r = commit(work, NEW, ret);
	if (r == 0 || *ret_failed)
		return r;
	*ret_failed = true;
	if (!says_why(work, r, true)) {
		printf("# %d, and all it says is: %s\n", r, work->err.text);
		return -EBADMSG;
	}
	/* With other changes on top, as a step that goes on would make. */
	r = put(work, overlay_root(work->overlay), "large", 300000);
	if (r == 0)
		r = put(work, overlay_root(work->overlay), "large", 200000);
	overlay_root(work->overlay)->mtime = then;
	return r < 0 ? r : commit(work, NEW, ret);
}

/* In a process of its own: 0, or why not. */
static int attempt(const char *path, const struct object_id *expected)
{
	struct work work = { 0 };
	struct object_id id;
	bool failed = false, failed_late = false;
	int r = open_work(&work, path, BASE);

	fault_init();
	if (r == 0)
		r = build(&work, &failed, &id);
	if (r == 0 && expected && !object_id_equal(&id, expected)) {
		printf("# it made another state\n");
		r = -EBADMSG;
	}
	if (r == 0)
		r = clear_up(&work);
	if (r < 0 && says_why(&work, r, false) && !failed) {
		failed_late = true;
		r = clear_up(&work);
	}
	if (r < 0)
		printf("# %d: %s\n", r, work.err.text);
	close_work(&work);
	return r < 0 ? FAILED : failed || failed_late ? DONE : NEVER_FIRED;
}

static int attempt_apart(const char *path, const char *fault, const struct object_id *expected)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (fault)
			(void)setenv("VARVE_FAULT", fault, 1);
		status = attempt(path, expected);
		(void)fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return FAILED;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? DONE : FAILED;
	return WEXITSTATUS(status);
}

/* The store after it: whole, with all that was committed; and all is well the next time. */
static bool is_whole_after(const char *path, const struct object_id *expected)
{
	return store_problems(path) == 0 && attempt_apart(path, NULL, expected) == NEVER_FIRED &&
	       store_problems(path) == 0;
}

/* In memory where that can be: what is synced here has never far to go. */
static char *new_directory(void)
{
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): no threads */
	char *path;

	if (!base)
		base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	path = xasprintf("%s/varve-full.XXXXXX", base);
	if (mkdtemp(path))
		return path;
	free(path);
	return NULL;
}

static int try_fault(const char *fault, const struct object_id *expected)
{
	cleanup_free char *path = new_directory();
	int result;

	if (!path || prepare(path) < 0)
		return FAILED;
	result = attempt_apart(path, fault, expected);
	if (result == DONE && !is_whole_after(path, expected))
		result = FAILED;
	(void)dir_remove_all(-100 /* AT_FDCWD */, path);
	return result;
}

/* Every pass of the point until there are no more. */
static bool try_point(const char *point, const char *how, const struct object_id *expected,
		      unsigned number)
{
	int result = DONE;
	unsigned pass = 0;

	while (result == DONE && pass < 40) {
		cleanup_free char *fault = xasprintf("%s:%s@%u", point, how, ++pass);

		result = try_fault(fault, expected);
		if (result == FAILED)
			printf("# failed: %s\n", fault);
	}
	if (pass == 1) {
		printf("# never passed: %s\n", point);
		result = FAILED;
	}
	printf("%s %u - %s: %s, %u passes\n", result == FAILED ? "not ok" : "ok", number, point,
	       how, pass - 1);
	return result != FAILED;
}

/* What it comes to when nothing is the matter. */
static int reference(struct object_id *ret)
{
	cleanup_free char *path = new_directory();
	struct work work = { 0 };
	bool failed;
	int r;

	if (!path)
		return -errno;
	r = prepare(path);
	if (r == 0)
		r = open_work(&work, path, BASE);
	if (r == 0)
		r = build(&work, &failed, ret);
	close_work(&work);
	(void)dir_remove_all(-100 /* AT_FDCWD */, path);
	return r;
}

static int once(const char *path)
{
	struct work work = { 0 };
	struct object_id id;
	int r = open_work(&work, path, NULL);

	if (r == 0)
		r = change(&work);
	if (r == -ENOENT) /* nothing lower */
		r = 0;
	if (r == 0)
		r = commit(&work, NEW, &id);
	if (r == 0)
		printf("%s\n", object_id_hex(&id).text);
	else /* a program that writes hears the code alone */
		printf("%s\n", work.err.text[0] ? work.err.text : strerrordesc_np(-r));
	close_work(&work);
	return r == -ENOSPC || r == -EDQUOT ? DISK_FULL : r < 0 ? FAILED : DONE;
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "ENOSPC", "exit" };
	size_t count = sizeof points / sizeof points[0];
	struct object_id expected;
	int failed = 0;

	if (argc > 1)
		return once(argv[1]);
	if (reference(&expected) < 0)
		return 2;
	printf("1..%zu\n", 2 * count);
	for (size_t way = 0; way < 2; way++) {
		for (size_t i = 0; i < count; i++)
			failed |= !try_point(points[i], ways[way], &expected,
					     (unsigned)(way * count + i + 1));
	}
	return failed;
}
