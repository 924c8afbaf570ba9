/* SPDX-License-Identifier: Apache-2.0 */
/* /dev of a step: device nodes borrowed from the host, all else its own. */
#pragma once

#include <stddef.h>

struct error;
struct step;

#define DEVICE_COUNT ((size_t)6)
#define DEVICE_NULL  0 /* what hides files of /proc: it must be the kernel's own, not the image's */

extern const char *const device_names[DEVICE_COUNT];

/* Attach it; step->dev_fd is then its top. */
int devices_assemble(struct step *step, struct error *err);
