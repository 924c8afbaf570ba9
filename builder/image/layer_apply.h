/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking the archive of a layer onto a tree. All of it happens in the tree's memory and in the
 * store, so no name in an archive can lead anywhere else. What no kernel could have made is
 * refused, with the name of the entry: empty and overlong names, those that lead above the root,
 * NULs, device numbers and owners that do not exist.
 *
 * As containerd does it: parents that are missing are made (0755, root's, with the entry's time),
 * parents that are symlinks are followed inside the tree, the last of several entries of one name
 * holds, an entry replaces what it is not of a type with, but for a directory that stays one.
 * ".wh.NAME" takes NAME of the layers below away, ".wh..wh..opq" all that they have in its
 * directory; what this very layer has is never hidden, wherever the mark stands. A file of a lower
 * layer that is in the way of a directory goes.
 *
 * Of the extended attributes stay those of user. (on files and directories) and trusted.,
 * security.capability, and the POSIX access lists; labels and signatures belong to one host.
 */
#pragma once

#include "builder/image/layer/layer_record.h"
#include "builder/image/progress.h"
#include "builder/image/stream.h"

struct recipe_writer;
struct store_txn;
struct tree;

/* Entries of one archive; each takes some hundred bytes of memory. */
#define LAYER_ENTRIES_MAX ((uint64_t)10000000)
/* Bytes of a name, as the kernel takes them. */
#define LAYER_NAME_MAX 4095
/* Size of a file that is stored with holes: its zeros have to be hashed. */
#define LAYER_SPARSE_MAX ((uint64_t)64 << 30)

struct layer_owner {
	uint32_t uid, gid;
};

/* The caller fills in the first part; the rest is zero. */
struct layer_apply {
	struct tree *tree; /* opened for this; the caller commits it */
	struct store_txn *txn;
	bool plain; /* an archive of no layer: names that begin with ".wh." are files */
	/* Where it is unpacked, which keeps its own attributes then; NULL: at the root. */
	struct node *dir;
	const struct layer_owner *owner; /* of everything; NULL: as the archive says */
	struct recipe_writer *recipe;    /* NULL: none is wanted */
	const struct progress *progress;
	const char *what; /* for the progress */
	uint64_t total;

	uint64_t entry_count;
	uint64_t file_bytes; /* of all files, holes included */
	/* With a recipe: blobs that it needs and that the tree may not have. */
	struct spare_blobs spare;
};

/* `tar` is read to its very end. */
int layer_apply(struct layer_apply *apply, struct byte_source *tar, struct error *err);
void layer_apply_release(struct layer_apply *apply);
DEFINE_CLEANUP_VALUE(struct layer_apply, layer_apply_release);

/* Is an extended attribute of this name part of a state? `type` is an enum dir_entry_type. */
bool layer_keeps_xattr(const char *key, int type);
