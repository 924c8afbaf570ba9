/* SPDX-License-Identifier: Apache-2.0 */
/* What mounts are attached to, in the step's tree. */
#pragma once

#include <stdbool.h>

struct error;
struct step;

/*
 * Open `path` as the step will see it, links followed inside its root. What is missing is made
 * when it lies in memory of the step's own, as `directory` or an empty file; nobody else's
 * filesystem is written to. A descriptor (O_PATH), or -ENOENT with a text.
 */
int target_open(const struct step *step, const char *path, bool directory, struct error *err);
