/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large blobs, each a plain file with exactly its content: objects/ab/ and the other 62 digits of
 * its id. Never changed once it stands there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/object/id.h"

struct error;

/* "ab/cdef…", below objects/ */
#define LOOSE_PATH_SIZE (OBJECT_ID_HEX_SIZE + 1)
void loose_path(const struct object_id *id, char ret[LOOSE_PATH_SIZE]);
/* The id whose file has this name in the directory "ab"; false when it is no such name. */
bool loose_parse(const char *directory, const char *name, struct object_id *ret);

/* 1 and its size, or 0 when there is none. */
int loose_find(int objects_fd, const struct object_id *id, uint64_t *ret_size, struct error *err);

/* An open one. */
struct loose_blob {
	int fd;
	uint64_t size;
	const uint8_t *map; /* NULL before loose_map() and for an empty file; atomic */
};

/* 1 and *ret for loose_free(), or 0 when there is none. */
int loose_open(int objects_fd, const struct object_id *id, struct loose_blob **ret,
	       struct error *err);
/* The whole file as memory; safe in threads. */
int loose_map(struct loose_blob *blob, const uint8_t **ret, struct error *err);
/* What was looked at counts as memory of the process no longer; looking again is fine. */
void loose_look_away(struct loose_blob *blob);
void loose_free(void *value);

/*
 * Move the file into the store; fine when it is there already. The file is gone from `tmp_fd`. 1
 * when it took the place of one of another size, which was damaged.
 */
int loose_publish(int objects_fd, const struct object_id *id, int tmp_fd, const char *name,
		  struct error *err);

/* Step through all: cursor over two levels of directories. */
struct loose_walk {
	int objects_fd;
	unsigned next_directory;
	void *dir; /* DIR of the present one */
	char directory[3];
};

void loose_walk_init(struct loose_walk *walk, int objects_fd);
/* 1 and an id and what stat() says of its file, 0 at the end. Names that are no ids come as a zero id with
 * *ret_stray set to a text that is good until the next call, or are skipped when that is NULL. */
struct stat;
int loose_walk_next(struct loose_walk *walk, struct object_id *ret, struct stat *ret_stat,
		    const char **ret_stray, struct error *err);
void loose_walk_release(struct loose_walk *walk);
