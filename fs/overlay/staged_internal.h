/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder that deal with staged content. */
#pragma once

#include "fs/object/extents.h"
#include "fs/overlay/staged.h"
#include "fs/store/store.h"

/* What is copied of a stored blob at a time when a part of it is written. */
#define STAGED_BLOCK ((uint64_t)4096)

struct staged {
	struct staging *staging;
	uint64_t size;
	bool is_file; /* else in the pool */
	/* The file has been handed to a transaction: nobody may write to it any more. */
	bool published;
	/* The file was made since its content was last brought to the disk. */
	bool fresh;

	struct pool_chunk chunk;

	/* A file of its own, with the same offsets as the content. */
	uint64_t name;
	int fd;                         /* -1 while it is closed */
	struct staged *previous, *next; /* in staging->open_files */

	/* The blob that shows through where nothing was written: blocks below `base_size` whose bit
	 * in `written` is not set. */
	struct object_id base;
	uint64_t base_size; /* what still shows of it; 0: no base */
	uint64_t base_blob_size;
	uint8_t *written; /* a bit for each block of the base as it was */
};

/* Content of this size is a file; the store keeps it as one. */
#define STAGED_FILE_MIN STORE_LOOSE_MIN
int staged_make_file(struct staged *staged);

/* The open file; closed again by itself when too many are open. */
int staged_open(struct staged *staged, int *ret_fd);
const char *staged_file_name(const struct staged *staged, char text[static 24]);
/* How much of [offset, offset + length) comes from one side; *ret_base says which. */
uint64_t staged_run(const struct staged *staged, uint64_t offset, uint64_t length, bool *ret_base);
/* The same, and of what was written the holes apart. */
enum staged_side { STAGED_BASE, STAGED_DATA, STAGED_HOLE };
uint64_t staged_piece(struct staged *staged, uint64_t offset, uint64_t length,
		      enum staged_side *ret);
/* Before a range of a file changes: blocks that it covers only in part are brought over. */
int staged_prepare_range(struct staged *staged, int fd, uint64_t offset, uint64_t end);
/* After it: nothing of the base shows there any more. */
void staged_mark_range(struct staged *staged, uint64_t offset, uint64_t end);
/* The block at `offset` shows the base again, which has the same bytes. */
void staged_unmark_block(struct staged *staged, uint64_t offset);
/* After a transaction failed, its file may be an object of the store all the same: before it is
 * changed, go on with a copy. */
int staged_leave_published(struct staged *staged);
