/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/object/id_set.h"
#include "fs/store/drop.h"
#include "fs/store/gc.h"
#include "fs/store/gc/collect.h"
#include "fs/store/gc/doom.h"
#include "fs/store/gc/marker.h"
#include "fs/store/pack/scan.h"
#include "fs/store/store_internal.h"
#include "fs/store/unsynced.h"

/* Clocks are set now and then: so much older than the list a file may look and still be newer. */
#define CLOCK_SLACK_S 600

struct recovery {
	struct store *store;
	struct strings lists; /* names of the lists of earlier runs of the machine */
	struct strings packs; /* names on them */
	struct id_set objects;
	int64_t since; /* what changed after it is not trusted */
	size_t dropped;
};

static void release_recovery(struct recovery *recovery)
{
	strings_release(&recovery->lists);
	strings_release(&recovery->packs);
	id_set_release(&recovery->objects);
}
DEFINE_CLEANUP_VALUE(struct recovery, release_recovery);

static int find_lists(struct recovery *recovery, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	struct store *store = recovery->store;
	int r = dir_list(store->unsynced_fd, ".", &names);

	if (r < 0)
		return error_errno(err, r, "cannot list '%s/unsynced'", store->path);
	strings_clear(&recovery->lists);
	for (size_t i = 0; i < names.count; i++) {
		/* Those of this run begin with its id: the list, and what is about to replace it. */
		if (strncmp(names.items[i], store->boot_id, strlen(store->boot_id)) != 0)
			strings_add(&recovery->lists, names.items[i]);
	}
	return 0;
}

/* Even when the content of the list is lost, its inode tells when it began. */
static int64_t time_of_list(const struct stat *st, int64_t said)
{
	if (said)
		return said;
	return st->st_mtim.tv_sec < st->st_ctim.tv_sec ? st->st_mtim.tv_sec : st->st_ctim.tv_sec;
}

