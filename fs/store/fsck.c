/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/object/id_set.h"
#include "fs/store/aside.h"
#include "fs/store/drop.h"
#include "fs/store/fsck_pack.h"
#include "fs/store/gc.h"
#include "fs/store/gc/collect.h"
#include "fs/store/gc/doom.h"
#include "fs/store/gc/marker.h"
#include "fs/store/gc/rewrite.h"
#include "fs/store/gc/roots.h"
#include "fs/store/lease.h"
#include "fs/store/pack/packer.h"
#include "fs/store/step_log.h"
#include "fs/store/store_internal.h"

/* A pack's copy of an object that is no good. */
struct bad_copy {
	struct object_id id;
	char pack[PACK_NAME_SIZE];
};

struct fsck {
	struct store *store;
	const struct fsck_options *options;
	struct fsck_report *report;
	struct strings bad_packs;
	struct strings bad_blobs; /* paths below objects/ */
	struct bad_copy *bad_copies;
	size_t bad_count, bad_capacity;
	struct id_set bad_loose;
	struct id_set pieced;
};

static void release_fsck(struct fsck *fsck)
{
	strings_release(&fsck->bad_packs);
	strings_release(&fsck->bad_blobs);
	free(fsck->bad_copies);
	id_set_release(&fsck->bad_loose);
	id_set_release(&fsck->pieced);
}
DEFINE_CLEANUP_VALUE(struct fsck, release_fsck);

void fsck_report_release(struct fsck_report *report)
{
	strings_release(&report->problems);
	strings_release(&report->leftovers);
	*report = (struct fsck_report){ 0 };
}

/* Packs */

static int list_packs(struct fsck *fsck, struct strings *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings files = { 0 };
	char name[PACK_NAME_SIZE];
	int r = dir_list(fsck->store->packs_fd, ".", &files);

	if (r < 0)
		return error_errno(err, r, "cannot list '%s/packs'", fsck->store->path);
	for (size_t i = 0; i < files.count; i++) {
		if (pack_name_parse(files.items[i], name))
			strings_add(ret, name);
		else
			strings_add_format(&fsck->report->leftovers,
					   "packs/%s: no pack; it may be deleted", files.items[i]);
	}
	return 0;
}

static int check_pack(struct fsck *fsck, const char *name, struct error *err)
{
	cleanup_with(pack_verdict_release) struct pack_verdict verdict = { 0 };
	int r = fsck_pack(fsck->store, name, fsck->options->fast, &verdict, &fsck->report->problems,
			  err);

	if (r < 0)
		return r;
	fsck->report->packs++;
	fsck->report->objects += verdict.objects;
	fsck->report->bytes += verdict.bytes;
	if (verdict.unknown)
		return 0;
	if (verdict.damaged)
		strings_add(&fsck->bad_packs, name);
	for (size_t i = 0; i < verdict.bad_count; i++) {
		struct bad_copy copy = { .id = verdict.bad[i] };

		snprintf(copy.pack, sizeof copy.pack, "%s", name);
		array_reserve_one(fsck->bad_copies, fsck->bad_count, fsck->bad_capacity);
		fsck->bad_copies[fsck->bad_count++] = copy;
	}
	for (size_t i = 0; i < verdict.pieced_count; i++)
		(void)id_set_add(&fsck->pieced, &verdict.pieced[i]);
	return 0;
}

static int check_packs(struct fsck *fsck, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = list_packs(fsck, &names, err);

	for (size_t i = 0; i < names.count && r == 0; i++)
		r = check_pack(fsck, names.items[i], err);
	return r;
}

/* Loose blobs */

static void complain_loose(struct fsck *fsck, const struct object_id *id, const char *what)
{
	char path[LOOSE_PATH_SIZE];

	loose_path(id, path);
	strings_add_format(&fsck->report->problems, "objects/%s: %s", path, what);
	strings_add(&fsck->bad_blobs, path);
	(void)id_set_add(&fsck->bad_loose, id);
}

static int check_one_loose(struct fsck *fsck, const struct object_id *id, const struct stat *st,
			   struct error *err)
{
	struct loose_blob *blob;
	struct object_id found;
	int r;

