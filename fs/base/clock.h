/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* Nanoseconds of a clock that never jumps. */
uint64_t clock_monotonic_ns(void);
/* Nanoseconds since 1970. */
int64_t clock_realtime_ns(void);