static int read_list(struct recovery *recovery, const char *name, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(strings_release) struct strings lines = { 0 };
	struct store *store = recovery->store;
	int64_t since;
	struct stat st = { 0 };
	int r = file_read(store->unsynced_fd, name, UNSYNCED_MAX, &text);

	if (r == 0 && fstatat(store->unsynced_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot read '%s/unsynced/%s'", store->path, name);
	unsynced_parse(buf_string(&text), text.length, &lines, &since);
	since = time_of_list(&st, since) - CLOCK_SLACK_S;
	if (since < recovery->since)
		recovery->since = since;
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		struct object_id id;

		if (strncmp(line, "pack ", 5) == 0)
			strings_add(&recovery->packs, line + 5);
		else if (strncmp(line, "object ", 7) == 0 && object_id_parse(line + 7, &id) == 0)
			(void)id_set_add(&recovery->objects, &id);
	}
	return 0;
}

/* Packs */

/* Whether every frame is as it was written. */
static int pack_is_whole(struct store *store, const char *name, struct error *err)
{
	cleanup_with(pack_scan_free) struct pack_scan *scan = NULL;
	struct scanned_object object;
	int r = pack_scan_open(store->packs_fd, name, PACK_SCAN_FAST, &scan, err);

	if (r < 0)
		return r == -EIO ? 0 : r;
	if (!pack_scan_index(scan, NULL))
		return 0;
	while ((r = pack_scan_next(scan, &object, NULL)) > 0)
		;
	return r == 0;
}

static int check_pack(struct recovery *recovery, const char *name, struct error *err)
{
	struct store *store = recovery->store;
	cleanup_free char *file_name = xasprintf("%s.pk", name);
	cleanup_with(pack_unref) struct pack *pack = NULL;
	struct stat st;
	int r;

	if (fstatat(store->packs_fd, file_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot look at '%s'", name);
	if (st.st_ctim.tv_sec >= recovery->since || strings_contain(&recovery->packs, name)) {
		r = pack_is_whole(store, name, err);
	} else {
		/* Older than that: its trailer tells whether it was cut off nevertheless. */
		r = pack_open(store->packs_fd, name, &pack, err);
		r = r == 0 ? 1 : r == -EBADMSG ? 0 : r;
	}
	if (r != 0)
		return r < 0 ? r : 0;
	if (unlinkat(store->packs_fd, file_name, 0) < 0)
		return error_errno(err, -errno, "cannot remove '%s'", name);
	strings_add_format(
		&store->warnings,
		"pack '%s' had not reached the disk when the machine stopped: it is dropped", name);
	recovery->dropped++;
	return 0;
}

static int check_packs(struct recovery *recovery, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	char name[PACK_NAME_SIZE];
	int r = dir_list(recovery->store->packs_fd, ".", &names);

	if (r < 0)
		return error_errno(err, r, "cannot list '%s/packs'", recovery->store->path);
	for (size_t i = 0; i < names.count && r == 0; i++) {
		if (pack_name_parse(names.items[i], name))
			r = check_pack(recovery, name, err);
	}
	return r;
}

/* Loose blobs */

static int loose_is_whole(struct store *store, const struct object_id *id, struct error *err)
{
	struct loose_blob *blob;
	struct object_id found;
	int r = loose_open(store->objects_fd, id, &blob, err);

	if (r <= 0)
		return r < 0 ? r : 1;
	r = digest_file(blob->fd, found.bytes);
	loose_free(blob);
	if (r < 0 && r != -EIO)
		return error_errno(err, r, "cannot read object %s", object_id_hex(id).text);
	return r == 0 && object_id_equal(&found, id);
}

static int check_loose(struct recovery *recovery, struct error *err)
{
	struct store *store = recovery->store;
	struct loose_walk walk;
	struct object_id id;
	struct stat st;
	int r, whole;

	loose_walk_init(&walk, store->objects_fd);
	while ((r = loose_walk_next(&walk, &id, &st, NULL, err)) > 0) {
		char path[LOOSE_PATH_SIZE];

		whole = (uint64_t)st.st_size >= STORE_LOOSE_MIN;
		if (whole && (st.st_ctim.tv_sec >= recovery->since ||
			      id_set_contains(&recovery->objects, &id)))
			whole = loose_is_whole(store, &id, err);
		if (whole > 0)
			continue;
		r = whole;
		loose_path(&id, path);
		if (r == 0 && unlinkat(store->objects_fd, path, 0) < 0 && errno != ENOENT)
			r = error_errno(err, -errno, "cannot remove 'objects/%s'", path);
		if (r < 0)
			break;
		strings_add_format(
			&store->warnings,
			"object %s had not reached the disk when the machine stopped: it "
			"is dropped",
			object_id_hex(&id).text);
		recovery->dropped++;
	}
	loose_walk_release(&walk);
	return r;
}

/* The whole */

static int check_everything(struct recovery *recovery, struct error *err)
{
	cleanup_with(marker_free) struct marker *marker = NULL;
	struct store *store = recovery->store;
	size_t before;
	int r = check_packs(recovery, err);

	if (r == 0)
		r = check_loose(recovery, err);
	if (r == 0)
		r = store_generation_bump(store, err);
	if (r == 0)
		r = marker_new(store, &marker, err);
	before = store->warnings.count;
	if (r == 0)
		r = roots_check(store, marker, true, &store->warnings, err);
	recovery->dropped += store->warnings.count - before;
	for (size_t i = 0; i < recovery->lists.count && r == 0; i++) {
		if (unlinkat(store->unsynced_fd, recovery->lists.items[i], 0) < 0)
			r = error_errno(err, -errno, "cannot remove 'unsynced/%s'",
					recovery->lists.items[i]);
	}
	return r;
}

static int recover_locked(struct recovery *recovery, struct error *err)
{
	struct store *store = recovery->store;
	struct gc_stats stats;
	struct store_lock lock;
	int r = doom_finish(store, err);

	if (r == 0)
		r = find_lists(recovery, err);
	if (r < 0 || recovery->lists.count == 0)
		return r; /* another process was faster */
	recovery->since = INT64_MAX;
	for (size_t i = 0; i < recovery->lists.count && r == 0; i++)
		r = read_list(recovery, recovery->lists.items[i], err);
	if (r == 0)
		r = store_lock_exclusive(store, true, &lock, err);
	if (r < 0)
		return r;
	r = check_everything(recovery, err);
	store_lock_release(store, &lock);
	/* What is left of broken states must not be found by those that look for their parts. */
	if (r == 0 && recovery->dropped > 0)
		r = gc_collect(store, &stats, err);
	return r;
}

int store_recover(struct store *store, struct error *err)
{
	cleanup_with(release_recovery) struct recovery recovery = { .store = store };
	cleanup_fd int collector_fd = -1;
	int r = find_lists(&recovery, err);

	if (r == 0 && recovery.lists.count == 0)
		return doom_finish(store, err);
	if (r == 0)
		r = store_lock_collector(store, true, &collector_fd, err);
	if (r == 0)
		r = recover_locked(&recovery, err);
	if (r < 0)
		return error_prefix(err, r, "cannot recover the store '%s' from the last crash",
				    store->path);
	return 0;
}
