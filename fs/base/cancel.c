/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/cancel.h"

#include <errno.h>
#include <poll.h>

#include "fs/base/error.h"

bool cancelled(int cancel_fd)
{
	struct pollfd state = { .fd = cancel_fd, .events = POLLIN };

	return cancel_fd >= 0 && poll(&state, 1, 0) > 0;
}

int cancel_check(int cancel_fd, struct error *err)
{
	return cancelled(cancel_fd) ? error_set(err, -ECANCELED, "cancelled") : 0;
}
