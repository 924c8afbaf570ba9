/* SPDX-License-Identifier: Apache-2.0 */
/* What a Dockerfile is read for when it is not to be built: --call. */
#pragma once

#include <stdbool.h>

struct error;

enum call_what {
	CALL_BUILD,   /* build it */
	CALL_CHECK,   /* what rules find in it */
	CALL_OUTLINE, /* what the target can be given: arguments, secrets, ssh agents */
	CALL_TARGETS, /* its stages */
};

/* All zero: build it. */
struct call {
	enum call_what what;
	bool json;
	bool ignore_status; /* findings are no failure */
};

/* "check", "outline,format=json", "check,ignorestatus=true". -EINVAL. */
int call_parse(const char *text, struct call *ret, struct error *err);
