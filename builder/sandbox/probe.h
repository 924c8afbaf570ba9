/* SPDX-License-Identifier: Apache-2.0 */
/* What this host lets steps have: for people who want to know why something does not work. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

enum probe_verdict {
	PROBE_OK,
	PROBE_WARN, /* builds work, with something missing */
	PROBE_FAIL, /* steps cannot run */
};

struct probe_result {
	const char *name; /* "user namespaces" */
	enum probe_verdict verdict;
	char *found; /* in words */
	char *mend;  /* the line to type or what to ask for; NULL: nothing to mend, or no way */
};

/* All zero is an empty report. */
struct probe_report {
	struct probe_result *items;
	size_t count, capacity;
};

/* One more; `mend` is copied, `name` is not. */
void probe_report_add(struct probe_report *report, const char *name, enum probe_verdict verdict,
		      const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void probe_report_release(struct probe_report *report);
DEFINE_CLEANUP_VALUE(struct probe_report, probe_report_release);

/* Try all of it, in an order in which a failure explains those behind it. Takes a moment: it sets
 * up a sandbox in the runtime directory, see struct sandbox_options. */
void probe_run(int runtime_dir_fd, struct probe_report *ret);
