/* SPDX-License-Identifier: Apache-2.0 */
/* How long work with images says how far it has come; it never prints. */
#pragma once

#include <stdint.h>

/* All zero is one that nobody listens to. */
struct progress {
	/* `what` names the work ("layer 2/5"); a total of 0 is unknown. Bytes. */
	void (*report)(void *context, const char *what, uint64_t current, uint64_t total);
	void *context;
};

static inline void progress_report(const struct progress *progress, const char *what,
				   uint64_t current, uint64_t total)
{
	if (progress && progress->report)
		progress->report(progress->context, what, current, total);
}
