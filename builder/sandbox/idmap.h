/* SPDX-License-Identifier: Apache-2.0 */
/* Which ids of the host stand behind those of a step. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "builder/sandbox/subid.h"

struct buf;
struct error;

/* What steps expect: 0 to 65535. */
#define IDMAP_IDS 65536u
/* Where those of a build by root lie, away from those of people and of containers. */
#define IDMAP_ROOT_START 0x7f000000u

/* `count` ids from `inside` on are those from `outside` on. */
struct idmap_line {
	uint32_t inside, outside, count;
};

/* All zero is an empty map. */
struct idmap {
	struct idmap_line *lines;
	size_t count, capacity;
};

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count);
void idmap_release(struct idmap *map);
DEFINE_CLEANUP_VALUE(struct idmap, idmap_release);

/* Read what the kernel shows in /proc/PID/uid_map. -EPROTO. */
int idmap_parse(const char *text, struct idmap *ret);
/* The same form, for writing it. */
void idmap_format(const struct idmap *map, struct buf *ret);
/* How many ids it maps. */
uint64_t idmap_total(const struct idmap *map);

/* Id 0 is `own`, the others up to IDMAP_IDS come from `ranges` as far as they go. */
void idmap_of_user(uint32_t own, const struct id_ranges *ranges, struct idmap *ret);

/*
 * For root, who may map whatever `parent` (the map of this process' namespace) has: a range of
 * its own at IDMAP_ROOT_START, else in `ranges`, else the same ids as outside.
 */
void idmap_of_root(const struct idmap *parent, const struct id_ranges *ranges, struct idmap *ret);

enum idmap_method {
	IDMAP_BY_PROGRAMS, /* newuidmap and newgidmap */
	IDMAP_BY_HAND,
	IDMAP_SINGLE, /* only root, who is the user */
};

struct idmap_plan {
	enum idmap_method method;
	struct idmap users, groups;
	char *newuidmap, *newgidmap;
};

/*
 * What this process can map. When it is less than everything, one line of text for the user goes
 * into `ret_warning` (empty otherwise).
 */
void idmap_plan(struct idmap_plan *ret, struct buf *ret_warning);
/* No more than the user's own ids. */
void idmap_plan_single(struct idmap_plan *ret);
void idmap_plan_release(struct idmap_plan *plan);
DEFINE_CLEANUP_VALUE(struct idmap_plan, idmap_plan_release);

/* Carry it out for a process in a new user namespace. After a failure that namespace is spoilt. */
int idmap_apply(const struct idmap_plan *plan, pid_t pid, struct error *err);

/* The maps of a process' user namespace, as this process sees them. */
int idmap_read(pid_t pid, struct idmap *ret_users, struct idmap *ret_groups);
/* Whose id of this namespace is 0 there; UINT32_MAX: nobody's. */
uint32_t idmap_root(const struct idmap *map);
