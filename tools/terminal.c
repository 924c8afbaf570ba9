/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "fs/base/error.h"

static struct termios before;
static int raw_fd = -1;

int terminal_make_raw(int fd, struct error *err)
{
	struct termios raw;

	if (tcgetattr(fd, &before) < 0)
		return error_errno(err, -errno, "cannot use the terminal");
	raw = before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return error_errno(err, -errno, "cannot use the terminal");
	raw_fd = fd;
	return 0;
}

void terminal_restore(void)
{
	if (raw_fd >= 0)
		(void)tcsetattr(raw_fd, TCSADRAIN, &before);
	raw_fd = -1;
}

static int signal_pipe[2] = { -1, -1 };
static int cancel_fd = -1;

static void handle(int number)
{
	const unsigned char byte = (unsigned char)number;
	const uint64_t one = 1;
	int saved = errno;
	ssize_t n;

	if (number != SIGWINCH) {
		n = write(cancel_fd, &one, sizeof one);
		(void)n;
	}
	/* A full pipe holds more signals than anybody waits for. */
	n = write(signal_pipe[1], &byte, 1);
	(void)n;
	errno = saved;
}

int terminal_catch_signals(int *ret_fd, int *ret_cancel_fd, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART }, old;

	cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cancel_fd < 0 || pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, -errno, "cannot catch signals");
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		/* What nohup has set to be ignored stays so. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &action, NULL) < 0)
			return error_errno(err, -errno, "cannot catch signals");
	}
	(void)signal(SIGPIPE, SIG_IGN);
	*ret_fd = signal_pipe[0];
	*ret_cancel_fd = cancel_fd;
	return 0;
}
