/* SPDX-License-Identifier: Apache-2.0 */
/* Working on an active snapshot, and making a committed one of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/overlay/journal.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/refs.h"
#include "fs/store/store.h"

/* A journal of this size is replaced by a state: reading it again takes a second or so. */
#define CHECKPOINT_SIZE ((uint64_t)64 << 20)

struct keyed_work {
	struct store *store;
	struct store_lease *lease;
	struct keyed keyed;
	struct id_hex hash;
	int dir_fd, changes_fd, lock_fd;
	uint64_t number; /* of the journal */
	struct overlay *overlay;
};

char *keyed_journal(uint64_t number)
{
	return xasprintf("journal.%" PRIu64, number);
}

int keyed_newest(int changes_fd, uint64_t *ret)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = dir_list(changes_fd, ".", &names);

	*ret = 0;
	for (size_t i = 0; i < names.count; i++) {
		uint64_t number;
		struct stat st;

		/* Without its header it was not finished. */
		if (strncmp(names.items[i], "journal.", 8) == 0 &&
		    parse_u64(names.items[i] + 8, &number) == 0 && number > *ret &&
		    fstatat(changes_fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_size >= JOURNAL_HEADER)
			*ret = number;
	}
	return r;
}

/* Journals and refs of other numbers: of one that was not finished, or is done with. */
static void remove_others(struct keyed_work *work)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_free char *journal = keyed_journal(work->number);
	cleanup_free char *own = keyed_base_ref(work->hash.text, work->number);
	cleanup_free char *prefix = xasprintf("work/%s/", work->hash.text);
	struct ref_list refs = { 0 };

	(void)dir_list(work->changes_fd, ".", &names);
	for (size_t i = 0; i < names.count; i++) {
		if (strncmp(names.items[i], "journal.", 8) == 0 &&
		    strcmp(names.items[i], journal) != 0)
			(void)unlinkat(work->changes_fd, names.items[i], 0);
	}
	(void)store_ref_list(work->store, "work/", &refs, NULL);
	for (size_t i = 0; i < refs.count; i++) {
		if (strncmp(refs.items[i].name, prefix, strlen(prefix)) == 0 &&
		    strcmp(refs.items[i].name, own) != 0)
			(void)store_ref_delete(work->store, refs.items[i].name, NULL);
	}
	ref_list_release(&refs);
}

