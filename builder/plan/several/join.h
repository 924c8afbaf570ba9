/* SPDX-License-Identifier: Apache-2.0 */
/* One plan out of those that one Dockerfile has for several platforms. */
#pragma once

#include <stddef.h>

struct plan;

/*
 * All stages of all plans, each called "LABEL+OS_ARCH" after the platform it was planned for, and
 * each vertex that several of them have but once. The plans go into the new one. `names` are those
 * platforms: "linux_arm64".
 */
struct plan *plan_join(struct plan *const *parts, char *const *names, size_t count);
