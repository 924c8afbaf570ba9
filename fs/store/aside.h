/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged files are not deleted but moved to damaged/, where somebody may want to look at them. */
#pragma once

struct error;
struct store;

/* Move `path` below `dir_fd` to damaged/NAME. Fine when it is not there. */
int aside_put(struct store *store, int dir_fd, const char *path, const char *name,
	      struct error *err);
