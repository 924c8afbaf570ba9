/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/process_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/cleanup.h"
#include "fs/base/parse.h"

int process_stat_field(pid_t pid, unsigned field, uint64_t *ret)
{
	char path[32], line[1024];
	cleanup_fd int fd = -1;
	char *at, *end;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
	if (length < 0)
		return -errno;
	line[length] = '\0';
	/* The name in parentheses may hold blanks and parentheses. Behind it comes field 3. */
	at = strrchr(line, ')');
	for (unsigned number = 2; at && number < field; number++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EPROTO;
	end = strpbrk(at + 1, " \n");
	if (end)
		*end = '\0';
	return parse_u64(at + 1, ret);
}
