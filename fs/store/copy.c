/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs written out to files, without going through memory where the filesystem can. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store_internal.h"

/* Where bytes go. */
struct target {
	int fd;
	uint64_t offset;   /* of the blob in the file */
	uint64_t old_size; /* of the file: what is behind it needs no hole punched */
};

static int write_zeros(int fd, uint64_t offset, uint64_t size)
{
	cleanup_free char *zeros = xcalloc(1, 1 << 16);
	int r = 0;

	while (size > 0 && r == 0) {
		size_t piece = size < 1 << 16 ? (size_t)size : 1 << 16;

		r = fd_pwrite_all(fd, zeros, piece, offset);
		offset += piece;
		size -= piece;
	}
	return r;
}

static int make_hole(const struct target *target, uint64_t offset, uint64_t size)
{
	uint64_t at = target->offset + offset;

	if (at >= target->old_size)
		return 0; /* the size is set at the end */
	if (size > target->old_size - at)
		size = target->old_size - at;
	if (fallocate(target->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
		      (off_t)size) == 0)
		return 0;
	return write_zeros(target->fd, at, size);
}

/* A part of a file that may have holes. */
static int copy_file(const struct target *target, const struct store_chunk *chunk, uint64_t offset)
{
	uint64_t at = chunk->file_offset, end = at + chunk->size;

	while (at < end) {
		off_t data = lseek(chunk->file->fd, (off_t)at, SEEK_DATA);
		uint64_t data_start, data_end;
		off_t hole;
		int r;

		/* ENXIO: nothing but a hole up to the end; other errors: no holes are known. */
		data_start = data >= 0 ? (uint64_t)data : errno == ENXIO ? end : at;
		if (data_start > end)
			data_start = end;
		r = make_hole(target, offset + (at - chunk->file_offset), data_start - at);
		if (r < 0)
			return r;
		hole = data_start < end ? lseek(chunk->file->fd, (off_t)data_start, SEEK_HOLE) : -1;
		data_end = hole > (off_t)data_start && (uint64_t)hole < end ? (uint64_t)hole : end;
		r = fd_copy_range(chunk->file->fd, data_start, target->fd,
				  target->offset + offset + (data_start - chunk->file_offset),
				  data_end - data_start);
		if (r < 0)
			return r;
		at = data_end;
	}
	return 0;
}

static int write_chunk(const struct target *target, const struct store_chunk *chunk,
		       uint64_t offset)
{
	switch (chunk->type) {
	case CHUNK_HOLE:
		return make_hole(target, offset, chunk->size);
	case CHUNK_BYTES:
		return fd_pwrite_all(target->fd, chunk->bytes, (size_t)chunk->size,
				     target->offset + offset);
	case CHUNK_FILE:
	default:
		return copy_file(target, chunk, offset);
	}
}

int store_copy_to_fd(struct store *store, const struct object_id *id, int fd, uint64_t offset,
		     struct error *err)
{
	struct target target = { .fd = fd, .offset = offset };
	uint64_t done = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot look at the file to write to");
	target.old_size = (uint64_t)st.st_size;
	for (;;) {
		cleanup_with(store_chunk_release) struct store_chunk chunk = { 0 };
		int r = store_chunk_at(store, id, done, UINT64_MAX, &chunk, err);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		r = write_chunk(&target, &chunk, done);
		if (r == -ENODATA)
			return error_set(
				err, -EBADMSG,
				"object %s has lost bytes; 'varve fsck --repair' mends the "
				"store",
				object_id_hex(id).text);
		if (r < 0)
			return error_errno(err, r, "cannot write object %s to a file",
					   object_id_hex(id).text);
		done += chunk.size;
	}
	if (offset + done > target.old_size && ftruncate(fd, (off_t)(offset + done)) < 0)
		return error_errno(err, -errno, "cannot set the size of a file");
	return 0;
}
