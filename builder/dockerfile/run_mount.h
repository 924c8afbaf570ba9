/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: rows like "type=cache,target=/root/.cache,id=x". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/dockerfile/lex/words.h"

struct error;
struct expander;

enum run_mount_type {
	RUN_MOUNT_BIND,
	RUN_MOUNT_CACHE,
	RUN_MOUNT_TMPFS,
	RUN_MOUNT_SECRET,
	RUN_MOUNT_SSH,
};

enum run_mount_sharing { RUN_MOUNT_SHARED, RUN_MOUNT_PRIVATE, RUN_MOUNT_LOCKED };

enum run_mount_given {
	RUN_MOUNT_GIVEN_MODE = 1 << 0,
	RUN_MOUNT_GIVEN_UID = 1 << 1,
	RUN_MOUNT_GIVEN_GID = 1 << 2,
};

/* One mount, defaults filled in. Strings are its own. */
struct run_mount {
	enum run_mount_type type;
	/* Stage, image or named context; NULL: the build context for a bind, nothing for others. */
	char *from;
	char *source; /* below `from`, clean and with a slash in front; "/" is all of it */
	/* Absolute and clean. NULL: a secret that is to be in the environment only. */
	char *target;
	/* Of a cache, a secret or an ssh agent; NULL for the other types. */
	char *id;
	char *env; /* name of a secret's variable, NULL: none; may be "" */
	bool read_only;
	bool required;
	enum run_mount_sharing sharing;
	uint64_t size_limit; /* of a tmpfs; 0: none */
	unsigned given;      /* run_mount_given: which of the next were not defaults */
	uint32_t mode, uid, gid;
};

/* All zero is an empty list. */
struct run_mounts {
	struct run_mount *items;
	size_t count;
};

/*
 * What can be said of a row before variables have values: its CSV is sound, and `from`, which
 * decides which stages are built, has none in it. -EINVAL otherwise.
 */
int run_mount_check(const char *row, struct error *err);

/*
 * Understand all rows of one RUN. Variables are expanded in every value. `workdir` is where
 * relative targets begin, and the target of a bind, a cache or a tmpfs that has none. -EINVAL with
 * words for what is wrong in the first bad one.
 */
int run_mounts_parse(const struct words *rows, const struct expander *expander, const char *workdir,
		     struct run_mounts *ret, struct error *err);
void run_mounts_release(struct run_mounts *mounts);

const char *run_mount_type_name(enum run_mount_type type);
const char *run_mount_sharing_name(enum run_mount_sharing sharing);
