/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects of a snapshot belong to which group of a cache (cache_index.h), and bundles of those
 * that belong to none yet.
 */
#pragma once

#include "builder/cache/cache_index.h"
#include "builder/image/stream.h"
#include "fs/object/id_set.h"
#include "fs/store/id_map.h"
#include "fs/store/transfer.h"

struct error;
struct store;

/* Set what stands above the line; the rest all zero. */
struct group_writer {
	struct store *from;
	int cancel_fd;
	enum compression compression;
	int level;
	struct byte_sink *to; /* compressed bundles */
	/* ---- */
	struct transfer_target target;
	struct id_map known; /* the group that an object belongs to */
	size_t group;        /* this one */
	bool trees, is_marking;
	struct id_set apart; /* what is no tree */
	struct positions *needs;
	struct compress *compress; /* NULL: nothing has been written */
	struct digest *digest;     /* of the blob under way */
	uint64_t objects;          /* that were written */
};

/*
 * A bundle of all that the snapshot refers to and that belongs to no group: it becomes that of
 * `group`. The groups that the rest belongs to are added to *ret_needs. When there is nothing to
 * write nothing is written. With `trees` it is the files alone of it and of those that it was made
 * from: who has an image most often has these, and with another history.
 */
int cache_group_write(struct group_writer *writer, const struct object_id *snapshot, bool trees,
		      size_t group, struct positions *ret_needs, struct error *err);
/* The same without writing: it is in that group already. */
int cache_group_mark(struct group_writer *writer, const struct object_id *snapshot, bool trees,
		     size_t group, struct error *err);
void group_writer_release(struct group_writer *writer);
DEFINE_CLEANUP_VALUE(struct group_writer, group_writer_release);
