/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says about the hierarchies of control groups, and where in them this process is. */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

/* Directories below the root of the host, without a slash in front. */
struct group_hierarchy {
	char *top; /* where it is mounted */
	char *own; /* this process's group, `top` or below it */
};

/* That which has the controller, a hierarchy of version 1; NULL: the unified one. -ENOENT: there is
 * none, or our group is not in sight. */
int group_hierarchy_find(int root_fd, const char *controller, struct group_hierarchy *ret);
void group_hierarchy_release(struct group_hierarchy *hierarchy);
DEFINE_CLEANUP_VALUE(struct group_hierarchy, group_hierarchy_release);

/* Write a value into a file of a group. */
int group_write(int root_fd, const char *directory, const char *file, const char *value);
/* Is `word` one of those between `separators`? */
bool group_list_has(const char *list, const char *separators, const char *word);
