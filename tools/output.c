/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/environment.h"

const char *const output_formats[] = { "table", "json", NULL };

enum output_format output_format_of(const char *name)
{
	return strcmp(name, "json") == 0 ? OUTPUT_JSON : OUTPUT_TABLE;
}

int output_write_fd(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EAGAIN) {
			/* Whoever shares the terminal or pipe with us has made it so. */
			struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

			(void)poll(&poll_fd, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int output_write(const struct buf *text, struct error *err)
{
	int r = output_write_fd(STDOUT_FILENO, text->data, text->length);

	if (r < 0)
		return error_errno(err, r, "cannot write to standard output");
	return 0;
}

int output_finish(struct error *err)
{
	/* Closed by the caller from the start: then nothing can have been lost in it. */
	if (close(STDOUT_FILENO) < 0 && errno != EBADF)
		return error_errno(err, -errno, "cannot write to standard output");
	return 0;
}

void output_warn(const char *format, ...)
{
	cleanup_with(buf_release) struct buf line = { 0 };
	va_list args;

	buf_add_string(&line, "varve: warning: ");
	va_start(args, format);
	buf_add_vformat(&line, format, args);
	va_end(args);
	buf_add_char(&line, '\n');
	(void)output_write_fd(STDERR_FILENO, line.data, line.length);
}

bool output_wants_color(int fd)
{
	const char *terminal = environment_variable("TERM");

	return isatty(fd) && !environment_variable("NO_COLOR") && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

size_t output_width(int fd, size_t fallback)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return fallback;
	return size.ws_col;
}
