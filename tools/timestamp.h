/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#define TIMESTAMP_MAX 40

/* RFC 3339 in UTC with as much of a second as there is: "2026-03-01T12:00:00.25Z". Returns `ret`. */
const char *timestamp_text(int64_t ns, char ret[TIMESTAMP_MAX]);
