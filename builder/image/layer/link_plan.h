/* SPDX-License-Identifier: Apache-2.0 */
/* Which files with several names a layer has, and which of their names have to be added to it. */
#pragma once

#include "fs/object/dir.h"
#include "fs/object/snapshot_record.h"

struct store;

struct link_member {
	uint64_t id; /* of the group */
	char *path;
};

struct planned_group {
	uint64_t id;
	struct dir_entry entry; /* as all of its names have it */
	uint8_t *inline_data;   /* what that points to */
	char *first;            /* the name that was written first; NULL until then */
};

/* All zero is a layer without such files. */
struct link_plan {
	struct planned_group *groups; /* ascending by id */
	size_t group_count, group_capacity;
	struct link_member *members; /* names that the difference has */
	size_t member_count, member_capacity;
	struct link_member *extras; /* names it has not, in the order of a walk */
	size_t extra_count, extra_capacity;
};

int link_plan_make(struct store *store, const struct tree_root *before,
		   const struct tree_root *after, struct link_plan *ret, struct error *err);
/* NULL when there is no such group. */
struct planned_group *link_plan_find(const struct link_plan *plan, uint64_t id);
void link_plan_release(struct link_plan *plan);
DEFINE_CLEANUP_VALUE(struct link_plan, link_plan_release);

/* The order in which a walk meets two paths. */
int walk_order(const char *a, const char *b);
