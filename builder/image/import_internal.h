/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that import root filesystems. */
#pragma once

#include "builder/image/import.h"

/* The image of the one layer that the state `layer` is; `diff_id` NULL: of an archive that has not
 * been written yet. */
int import_finish(const struct image_import *import, const struct object_id *layer,
		  const struct object_id *diff_id, struct object_id *ret, struct error *err);
