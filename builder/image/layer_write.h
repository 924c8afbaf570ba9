/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two trees as the archive of a layer; the same bytes for the same trees, for
 * ever (TAR_WRITE_VERSION, LAYER_WRITE_VERSION).
 *
 * Entries stand in order of names, parents first. The directories on the way to what changed are
 * there too, so that unpacking into an empty directory, as overlay filesystems do, has not to make
 * them up. A name that is gone is a whiteout; where nothing of what was in a directory is left,
 * and it was more than one thing, one opaque whiteout stands for all. When the names of a file
 * with several names change, all of them are there, the first one with the content: layers cannot
 * link to each other's files. The root itself is "./", when its attributes changed.
 *
 * Sockets are left out. Names that begin with ".wh." and the character device 0:0 mean deletions to
 * whoever unpacks, so there is no way to say them: -EINVAL names them.
 */
#pragma once

#include <stdbool.h>

#include "builder/image/progress.h"
#include "builder/image/stream.h"
#include "fs/object/snapshot_record.h"

struct store;

#define LAYER_WRITE_VERSION 1

struct layer_write {
	struct store *store;
	struct tree_root before, after;
	/* A whole tree as an ordinary archive: `before` is empty, and no name has a meaning. */
	bool plain;
	/* With `plain`: all of it below this directory, "linux_arm64"; NULL: at the top. */
	const char *prefix;
	bool more; /* no end marks: another archive follows */
	/* No entry is younger than that. */
	bool has_epoch;
	int64_t epoch_s;
	const struct progress *progress;
	const char *what; /* for the progress */
};

int layer_write(const struct layer_write *write, struct byte_sink *sink, struct error *err);