	fsck->report->objects++;
	if ((uint64_t)st->st_size < STORE_LOOSE_MIN) {
		complain_loose(fsck, id, "it has lost bytes");
		return 0;
	}
	if (fsck->options->fast)
		return 0;
	r = loose_open(fsck->store->objects_fd, id, &blob, err);
	if (r <= 0)
		return r;
	r = digest_file(blob->fd, found.bytes);
	loose_free(blob);
	fsck->report->bytes += (uint64_t)st->st_size;
	if (r == -EIO)
		complain_loose(fsck, id, "the disk cannot read it");
	else if (r < 0)
		return error_errno(err, r, "cannot read object %s", object_id_hex(id).text);
	else if (!object_id_equal(&found, id))
		complain_loose(fsck, id, "it has other bytes than it should");
	return 0;
}

static int check_loose(struct fsck *fsck, struct error *err)
{
	struct loose_walk walk;
	struct object_id id;
	const char *stray;
	struct stat st;
	int r;

	loose_walk_init(&walk, fsck->store->objects_fd);
	while ((r = loose_walk_next(&walk, &id, &st, &stray, err)) > 0) {
		if (stray) {
			strings_add_format(&fsck->report->leftovers,
					   "objects/%s/%s: no object; it may be deleted",
					   walk.directory, stray);
			continue;
		}
		r = check_one_loose(fsck, &id, &st, err);
		if (r < 0)
			break;
	}
	loose_walk_release(&walk);
	return r;
}

/* Blobs stored as extents: whether the bytes come out */

static int compose_id(struct store *store, const struct object_id *id, struct object_id *ret,
		      struct error *err)
{
	cleanup_free uint8_t *block = xmalloc(1 << 20);
	struct digest *digest = digest_new();
	uint64_t offset = 0;
	ssize_t n;

	while ((n = store_pread(store, id, block, 1 << 20, offset, err)) > 0) {
		digest_update(digest, block, (size_t)n);
		offset += (uint64_t)n;
	}
	digest_peek(digest, ret->bytes);
	digest_free(digest);
	return n < 0 ? (int)n : 0;
}

static int check_pieced(struct fsck *fsck, struct marker *marker, struct error *err)
{
	const struct object_id *id;
	size_t at = 0;

	while (!fsck->options->fast && (id = id_set_next(&fsck->pieced, &at))) {
		struct object_id found;
		struct error inner = { 0 };
		int r = compose_id(fsck->store, id, &found, &inner);

		if (r == 0 && object_id_equal(&found, id))
			continue;
		if (r < 0 && r != -EBADMSG && r != -ENOENT && r != -EIO)
			return error_set(err, r, "%s", inner.text);
		strings_add_format(&fsck->report->problems,
				   "object %s, which is stored as pieces of others, %s",
				   object_id_hex(id).text,
				   r < 0 ? "is not whole" : "has other bytes than it should");
		marker_distrust(marker, id);
	}
	return 0;
}

/* What refers to what */

static bool is_bad_copy(const struct fsck *fsck, const struct object_id *id, const char *pack)
{
	for (size_t i = 0; i < fsck->bad_count; i++) {
		if (object_id_equal(&fsck->bad_copies[i].id, id) &&
		    strcmp(fsck->bad_copies[i].pack, pack) == 0)
			return true;
	}
	return false;
}

/* Whether there is a sound copy besides the bad ones. */
static bool is_sound_elsewhere(const struct fsck *fsck, const struct marker *marker,
			       const struct object_id *id)
{
	const struct pack_set *set = marker_packs(marker);
	uint32_t position;

	if (marker_is_loose(marker, id) && !id_set_contains(&fsck->bad_loose, id))
		return true;
	for (size_t i = 0; i < set->count; i++) {
		if (pack_index_find(&set->packs[i]->index, id, &position) &&
		    !is_bad_copy(fsck, id, set->packs[i]->name))
			return true;
	}
	return false;
}

static void distrust_bad(const struct fsck *fsck, struct marker *marker)
{
	const struct object_id *id;
	size_t at = 0;

	for (size_t i = 0; i < fsck->bad_count; i++) {
		if (!is_sound_elsewhere(fsck, marker, &fsck->bad_copies[i].id))
			marker_distrust(marker, &fsck->bad_copies[i].id);
	}
	while ((id = id_set_next(&fsck->bad_loose, &at))) {
		if (!is_sound_elsewhere(fsck, marker, id))
			marker_distrust(marker, id);
	}
}

