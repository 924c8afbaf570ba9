/* SPDX-License-Identifier: Apache-2.0 */
/* How long work with images says how far it has come, and hears that it is to be given up; it never
 * prints. */
#pragma once

#include <stdint.h>

#include "fs/base/cancel.h"

/* All zero is one that nobody listens to. */
struct progress {
	/* `what` names the work ("layer 2/5"); a total of 0 is unknown. Bytes. */
	void (*report)(void *context, const char *what, uint64_t current, uint64_t total);
	/* Where the descriptor is that tells when to give up, see fs/base/cancel.h; NULL: never. */
	const int *cancel_fd;
	void *context;
};

static inline void progress_report(const struct progress *progress, const char *what,
				   uint64_t current, uint64_t total)
{
	if (progress && progress->report)
		progress->report(progress->context, what, current, total);
}

/* To be asked now and then: 0, or -ECANCELED. */
static inline int progress_check(const struct progress *progress, struct error *err)
{
	return progress && progress->cancel_fd ? cancel_check(*progress->cancel_fd, err) : 0;
}
