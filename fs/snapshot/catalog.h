/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many states in one read-only tree. Whoever knows them lists directories as they are looked at;
 * what he lists anew a moment later may differ. States are opened as directories of their own when
 * they are looked into.
 */
#pragma once

#include <stdint.h>

#include "fs/object/id.h"
#include "fs/overlay/overlay.h"

struct error;
struct store;
struct store_lease;

enum catalog_kind { CATALOG_DIR, CATALOG_LINK, CATALOG_STATE };

struct catalog_entry {
	enum catalog_kind kind;
	char *name;                /* fit for a directory, and only once in it */
	char *target;              /* of a link */
	struct object_id snapshot; /* of a state */
	int64_t time_s;            /* of a directory or link */
};

/* All zero is an empty list. */
struct catalog_list {
	struct catalog_entry *items;
	size_t count, capacity;
};
/* Names are copied. */
void catalog_add_dir(struct catalog_list *list, const char *name, int64_t time_s);
void catalog_add_link(struct catalog_list *list, const char *name, const char *target,
		      int64_t time_s);
void catalog_add_state(struct catalog_list *list, const char *name,
		       const struct object_id *snapshot);
void catalog_list_release(struct catalog_list *list);

struct catalog {
	/* What is in the directory at `path`, "" for the top, "a/b"; appended. */
	int (*list)(struct catalog *catalog, struct store *store, const char *path,
		    struct catalog_list *ret);
	/* Used by catalog_open(). */
	struct overlay_lister lister;
	struct store *store;
	struct store_lease *lease;
};

/* The catalog outlives the overlay. States that are shown are held by `lease`. */
int catalog_open(struct catalog *catalog, struct store *store, struct store_lease *lease,
		 struct overlay **ret, struct error *err);
