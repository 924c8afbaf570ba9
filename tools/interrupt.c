/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fs/base/error.h"
#include "tools/verb.h"

static int event_fd = -1;
static volatile sig_atomic_t caught;

static void handle(int signal)
{
	const uint64_t one = 1;
	int saved = errno;
	ssize_t n;

	(void)signal;
	if (caught)
		_exit(EXIT_INTERRUPTED);
	caught = 1;
	n = write(event_fd, &one, sizeof one);
	(void)n;
	errno = saved;
}

int interrupt_catch(int *ret, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART }, old;

	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return error_errno(err, -errno, "cannot make an eventfd");
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		/* What nohup has set to be ignored stays so. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &action, NULL) < 0)
			return error_errno(err, -errno, "cannot catch signals");
	}
	*ret = event_fd;
	return 0;
}
