/* SPDX-License-Identifier: Apache-2.0 */
/* What the table of mounts says of directories of the host. */
#pragma once

#include <stdbool.h>

/* The type of the filesystems that host_mount() mounts. */
#define HOST_FILESYSTEM_TYPE "fuse.varve"

/* Is the topmost mount at this absolute path one of ours? */
bool host_table_has(const char *path);
/* It is, and what served it has died. */
bool host_table_is_dead(const char *path);
