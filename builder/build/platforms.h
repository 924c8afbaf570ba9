/* SPDX-License-Identifier: Apache-2.0 */
/* Which platforms a build is for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct platform;
struct strings;

/* "linux/amd64,linux/arm64": each of them once, in order; NULL: this host. -EINVAL. The caller
 * frees. */
int platforms_parse(const char *text, struct platform **ret, size_t *ret_count, struct error *err);
/* BUILDKIT_MULTI_PLATFORM among the build arguments: is the result to look like one for several
 * platforms? -EINVAL also when it is to look like one for a single platform, and is not. */
int platforms_form(const struct strings *build_args, size_t count, bool *ret_as_index,
		   struct error *err);
