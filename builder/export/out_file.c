/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/export/export_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

static int use_stdout(struct out_file *ret, struct error *err)
{
	if (isatty(STDOUT_FILENO))
		return error_set(err, -EINVAL,
				 "standard output is a terminal: say where it is to go with "
				 "dest=FILE");
	*ret = (struct out_file){ .fd = STDOUT_FILENO };
	return 0;
}

/* A device or a pipe: written to as it is. */
static int open_special(const char *dest, struct out_file *ret, struct error *err)
{
	int fd = open(dest, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, -errno, "cannot write to '%s'", dest);
	*ret = (struct out_file){ .fd = fd, .own_fd = true };
	return 0;
}

/* A new file beside `path`, which it is to replace. */
static int open_beside(char *path, struct out_file *ret, struct error *err)
{
	static unsigned counter;
	char *tmp = NULL;
	int fd;

	do {
		free(tmp);
		tmp = xasprintf("%s.varve-%d-%u", path, (int)getpid(),
				__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED));
		fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	} while (fd < 0 && errno == EEXIST);
	if (fd < 0) {
		int r = error_errno(err, -errno, "cannot make '%s'", path);

		free(tmp);
		free(path);
		return r;
	}
	*ret = (struct out_file){ .fd = fd, .path = path, .tmp = tmp, .own_fd = true };
	return 0;
}

int out_file_open(const char *dest, struct out_file *ret, struct error *err)
{
	struct stat st;
	char *path;

	if (!dest || strcmp(dest, "-") == 0)
		return use_stdout(ret, err);
	if (stat(dest, &st) < 0) {
		if (errno != ENOENT)
			return error_errno(err, -errno, "cannot write to '%s'", dest);
		return open_beside(xstrdup(dest), ret, err);
	}
	if (S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR, "'%s' is a directory: a file is wanted", dest);
	if (!S_ISREG(st.st_mode))
		return open_special(dest, ret, err);
	/* Of a link that leads to it the file is replaced, not the link. */
	path = realpath(dest, NULL);
	if (!path)
		return error_errno(err, -errno, "cannot write to '%s'", dest);
	return open_beside(path, ret, err);
}

int out_file_keep(struct out_file *file, struct error *err)
{
	if (!file->tmp)
		return 0;
	if (rename(file->tmp, file->path) < 0)
		return error_errno(err, -errno, "cannot make '%s'", file->path);
	free(take_ptr(&file->tmp));
	return 0;
}

void out_file_release(struct out_file *file)
{
	if (file->tmp)
		(void)unlink(file->tmp);
	if (file->own_fd)
		close(file->fd);
	free(file->tmp);
	free(file->path);
	*file = (struct out_file){ .fd = -1 };
}
