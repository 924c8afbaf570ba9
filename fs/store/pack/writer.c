/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/writer.h"

#include <errno.h>
#include <fcntl.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/pack/pack.h"

#define SMALL_MAX   ((size_t)4 << 20) /* up to this a pack is kept in memory */
#define WRITE_CHUNK ((size_t)1 << 20)

struct pack_writer {
	int dir_fd;
	char *file_name;
	int fd; /* -1 while all is in `out` */
	uint8_t id[16];
	char name[PACK_NAME_SIZE];
	uint64_t written; /* bytes in the file */
	struct buf out;   /* what comes behind them */
	struct pack_frame *frames;
	size_t frame_count, frame_capacity;
};

struct pack_writer *pack_writer_new(int dir_fd, const char *file_name)
{
	struct pack_writer *writer = xcalloc(1, sizeof *writer);

	writer->dir_fd = dir_fd;
	writer->file_name = xstrdup(file_name);
	writer->fd = -1;
	pack_name_make(writer->id, writer->name);
	pack_head_build(writer->id, &writer->out);
	return writer;
}

void pack_writer_free(struct pack_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0) {
		close(writer->fd);
		(void)unlinkat(writer->dir_fd, writer->file_name, 0);
	}
	free(writer->file_name);
	buf_release(&writer->out);
	free(writer->frames);
	free(writer);
}

/* Put what is in memory into the file, which is made the first time. */
static int flush(struct pack_writer *writer, struct error *err)
{
	int r = fault("pack.write");

	if (r == 0 && writer->fd < 0) {
		writer->fd = openat(writer->dir_fd, writer->file_name,
				    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
		if (writer->fd < 0)
			r = -errno;
	}
	if (r == 0)
		r = fd_write_all(writer->fd, writer->out.data, writer->out.length);
	if (r < 0)
		return error_errno(err, r, "cannot write a pack");
	writer->written += writer->out.length;
	buf_clear(&writer->out);
	return 0;
}

static int append(struct pack_writer *writer, const void *bytes, size_t size, struct error *err)
{
	buf_append(&writer->out, bytes, size);
	if (writer->out.length >= (writer->fd < 0 ? SMALL_MAX : WRITE_CHUNK))
		return flush(writer, err);
	return 0;
}

int pack_writer_add(struct pack_writer *writer, const struct pack_frame *frame, const void *bytes,
		    size_t size, struct error *err)
{
	struct pack_frame placed = *frame;

	placed.offset = writer->written + writer->out.length;
	array_reserve_one(writer->frames, writer->frame_count, writer->frame_capacity);
	writer->frames[writer->frame_count++] = placed;
	return append(writer, bytes, size, err);
}

uint32_t pack_writer_frame_count(const struct pack_writer *writer)
{
	return (uint32_t)writer->frame_count;
}

bool pack_writer_is_small(const struct pack_writer *writer)
{
	return writer->fd < 0;
}

int pack_writer_absorb(struct pack_writer *writer, struct pack_writer *other, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < other->frame_count && r == 0; i++) {
		const struct pack_frame *frame = &other->frames[i];

		r = pack_writer_add(writer, frame, other->out.data + frame->offset,
				    (size_t)pack_frame_file_size(frame), err);
	}
	other->frame_count = 0;
	buf_truncate(&other->out, PACK_HEAD_SIZE);
	return r;
}

int pack_writer_finish(struct pack_writer *writer, struct pack_index_entry *entries, size_t count,
		       bool sync, struct error *err)
{
	struct pack_index_input input = { .index_offset = writer->written + writer->out.length,
					  .entries = entries,
					  .entry_count = count,
					  .frames = writer->frames,
					  .frame_count = writer->frame_count };
	int r;

	memcpy(input.name, writer->id, sizeof input.name);
	pack_index_build(&input, &writer->out);
	r = flush(writer, err);
	if (r < 0)
		return r;
	if (sync && fsync(writer->fd) < 0)
		return error_errno(err, -errno, "cannot write a pack to the disk");
	close(writer->fd);
	writer->fd = -1;
	return 0;
}

const char *pack_writer_name(const struct pack_writer *writer)
{
	return writer->name;
}

uint64_t pack_writer_size(const struct pack_writer *writer)
{
	return writer->written;
}
