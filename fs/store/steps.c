/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/object/id_set.h"
#include "fs/store/step_file.h"
#include "fs/store/step_index.h"
#include "fs/store/step_log.h"
#include "fs/store/store_internal.h"

/* A reader takes in the whole log when it starts: about 1,500 records. */
#define LOG_TIDY_SIZE ((off_t)128 << 10)

int store_step_find(struct store *store, const struct object_id *key, struct step_record *ret,
		    struct error *err)
{
	return step_index_find(store->steps, key, ret, err);
}

int store_step_list(struct store *store, struct step_list *ret, struct error *err)
{
	struct step_list all = { 0 };
	int r = step_files_read(store->dir_fd, &all, NULL, err);

	if (r == 0) {
		step_list_settle(&all);
		for (size_t i = 0; i < all.count; i++)
			step_list_add(ret, &all.items[i]);
	}
	step_list_release(&all);
	return r;
}

/* The descriptor stays open: whoever puts another file there raises the generation, which closes it. */
static int open_log(struct store *store, int *ret, struct error *err)
{
	int fd;

	pthread_mutex_lock(&store->lock);
	if (store->step_log_fd < 0)
		store->step_log_fd =
			openat(store->dir_fd, "steps.log",
			       O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	fd = store->step_log_fd;
	pthread_mutex_unlock(&store->lock);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open '%s/steps.log'", store->path);
	*ret = fd;
	return 0;
}

static int append_one(int fd, const struct step_record *record)
{
	uint8_t bytes[STEP_RECORD_SIZE];
	ssize_t n;
	int r = fault("steps.append");

	if (r < 0)
		return r;
	step_record_encode(record, bytes);
	do {
		n = write(fd, bytes, sizeof bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* A part of a record is skipped by readers. */
	return n == sizeof bytes ? 0 : -ENOSPC;
}

int step_log_append(struct store *store, const struct step_record *records, size_t count,
		    struct error *err)
{
	int fd = -1, r;

	if (count == 0)
		return 0;
	r = open_log(store, &fd, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		r = append_one(fd, &records[i]);
		if (r < 0)
			return error_errno(err, r, "cannot write '%s/steps.log'", store->path);
	}
	return 0;
}

int step_log_merge(struct store *store, step_drop_fn drop, void *context, struct error *err)
{
	struct step_list all = { 0 };
	size_t kept = 0;
	int r = step_files_read(store->dir_fd, &all, NULL, err);

	if (r == 0) {
		for (size_t i = 0; i < all.count; i++) {
			if (!drop || !drop(context, &all.items[i]))
				all.items[kept++] = all.items[i];
		}
		all.count = kept;
		step_list_settle(&all);
		r = step_files_replace(store->dir_fd, &all, err);
	}
	/* Even a failed replacement may have put one of the files in place. */
	if (r == 0)
		r = store_generation_bump(store, err);
	else
		(void)store_generation_bump(store, NULL);
	step_list_release(&all);
	return r;
}

void step_log_tidy(struct store *store)
{
	struct store_lock lock;
	struct stat st;

	if (fstatat(store->dir_fd, "steps.log", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_size < LOG_TIDY_SIZE)
		return;
	if (store_lock_exclusive(store, false, &lock, NULL) < 0)
		return; /* the next one will do it */
	(void)step_log_merge(store, NULL, NULL, NULL);
	store_lock_release(store, &lock);
}

static bool has_key(void *context, const struct step_record *record)
{
	return id_set_contains(context, &record->key);
}

static bool has_snapshot(void *context, const struct step_record *record)
{
	return id_set_contains(context, &record->snapshot);
}

static int drop(struct store *store, const struct object_id *ids, size_t count, step_drop_fn fn,
		struct error *err)
{
	struct id_set set = { 0 };
	struct store_lock lock;
	int r;

	if (store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		(void)id_set_add(&set, &ids[i]);
	r = store_lock_exclusive(store, true, &lock, err);
	if (r == 0) {
		r = step_log_merge(store, fn, &set, err);
		store_lock_release(store, &lock);
	}
	id_set_release(&set);
	return store_write_failed(store, err, r);
}

int store_step_remove(struct store *store, const struct object_id *keys, size_t count,
		      struct error *err)
{
	return drop(store, keys, count, has_key, err);
}

int store_step_forget(struct store *store, const struct object_id *snapshots, size_t count,
		      struct error *err)
{
	return drop(store, snapshots, count, has_snapshot, err);
}
