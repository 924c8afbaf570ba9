/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was done in a workspace, written down so that another process can go on with it.
 *
 * The file begins with a magic word, the id of the directory that the root had, and a check sum.
 * Frames follow: le32 length, le32 crc32c, and so many bytes, which are values of fs/base/wire.h.
 * A frame is one batch of records, or says in which boot of the machine a process began to write.
 * First in a batch stand names that came and went, in their order, by paths as they were at that
 * moment; then all nodes that changed, by a path each, with everything that is known of them.
 * Content is not written down, only where it lies.
 *
 * A batch is durable when all it tells of was on the disk before it was written. After a power cut
 * what comes behind the last durable batch does not count; after the death of a process all does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/tree/tree.h"

struct error;
struct journal;
struct overlay;

#define JOURNAL_MAGIC      "VARVEJ1\n"
#define JOURNAL_MAGIC_SIZE 8
#define JOURNAL_HEADER     (JOURNAL_MAGIC_SIZE + OBJECT_ID_SIZE + 4)
#define JOURNAL_FRAME_MAX  ((size_t)1 << 30)

enum journal_frame { JOURNAL_SESSION = 1, JOURNAL_BATCH = 2 };

enum journal_record {
	JOURNAL_MAKE = 1, /* path, u32 type, u64 inode number, string target, u64 rdev */
	JOURNAL_LINK,     /* path, new path */
	JOURNAL_UNLINK,   /* path */
	JOURNAL_RENAME,   /* path, new path, u32 enum journal_rename */
	JOURNAL_NODE,     /* path, attributes, extended attributes, content */
};

enum journal_rename { JOURNAL_MOVE, JOURNAL_REPLACE, JOURNAL_EXCHANGE };

enum journal_content { JOURNAL_EMPTY, JOURNAL_INLINE, JOURNAL_BLOB, JOURNAL_STAGED };

/* ---- names, told when it has been done; all of them take NULL for no journal ---- */

void journal_made(struct journal *journal, struct node *node);
void journal_linked(struct journal *journal, const char *path, const char *new_path);
void journal_unlinked(struct journal *journal, const char *path, struct node *node);
void journal_renamed(struct journal *journal, const char *path, const char *new_path,
		     enum journal_rename how, struct node *replaced);
/* The path of a name for one of these, NULL without a journal; the caller frees. */
char *journal_path(const struct journal *journal, const struct dentry *dentry);
char *journal_path_in(const struct journal *journal, struct node *dir, const char *name);

void journal_close(struct journal *journal);

/*
 * Do again what the file holds, in an overlay that has just been opened. *ret_end is where the
 * next frame goes. Part of this folder only.
 */
int journal_replay(struct overlay *overlay, int fd, const char *boot_id, uint64_t *ret_end,
		   struct error *err);
