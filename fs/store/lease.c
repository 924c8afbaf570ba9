/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/object/id_set.h"
#include "fs/store/store_internal.h"

/* Whoever begins a lease looks at so many others for dead ones. */
#define CLEAN_SEEN    16
#define CLEAN_REMOVED 2

#define LEASE_FILE_MAX ((size_t)64 << 20)
#define LINE_SIZE      65 /* 64 digits and a newline */

struct store_lease {
	struct store *store;
	char name[33];
	int fd; /* holds the lock */
	int tmp_fd;
	pthread_mutex_t lock; /* guards held */
	struct id_set held;   /* what was appended already */
};

/* A locked file of this name: 1, or 0 when a cleaner took it for dead in between. */
static int make_file(struct store_lease *lease, struct error *err)
{
	cleanup_fd int fd = openat(lease->store->leases_fd, lease->name,
				   O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st = { 0 };
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "cannot make '%s/leases/%s'", lease->store->path,
				   lease->name);
	r = lockfile_lock(fd, LOCKFILE_EXCLUSIVE);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot lock '%s/leases/%s'", lease->store->path,
				   lease->name);
	if (st.st_nlink == 0)
		return 0;
	lease->fd = take_fd(&fd);
	return 1;
}

static int make_directory(struct store_lease *lease, struct error *err)
{
	struct store *store = lease->store;
	int r = dir_make(store->tmp_fd, lease->name, 0700);

	if (r == 0) {
		lease->tmp_fd = openat(store->tmp_fd, lease->name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (lease->tmp_fd < 0)
			r = -errno;
	}
	if (r < 0)
		return error_errno(err, r, "cannot make '%s/tmp/%s'", store->path, lease->name);
	return 0;
}

int store_lease_begin(struct store *store, struct store_lease **ret, struct error *err)
{
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	int r;

	if (store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	(void)lease_clean(store, CLEAN_SEEN, CLEAN_REMOVED, NULL, NULL);
	lease = xcalloc(1, sizeof *lease);
	lease->store = store;
	lease->fd = lease->tmp_fd = -1;
	pthread_mutex_init(&lease->lock, NULL);
	do {
		store_random_name(lease->name);
		r = make_file(lease, err);
	} while (r == 0);
	/* After the lease, so that no cleaner sees the directory without it. */
	if (r > 0)
		r = make_directory(lease, err);
	if (r < 0)
		return store_write_failed(store, err, r);
	*ret = take_ptr(&lease);
	return 0;
}

void store_lease_end(struct store_lease *lease)
{
	if (!lease)
		return;
	if (lease->tmp_fd >= 0) {
		close(lease->tmp_fd);
		(void)dir_remove_all(lease->store->tmp_fd, lease->name);
	}
	if (lease->fd >= 0) {
		(void)unlinkat(lease->store->leases_fd, lease->name, 0);
		close(lease->fd);
	}
	id_set_release(&lease->held);
	pthread_mutex_destroy(&lease->lock);
	free(lease);
}

const char *store_lease_name(const struct store_lease *lease)
{
	return lease->name;
}

int store_lease_tmp_fd(const struct store_lease *lease)
{
	return lease->tmp_fd;
}

/* Holding */

static int append_line(int fd, const struct object_id *id, const char *name, struct error *err)
{
	char line[LINE_SIZE + 1];
	int r = fault("lease.hold");

	snprintf(line, sizeof line, "%s\n", object_id_hex(id).text);
	/* In one piece: when only a part fits, the next writer's line begins behind it. */
	if (r == 0)
		r = fd_write_all(fd, line, LINE_SIZE);
	if (r < 0)
		return error_errno(err, r, "cannot add object %s to lease '%s'",
				   object_id_hex(id).text, name);
	return 0;
}

int lease_append(struct store *store, const char *name, const struct object_id *id,
		 struct error *err)
{
	cleanup_fd int fd =
		openat(store->leases_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(err, -errno, "cannot open '%s/leases/%s'", store->path, name);
	return append_line(fd, id, name, err);
}

int store_lease_hold(struct store_lease *lease, const struct object_id *id, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	struct store *store = lease->store;
	struct store_lock lock;
	bool known;
	int r;

	pthread_mutex_lock(&lease->lock);
	known = id_set_contains(&lease->held, id);
	pthread_mutex_unlock(&lease->lock);
	if (known)
		return 0;
	r = store_lock_shared(store, &lock, err);
	if (r < 0)
		return r;
	/* Nothing is deleted while we look and write, so who collects next sees the line. */
	r = store_find(store, id, STORE_FIND_HELD, &object, err);
	if (r == 0)
		r = error_set(err, -ENOENT, "object %s is not in the store '%s' any more",
			      object_id_hex(id).text, store->path);
	else if (r > 0)
		r = append_line(lease->fd, id, lease->name, err);
	store_lock_release(store, &lock);
	if (r == 0) {
		pthread_mutex_lock(&lease->lock);
		(void)id_set_add(&lease->held, id);
		pthread_mutex_unlock(&lease->lock);
	}
	return store_write_failed(store, err, r);
}

/* Reading */

void id_list_release(struct id_list *list)
{
	free(list->items);
	*list = (struct id_list){ 0 };
}

void lease_parse(const char *text, size_t size, struct id_list *ret)
{
	size_t at = 0;

	while (at < size) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - text) - at : 0;
		char hex[LINE_SIZE];
		struct object_id id;

		if (!newline)
			break;
		at += length + 1;
		if (length < LINE_SIZE - 1)
			continue;
		memcpy(hex, newline - (LINE_SIZE - 1), LINE_SIZE - 1);
		hex[LINE_SIZE - 1] = '\0';
		if (object_id_parse(hex, &id) < 0)
			continue;
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = id;
	}
}

/* Open a lease: 1 and the descriptor of a living one, 2 of a dead one, which is locked now; 0 it is gone. */
static int open_lease(const struct store *store, const char *name, int *ret_fd)
{
	cleanup_fd int fd =
		openat(store->leases_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = lockfile_try(fd, LOCKFILE_EXCLUSIVE);
	if (r < 0)
		return r;
	if (r > 0 && (fstat(fd, &st) < 0 || st.st_nlink == 0))
		return 0;
	*ret_fd = take_fd(&fd);
	return r > 0 ? 2 : 1;
}

int lease_read_all(struct store *store, struct id_list *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = dir_list(store->leases_fd, ".", &names);

	for (size_t i = 0; i < names.count && r >= 0; i++) {
		cleanup_with(buf_release) struct buf text = { 0 };
		cleanup_fd int fd = -1;

		r = open_lease(store, names.items[i], &fd);
		if (r != 1)
			continue; /* what the dead held is no root */
		r = fd_read_to_end(fd, LEASE_FILE_MAX, &text);
		if (r == 0)
			lease_parse(buf_string(&text), text.length, ret);
	}
	if (r < 0)
		return error_errno(err, r, "cannot read the leases of the store '%s'", store->path);
	return 0;
}

/* Cleaning */

/* 1 when it was removed, or noted down. */
static int clean_lease(struct store *store, const char *name, struct strings *ret_found)
{
	cleanup_fd int fd = -1;
	int r = store_random_name_valid(name) ? open_lease(store, name, &fd) : 0;

	if (r != 2)
		return r < 0 ? r : 0;
	if (ret_found) {
		strings_add_format(ret_found, "leases/%s: of a process that is gone", name);
		return 1;
	}
	/* We hold its lock meanwhile, so that nobody else does the same. */
	r = dir_remove_all(store->tmp_fd, name);
	if (r == 0 && unlinkat(store->leases_fd, name, 0) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? r : 1;
}

/* Names in tmp/ were listed before we look for the lease, and a lease comes before its directory. */
static int clean_stray(struct store *store, const char *name, struct strings *ret_found)
{
	struct stat st;

	if (store_random_name_valid(name) &&
	    (fstatat(store->leases_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT))
		return 0;
	if (ret_found) {
		strings_add_format(ret_found, "tmp/%s: of a process that is gone", name);
		return 1;
	}
	return dir_remove_all(store->tmp_fd, name);
}

int lease_clean(struct store *store, size_t max_seen, size_t max_removed, struct strings *ret_found,
		struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_with(strings_release) struct strings strays = { 0 };
	size_t removed = 0;
	int r = 0;

	if (max_seen == SIZE_MAX)
		r = dir_list(store->tmp_fd, ".", &strays);
	if (r == 0)
		r = dir_list(store->leases_fd, ".", &names);
	for (size_t i = 0; i < names.count && i < max_seen && r >= 0 && removed < max_removed;
	     i++) {
		r = clean_lease(store, names.items[i], ret_found);
		removed += r > 0;
	}
	for (size_t i = 0; i < strays.count && r >= 0; i++)
		r = clean_stray(store, strays.items[i], ret_found);
	if (r < 0)
		return error_errno(err, r, "cannot clean up in the store '%s'", store->path);
	return 0;
}
