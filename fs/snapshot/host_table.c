/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/host_table.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool host_table_has(const char *path)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	char space[16384];
	struct mntent entry;
	bool ours = false;

	if (!table)
		return true; /* let the attempt tell */
	while (getmntent_r(table, &entry, space, sizeof space)) {
		if (strcmp(entry.mnt_dir, path) == 0)
			ours = strcmp(entry.mnt_type, HOST_FILESYSTEM_TYPE) == 0;
	}
	endmntent(table);
	return ours;
}

bool host_table_is_dead(const char *path)
{
	struct statx facts;

	/* The kernel may know all about the root from before: have it ask the server. */
	return statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_TYPE, &facts) < 0 &&
	       errno == ENOTCONN && host_table_has(path);
}
