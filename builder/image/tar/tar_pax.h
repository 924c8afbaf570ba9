/* SPDX-License-Identifier: Apache-2.0 */
/* Extended headers of pax: what they say of the entry that follows. Inside this folder only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/tar/tar_read.h"
#include "fs/base/buf.h"

/* All zero: nothing was said. */
struct tar_pax {
	char *path, *linkpath; /* NULL: not said */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	int64_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct xattrs xattrs;

	/* GNU.sparse: the three forms that there were of it */
	bool sparse;
	char *sparse_name;   /* the real one: "path" is made up then */
	bool sparse_in_data; /* form 1.0: the pieces stand in front of the content */
	bool has_real_size;
	uint64_t real_size;
	struct tar_piece *pieces;
	size_t piece_count, piece_capacity;
	bool half_piece; /* an offset came, its length not yet */
};

/* Records "LENGTH KEY=VALUE\n". -EINVAL. */
int tar_pax_parse(struct tar_pax *pax, const char *data, size_t size, struct error *err);
/* -E2BIG past TAR_PIECES_MAX. */
int tar_pax_add_piece(struct tar_pax *pax, uint64_t offset, uint64_t length, struct error *err);
void tar_pax_release(struct tar_pax *pax);