static int check_roots(struct fsck *fsck, struct error *err)
{
	cleanup_with(root_list_release) struct root_list roots = { 0 };
	cleanup_with(marker_free) struct marker *marker = NULL;
	cleanup_with(strings_release) struct strings ignored = { 0 };
	int r = roots_read(fsck->store, &roots, &ignored, err);

	fsck->report->refs = roots.ref_count;
	fsck->report->steps = roots.step_count;
	if (r == 0)
		r = marker_new(fsck->store, &marker, err);
	if (r < 0)
		return r;
	distrust_bad(fsck, marker);
	r = check_pieced(fsck, marker, err);
	if (r < 0)
		return r;
	return roots_check(fsck->store, marker, fsck->options->repair, &fsck->report->problems,
			   err);
}

/* Mending */

/* Under the exclusive lock: the good of the damaged packs into a new one, and the damaged away. */
static int save_packs(struct fsck *fsck, int tmp_fd, struct error *err)
{
	cleanup_with(packer_free) struct packer *packer = packer_new(tmp_fd, "saved-");
	struct packed packs[2];
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < fsck->bad_packs.count && r == 0; i++)
		r = fsck_pack_save(fsck->store, fsck->bad_packs.items[i], packer, err);
	if (r == 0)
		r = packer_finish(packer, true, packs, &count, err);
	if (r == 0)
		r = rewrite_publish(fsck->store, tmp_fd, packs, count, err);
	for (size_t i = 0; i < fsck->bad_packs.count && r == 0; i++) {
		cleanup_free char *name = xasprintf("%s.pk", fsck->bad_packs.items[i]);

		r = aside_put(fsck->store, fsck->store->packs_fd, name, name, err);
	}
	return r;
}

static int put_blobs_aside(struct fsck *fsck, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < fsck->bad_blobs.count && r == 0; i++) {
		cleanup_free char *name = xstrdup(fsck->bad_blobs.items[i]);

		name[2] = '-';
		r = aside_put(fsck->store, fsck->store->objects_fd, fsck->bad_blobs.items[i], name,
			      err);
	}
	return r;
}

static int put_aside(struct fsck *fsck, struct error *err)
{
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	int r = store_lease_begin(fsck->store, &lease, err);

	if (r == 0)
		r = save_packs(fsck, store_lease_tmp_fd(lease), err);
	if (r == 0)
		r = put_blobs_aside(fsck, err);
	if (r == 0)
		r = store_generation_bump(fsck->store, err);
	if (r < 0)
		return r;
	fsck->bad_count = 0;
	id_set_release(&fsck->bad_loose);
	lru_clear(fsck->store->blobs);
	lru_clear(fsck->store->extents);
	return 0;
}

static int mend(struct fsck *fsck, struct error *err)
{
	struct gc_stats stats;
	struct store_lock lock;
	int r = store_lock_exclusive(fsck->store, true, &lock, err);

	if (r < 0)
		return r;
	if (fsck->bad_packs.count > 0 || fsck->bad_blobs.count > 0)
		r = put_aside(fsck, err);
	if (r == 0)
		r = check_roots(fsck, err);
	store_lock_release(fsck->store, &lock);
	/* Nobody may come upon a part of what was dropped and take it for whole. */
	if (r == 0 && fsck->report->problems.count > 0)
		r = gc_collect(fsck->store, &stats, err);
	return r;
}

static int look_for_leftovers(struct fsck *fsck, struct error *err)
{
	struct store *store = fsck->store;
	struct strings *found = fsck->options->repair ? NULL : &fsck->report->leftovers;

	if (!found && store->read_only)
		return 0;
	return lease_clean(store, SIZE_MAX, SIZE_MAX, found, err);
}

static int check(struct fsck *fsck, struct error *err)
{
	int r = check_packs(fsck, err);

	if (r == 0)
		r = check_loose(fsck, err);
	if (r == 0)
		r = look_for_leftovers(fsck, err);
	if (r == 0)
		r = fsck->options->repair ? mend(fsck, err) : check_roots(fsck, err);
	return r;
}

int store_fsck(struct store *store, const struct fsck_options *options, struct fsck_report *ret,
	       struct error *err)
{
	struct fsck_report report = { 0 };
	cleanup_with(release_fsck) struct fsck fsck = { .store = store,
							.options = options,
							.report = &report };
	cleanup_fd int collector_fd = -1;
	int r = 0;

	if (options->repair && store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	if (!store->read_only) {
		r = store_lock_collector(store, false, &collector_fd, err);
		if (r == 0)
			r = doom_finish(store, err);
	}
	if (r == 0)
		r = check(&fsck, err);
	if (r < 0) {
		fsck_report_release(&report);
		return r;
	}
	*ret = report;
	return 0;
}
