/* SPDX-License-Identifier: Apache-2.0 */
/* What --chmod asks for: octal digits, or "u=rwX,go=rX" as chmod(1) has it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct error;
struct mode_change;

/* -EINVAL when it is neither. */
int mode_change_parse(const char *text, struct mode_change **ret, struct error *err);
uint32_t mode_change_apply(const struct mode_change *change, uint32_t mode, bool directory);
/* The mode itself when it was given in octal digits, else false. */
bool mode_change_octal(const struct mode_change *change, uint32_t *ret);
void mode_change_free(struct mode_change *change);
DEFINE_CLEANUP(struct mode_change *, mode_change_free);
