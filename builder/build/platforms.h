/* SPDX-License-Identifier: Apache-2.0 */
/* Which platforms a build is for. */
#pragma once

#include <stddef.h>

struct error;
struct platform;

/* "linux/amd64,linux/arm64": each of them once, in order; NULL: this host. -EINVAL. The caller
 * frees. */
int platforms_parse(const char *text, struct platform **ret, size_t *ret_count, struct error *err);