static int open_changes(struct keyed_work *work, struct error *err)
{
	cleanup_free char *ref = NULL, *journal = NULL;
	struct snapshot_record record = { .root = tree_root_empty() };
	struct object_id base = { 0 };
	int r;

	work->changes_fd = openat(work->dir_fd, "changes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = work->changes_fd < 0 ? -errno : keyed_newest(work->changes_fd, &work->number);
	if (r < 0)
		return error_errno(err, r, "cannot open the snapshot '%s'", work->keyed.key);
	ref = keyed_base_ref(work->hash.text, work->number);
	journal = keyed_journal(work->number);
	r = store_ref_get(work->store, ref, &base, NULL, err);
	if (r == 0 && (work->number || !object_id_is_zero(&work->keyed.state)))
		return error_set(err, -EBADMSG, "the state that '%s' begins with is gone",
				 work->keyed.key);
	if (r > 0)
		r = work->lease ? store_lease_hold(work->lease, &base, err) : 0;
	if (r == 0 && !object_id_is_zero(&base))
		r = snapshot_load(work->store, &base, &record, err);
	if (r == 0)
		r = overlay_open_kept(work->store, work->lease, &record.root, work->changes_fd,
				      journal, &work->overlay, err);
	return r < 0 ? error_prefix(err, r, "snapshot '%s'", work->keyed.key) : 0;
}

static int find_active(struct store *store, const char *key, struct keyed *ret, struct error *err)
{
	int r = keyed_find(store, key, ret, err);

	if (r == 0)
		return error_set(err, -ENOENT,
				 "there is no snapshot '%s'; `varve snapshot ls` lists them", key);
	if (r > 0 && ret->kind != KEYED_ACTIVE)
		return error_set(err, -EROFS, "the snapshot '%s' is %s and cannot be changed", key,
				 ret->kind == KEYED_VIEW ? "a view" : "committed");
	return r < 0 ? r : 0;
}

int keyed_open(struct store *store, struct store_lease *lease, const char *key,
	       const char *mountpoint, struct keyed_work **ret, struct error *err)
{
	cleanup_with(keyed_close) struct keyed_work *work = xcalloc(1, sizeof *work);
	int r;

	work->store = store;
	work->lease = lease;
	work->dir_fd = work->changes_fd = work->lock_fd = -1;
	work->hash = keyed_hash(key);
	r = find_active(store, key, &work->keyed, err);
	if (r < 0)
		return r;
	work->dir_fd = keyed_own_dir(store, key);
	if (work->dir_fd < 0)
		return error_errno(err, work->dir_fd, "cannot open the snapshot '%s'", key);
	if (lease)
		r = keyed_lock_work(store, work->dir_fd, key, &work->lock_fd, err);
	/* It may have been committed or removed while it was waited for. */
	if (r == 0 && !keyed_is_same(store, work->dir_fd, key))
		r = error_set(err, -ENOENT, "the snapshot '%s' is gone", key);
	if (r == 0 && lease)
		(void)file_replace(work->dir_fd, "mounted", mountpoint ? mountpoint : "",
				   mountpoint ? strlen(mountpoint) : 0, 0600, false);
	if (r == 0)
		r = open_changes(work, err);
	if (r < 0)
		return r;
	if (lease)
		remove_others(work);
	if (lease && mountpoint)
		keyed_say(work->lock_fd, KEYED_SERVES);
	*ret = take_ptr(&work);
	return 0;
}

void keyed_ending(struct keyed_work *work)
{
	if (work->lock_fd >= 0)
		keyed_say(work->lock_fd, KEYED_ENDS);
}

struct overlay *keyed_overlay(struct keyed_work *work)
{
	return work->overlay;
}

void keyed_close(struct keyed_work *work)
{
	if (!work)
		return;
	overlay_close(work->overlay);
	if (work->changes_fd >= 0)
		close(work->changes_fd);
	if (work->dir_fd >= 0)
		close(work->dir_fd);
	keyed_release(&work->keyed);
	if (work->lock_fd >= 0)
		close(work->lock_fd); /* last: now another may begin */
	free(work);
}

/* ---- committing ---- */

static int checkpoint(struct keyed_work *work, struct error *err)
{
	cleanup_free char *ref = keyed_base_ref(work->hash.text, work->number + 1);
	cleanup_free char *journal = keyed_journal(work->number + 1);
	struct snapshot_intent intent = { .parent = work->keyed.state,
					  .created_s = work->keyed.created_s,
					  .ref = ref };
	struct snapshot_result result;
	int r;

	r = overlay_sync(work->overlay, NULL);
	if (r < 0)
		return error_errno(err, r, "cannot keep the changes of '%s'", work->keyed.key);
	r = snapshot_commit_overlay(work->overlay, work->lease, &intent, &result, err);
	if (r == 0)
		r = overlay_restart_journal(work->overlay, &result.root, work->changes_fd, journal,
					    err);
	if (r < 0)
		return r;
	work->number++;
	remove_others(work);
	return 0;
}

int keyed_checkpoint(struct keyed_work *work, struct error *err)
{
	int r;

	if (overlay_journal_size(work->overlay) < CHECKPOINT_SIZE && !fault("keyed.checkpoint"))
		return 0;
	/* If it is unmounted meanwhile, whoever comes next knows why it does not end. */
	keyed_say(work->lock_fd, KEYED_WORKS);
	r = checkpoint(work, err);
	keyed_say(work->lock_fd, KEYED_SERVES);
	return r;
}

static int check_name(struct store *store, const char *name, struct error *err)
{
	cleanup_with(keyed_release) struct keyed present = { 0 };
	int r = keyed_find(store, name, &present, err);

	if (r > 0)
		return error_set(err, -EEXIST, "there is a snapshot '%s' already (%s)", name,
				 keyed_kind_name(present.kind));
	return r;
}

/* What is known of the committed one besides its ref, which makes it one. */
static int write_committed(struct store *store, const struct keyed *from, const char *name,
			   struct error *err)
{
	struct keyed keyed = *from;
	cleanup_free char *path = xasprintf(KEYED_DIR "/%s", keyed_hash(name).text);
	cleanup_free char *key = xstrdup(name);
	cleanup_fd int dir_fd = -1;
	int r = dir_make(store_dir_fd(store), path, 0700);

	keyed.kind = KEYED_COMMITTED;
	keyed.key = key;
	keyed.created_s = clock_realtime_ns() / 1000000000;
	if (r == 0) {
		dir_fd = openat(store_dir_fd(store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dir_fd < 0 ? -errno : keyed_write_info(dir_fd, &keyed);
	}
	return r < 0 ? error_errno(err, r, "cannot write '%s/info'", path) : 0;
}

int keyed_commit(struct store *store, struct store_lease *lease, const char *key, const char *name,
		 const struct buf *config, struct snapshot_result *ret, struct error *err)
{
	cleanup_with(keyed_close) struct keyed_work *work = NULL;
	cleanup_free char *ref = xasprintf("snapshot/%s", name);
	struct snapshot_intent intent = { .created_s = clock_realtime_ns() / 1000000000,
					  .ref = ref };
	cleanup_fd int lock_fd = -1;
	int r = check_name(store, name, err);

	/* What may take its time does not keep others from their keys; see keyed_internal.h. */
	if (r == 0)
		r = keyed_open(store, lease, key, NULL, &work, err);
	if (r == 0)
		r = keyed_lock(store, &lock_fd, err);
	if (r == 0)
		r = check_name(store, name, err);
	if (r < 0)
		return r;
	intent.parent = work->keyed.state;
	if (config && config->length) {
		intent.config = config->data;
		intent.config_size = config->length;
	}
	/* Its parent is known before it is there; without the ref nobody looks at this. */
	r = write_committed(store, &work->keyed, name, err);
	if (r == 0)
		r = snapshot_commit_overlay(work->overlay, lease, &intent, ret, err);
	return r < 0 ? r : keyed_drop(store, work->hash.text, err);
}
