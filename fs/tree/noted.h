/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has changed in a large directory since it was stored: names that came, went or stand for
 * something else, so that a commit need not look at all of them. Small directories have none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/object/id.h"

/* Past this many it is no gain. */
#define NOTED_MAX 1000

struct noted_name {
	char *name;
	uint16_t length;
};

struct noted {
	struct object_id base; /* the directory without the changes */
	struct noted_name *names;
	size_t count, capacity;
	bool too_many; /* no longer kept */
};

struct noted *noted_new(const struct object_id *base);
void noted_free(struct noted *noted);
void noted_add(struct noted *noted, const char *name, uint16_t length);
/* It has been stored. */
void noted_restart(struct noted *noted, const struct object_id *base);
/* In order of names, each once. */
void noted_sort(struct noted *noted);
