/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of steps: a control group for each, made beside or below this process's own, in whatever
 * hierarchies there are. Safe in threads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

struct error;
struct group;
struct groups;

#define GROUP_NO_LIMIT (-1)

/* All zero is none. */
struct group_limits {
	uint64_t memory;     /* bytes */
	int64_t memory_swap; /* of both together, not below `memory`; or GROUP_NO_LIMIT */
	uint64_t cpu_shares; /* of 1024, beside others; from 2 to 262144 */
	uint64_t cpu_period; /* microseconds */
	int64_t cpu_quota;   /* in each period; or GROUP_NO_LIMIT */
	char *cpuset_cpus, *cpuset_mems; /* "0-2,4" */
};

bool group_limits_any(const struct group_limits *limits);
void group_limits_release(struct group_limits *limits);
DEFINE_CLEANUP_VALUE(struct group_limits, group_limits_release);
/* What is to be written for those of `controllers` (group_place.h), "FILE=VALUE", in that order. */
void group_limits_settings(const struct group_limits *limits, bool unified, unsigned controllers,
			   struct strings *ret);

/*
 * Find places for the groups, and try them: -EINVAL and the like when the kernel refuses a limit.
 * What cannot be limited here is told in words in *ret_warning, and is no error. `limits` stay the
 * caller's.
 */
int groups_open(const struct group_limits *limits, struct groups **ret, struct buf *ret_warning,
		struct error *err);
/* Whose groups have been freed. */
void groups_close(struct groups *groups);
DEFINE_CLEANUP(struct groups *, groups_close);

/* A new group, for one step. */
int group_new(struct groups *groups, struct group **ret, struct error *err);
/* Whoever writes "0" there is in it, with all children to come; valid as long as the group. */
const int *group_fds(const struct group *group, size_t *ret_count);
/* Has a process in it been killed for its limit of memory? */
bool group_out_of_memory(const struct group *group);
/* When all who were in it have ended, or are just about to. */
void group_free(struct group *group);
DEFINE_CLEANUP(struct group *, group_free);
