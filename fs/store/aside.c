/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store_internal.h"

int aside_put(struct store *store, int dir_fd, const char *path, const char *name,
	      struct error *err)
{
	cleanup_fd int aside_fd = -1;
	int r = dir_make(store->dir_fd, "damaged", 0700);

	if (r == 0) {
		aside_fd = openat(store->dir_fd, "damaged",
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = aside_fd < 0 ? -errno : 0;
	}
	if (r == 0 && renameat(dir_fd, path, aside_fd, name) < 0 && errno != ENOENT)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot put '%s' aside", path);
	return 0;
}
