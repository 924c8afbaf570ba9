/* SPDX-License-Identifier: Apache-2.0 */
/* The subordinate ids of a user: ranges of ids of the host that are the user's to map. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

enum subid_kind { SUBID_USERS, SUBID_GROUPS };

struct id_range {
	uint32_t start, count;
};

/* All zero is an empty list. */
struct id_ranges {
	struct id_range *items;
	size_t count, capacity;
};

void id_ranges_add(struct id_ranges *ranges, uint64_t start, uint64_t count);
void id_ranges_release(struct id_ranges *ranges);
DEFINE_CLEANUP_VALUE(struct id_ranges, id_ranges_release);

/*
 * Append the ranges that a text like /etc/subuid gives to the user, who is named there or stands
 * there as a number. Lines that make no sense are skipped, as newuidmap does.
 */
void subid_parse(const char *text, size_t size, const char *name, uint32_t uid,
		 struct id_ranges *ret);

/* Append what this host gives to the user (name NULL: none): nothing where it gives nothing. */
void subid_find(enum subid_kind kind, const char *name, uint32_t uid, struct id_ranges *ret);

/* The first id from `start` on behind all that a text like /etc/subuid gives to anybody. */
uint32_t subid_free(const char *text, size_t size, uint32_t start);
/* Where ids begin that are nobody's on this host, neither as users nor as groups. */
uint32_t subid_find_free(void);
