/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control groups of steps can be made. Of each controller that is one hierarchy: the unified
 * one, or one of its own (version 1), or none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/buf.h"
#include "fs/base/cleanup.h"

enum group_controller {
	GROUP_MEMORY = 1 << 0,
	GROUP_CPU = 1 << 1,
	GROUP_CPUSET = 1 << 2,
};
#define GROUP_CONTROLLERS 3
#define GROUP_ALL         (GROUP_MEMORY | GROUP_CPU | GROUP_CPUSET)

/* What groups that a build makes are called: this, its pid, '-', and a word. */
#define GROUP_PREFIX "varve-"

struct group_place {
	bool unified;
	unsigned controllers; /* of those asked for */
	char *directory;      /* new groups go into; below the root, without a slash in front */
};

/* All zero is none. */
struct group_places {
	struct group_place items[GROUP_CONTROLLERS];
	size_t count;
};

/*
 * Find places for `controllers`. `root_fd` is the root of the host. Returns those that have none;
 * why, and the line to type, are appended to the buffers then. With `enable` controllers may be
 * switched on for new groups, and this process be put into one, which a delegated group asks for;
 * without, what would be needed for that counts as done.
 */
unsigned group_places_find(int root_fd, unsigned controllers, bool enable, struct group_places *ret,
			   struct buf *ret_why, struct buf *ret_mend);
void group_places_release(struct group_places *places);
DEFINE_CLEANUP_VALUE(struct group_places, group_places_release);

/* "memory"; of one controller. */
const char *group_controller_name(unsigned controller);
