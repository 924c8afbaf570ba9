/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/snapshot/host_mount.h"
#include "fs/snapshot/host_table.h"

static int run_fusermount(const char *path)
{
	char *const argv[] = { (char[]){ "fusermount3" }, (char[]){ "-u" }, (char[]){ "-q" },
			       (char[]){ "--" },          xstrdup(path),    NULL };
	int status = 0;
	pid_t child;
	int r = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

	free(argv[4]);
	if (r != 0)
		return -r;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

int host_unmount(const char *directory, struct error *err)
{
	cleanup_free char *path = realpath(directory, NULL);
	int r;

	if (!path)
		return error_errno(err, -errno, "cannot unmount '%s'", directory);
	if (!host_table_has(path))
		return error_set(err, -EINVAL, "nothing that varve has mounted is at '%s'",
				 directory);
	if (geteuid() == 0)
		r = umount2(path, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
	else
		r = run_fusermount(path);
	if (r == -ENOENT)
		return error_set(err, r,
				 "cannot unmount '%s': fusermount3 is missing (package "
				 "fuse3)",
				 directory);
	if (r == -EBUSY)
		return error_set(err, r, "'%s' is in use; leave it in all shells and programs",
				 directory);
	return r < 0 ? error_errno(err, r, "cannot unmount '%s'", directory) : 0;
}
