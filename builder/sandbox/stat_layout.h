/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel writes for stat(2) and its kin, for each architecture that a step may run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct statx;

#define STAT_LAYOUT_MAX 144

/* `old`: the call of 32-bit machines that has 16-bit ids. Its size, -EOVERFLOW: something is too
 * large for it, -ENOSYS: no such architecture (AUDIT_ARCH_). */
int stat_layout(uint32_t arch, bool old, const struct statx *facts,
		uint8_t ret[static STAT_LAYOUT_MAX]);
