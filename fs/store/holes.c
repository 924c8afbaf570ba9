/* SPDX-License-Identifier: Apache-2.0 */
/* Where blobs have bytes and where they have none. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/error.h"
#include "fs/store/store_internal.h"

/* The first byte of the kind in the chunk, as an offset in the chunk: its size when there is none. */
static uint64_t seek_in(const struct store_chunk *chunk, int whence)
{
	bool data = whence == SEEK_DATA;
	off_t found;

	switch (chunk->type) {
	case CHUNK_HOLE:
		return data ? chunk->size : 0;
	case CHUNK_BYTES:
		return data ? 0 : chunk->size;
	case CHUNK_FILE:
	default:
		found = lseek(chunk->file->fd, (off_t)chunk->file_offset, whence);
		if (found < 0 && errno == ENXIO) /* nothing but a hole up to the end */
			return data ? chunk->size : 0;
		if (found < 0) /* no holes are known here */
			return data ? 0 : chunk->size;
		found -= (off_t)chunk->file_offset;
		return (uint64_t)found < chunk->size ? (uint64_t)found : chunk->size;
	}
}

int store_seek(struct store *store, const struct object_id *id, uint64_t offset, int whence,
	       uint64_t *ret, struct error *err)
{
	for (;;) {
		cleanup_with(store_chunk_release) struct store_chunk chunk = { 0 };
		int r = store_chunk_at(store, id, offset, UINT64_MAX, &chunk, err);
		uint64_t inside;

		if (r <= 0)
			return r;
		inside = seek_in(&chunk, whence);
		if (inside < chunk.size) {
			*ret = offset + inside;
			return 1;
		}
		offset += chunk.size;
	}
}

int store_space(struct store *store, const struct object_id *id, uint64_t *ret, struct error *err)
{
	uint64_t offset = 0, space = 0;

	for (;;) {
		cleanup_with(store_chunk_release) struct store_chunk chunk = { 0 };
		uint64_t here;
		struct stat st;
		int r = store_chunk_at(store, id, offset, UINT64_MAX, &chunk, err);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		here = chunk.type == CHUNK_HOLE ? 0 : chunk.size;
		/* A file that has holes; of one that is used in part nobody can say more. */
		if (chunk.type == CHUNK_FILE && fstat(chunk.file->fd, &st) == 0 &&
		    (uint64_t)st.st_blocks * 512 < here)
			here = (uint64_t)st.st_blocks * 512;
		space += here;
		offset += chunk.size;
	}
	*ret = space;
	return 0;
}
