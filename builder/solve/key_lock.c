/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/solve/key_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/store/store.h"

/* A lock cannot be waited for together with anything else, so it is tried again and again. */
#define TRY_AGAIN_MS 20

#define PATH_SIZE (sizeof "run/keys/" + OBJECT_ID_HEX_SIZE)

static void path_of(const struct object_id *key, char ret[PATH_SIZE])
{
	snprintf(ret, PATH_SIZE, "run/keys/%s", object_id_hex(key).text);
}

/* 1 locked; 0 held by somebody; negative. Of 0 and 1 *ret_fd is the file, or -1 when it is gone. */
static int try_lock(int store_fd, const char *path, int *ret_fd)
{
	cleanup_fd int fd = openat(store_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;
	int r;

	*ret_fd = -1;
	if (fd < 0)
		return -errno;
	r = lockfile_try(fd, LOCKFILE_EXCLUSIVE);
	if (r < 0)
		return r;
	/* The last owner removes the file: then this is a lock on nothing. */
	if (r > 0 && (fstat(fd, &st) < 0 || st.st_nlink == 0))
		return 0;
	*ret_fd = take_fd(&fd);
	return r;
}

static int make_directory(int store_fd)
{
	int r = dir_make(store_fd, "run", 0700);

	return r < 0 ? r : dir_make(store_fd, "run/keys", 0700);
}

int key_lock_take(struct store *store, const struct object_id *key, struct key_waiter *waiter,
		  int *ret_fd, struct error *err)
{
	int store_fd = store_dir_fd(store), fd, r;
	char path[PATH_SIZE];

	path_of(key, path);
	r = try_lock(store_fd, path, &fd);
	if (r == -ENOENT) {
		r = make_directory(store_fd);
		if (r == 0)
			r = try_lock(store_fd, path, &fd);
	}
	while (r == 0) {
		struct pollfd cancel = { .fd = waiter->cancel_fd, .events = POLLIN };

		if (fd >= 0) {
			waiter->waiting(waiter, fd);
			close(fd);
		}
		if (poll(&cancel, 1, TRY_AGAIN_MS) > 0)
			return error_set(err, -ECANCELED, "cancelled");
		r = try_lock(store_fd, path, &fd);
	}
	if (r < 0)
		return error_errno(err, r, "cannot lock '%s/%s'", store_path(store), path);
	*ret_fd = fd;
	return 0;
}

void key_lock_free(struct store *store, const struct object_id *key, int fd)
{
	char path[PATH_SIZE];

	path_of(key, path);
	(void)unlinkat(store_dir_fd(store), path, 0);
	close(fd);
}
