/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that read rows of --mount. */
#pragma once

#include "builder/dockerfile/run_mount.h"

#define RUN_MOUNT_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A mount while its row is read. */
struct reading {
	struct run_mount mount;
	bool sharing_given, access_given;
	struct error *err;
};

/* Take in one field of the row, its value expanded. */
int run_mount_read_field(struct reading *reading, const char *field,
			 const struct expander *expander);

/* The part of a field in front of "=", in small letters; the caller frees. */
char *run_mount_key(const char *field);
