/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole history as directories: BUILD/STAGE/07-RUN-make/, "last" and "last-failed" as links to
 * builds, and images by their names.
 */
#pragma once

#include "fs/snapshot/catalog.h"

struct buf;
struct history;

struct history_catalog {
	struct catalog base;
	struct history *history; /* opened when it is first asked */
};
void history_catalog_init(struct history_catalog *catalog);

/* "07-RUN-make-install" out of 7 and "[build 7/9] RUN make install": letters, digits and "._+=-". */
void history_step_name(unsigned step, const char *name, struct buf *ret);
