/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that make up a cache. */
#pragma once

#include "fs/object/id.h"

struct store;

struct cache {
	struct store *store;
	char *id;
	struct id_hex hash;
	int dir_fd;
	char *socket;
	char *mount_name;
};

/* Write the id beside what belongs to it, once: 0 or a negative errno. */
int cache_keep_id(struct cache *cache);
