/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/complaints.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/buf.h"
#include "fs/base/fd.h"

#define TEXT_MAX 4096

void complaints_begin(struct complaints *complaints)
{
	int ends[2];

	complaints->read_fd = -1;
	complaints->saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (complaints->saved_fd < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	complaints->read_fd = ends[0];
	(void)dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static void add_last_line(char *text, struct buf *ret)
{
	size_t length = strlen(text);
	const char *line, *colon;

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	colon = strncmp(line, "fuse", 4) == 0 ? strstr(line, ": ") : NULL;
	buf_add_string(ret, colon ? colon + 2 : line);
}

void complaints_end(struct complaints *complaints, struct buf *ret)
{
	char text[TEXT_MAX + 1];
	ssize_t n = 0;

	if (complaints->read_fd >= 0) {
		(void)dup2(complaints->saved_fd, STDERR_FILENO);
		n = read(complaints->read_fd, text, TEXT_MAX);
		close(complaints->read_fd);
	}
	if (complaints->saved_fd >= 0)
		close(complaints->saved_fd);
	text[n > 0 ? n : 0] = '\0';
	add_last_line(text, ret);
}
