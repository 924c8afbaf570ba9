/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "builder/image/progress.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define COPY_SIZE ((size_t)128 << 10)
/* A guard asks after so many bytes. */
#define CHECK_SIZE ((uint64_t)256 << 10)

/* ---- sources ---- */

ssize_t source_read_full(struct byte_source *source, void *data, size_t size, struct error *err)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = source->read(source, (char *)data + done, size - done, err);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Read and forget up to `size` bytes; how many there were. */
static int read_past(struct byte_source *source, uint64_t size, uint64_t *ret_done,
		     struct error *err)
{
	cleanup_free char *buffer = xmalloc(COPY_SIZE);

	*ret_done = 0;
	while (*ret_done < size) {
		uint64_t left = size - *ret_done;
		ssize_t n = source->read(source, buffer, left < COPY_SIZE ? left : COPY_SIZE, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		*ret_done += (uint64_t)n;
	}
	return 0;
}

int source_skip(struct byte_source *source, uint64_t size, struct error *err)
{
	uint64_t done;
	int r;

	if (size == 0)
		return 0;
	if (source->skip)
		return source->skip(source, size, err);
	r = read_past(source, size, &done, err);
	if (r < 0)
		return r;
	return done < size ? error_set(err, -ENODATA, "ends too early") : 0;
}

int source_drain(struct byte_source *source, struct error *err)
{
	uint64_t done;

	return read_past(source, UINT64_MAX, &done, err);
}

static ssize_t file_read_part(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct file_source *source = (struct file_source *)base;
	ssize_t n;

	if (size > source->left)
		size = source->left;
	if (size == 0)
		return 0;
	do
		n = pread(source->fd, data, size, (off_t)source->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, -errno, "cannot read");
	if (n == 0)
		return error_set(err, -ENODATA, "the file has become shorter");
	source->offset += (uint64_t)n;
	source->left -= (uint64_t)n;
	return n;
}

static int file_skip(struct byte_source *base, uint64_t size, struct error *err)
{
	struct file_source *source = (struct file_source *)base;

	if (size > source->left)
		return error_set(err, -ENODATA, "ends too early");
	source->offset += size;
	source->left -= size;
	return 0;
}

void file_source_init(struct file_source *source, int fd, uint64_t offset, uint64_t size)
{
	*source = (struct file_source){ .base = { .read = file_read_part, .skip = file_skip },
					.fd = fd,
					.offset = offset,
					.left = size };
}

static ssize_t pipe_read(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct pipe_source *source = (struct pipe_source *)base;
	ssize_t n;

	do
		n = read(source->fd, data, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, -errno, "cannot read") : n;
}

void pipe_source_init(struct pipe_source *source, int fd)
{
	*source = (struct pipe_source){ .base = { .read = pipe_read }, .fd = fd };
}

static ssize_t memory_read(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct memory_source *source = (struct memory_source *)base;

	(void)err;
	if (size > source->left)
		size = source->left;
	memcpy(data, source->at, size);
	source->at += size;
	source->left -= size;
	return (ssize_t)size;
}

void memory_source_init(struct memory_source *source, const void *data, size_t size)
{
	*source =
		(struct memory_source){ .base = { .read = memory_read }, .at = data, .left = size };
}

static ssize_t digest_read(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct digest_source *source = (struct digest_source *)base;
	ssize_t n = source->from->read(source->from, data, size, err);

	if (n <= 0)
		return n;
	source->size += (uint64_t)n;
	if (source->size > source->limit)
		return error_set(err, -E2BIG, "longer than the %llu bytes that it should have",
				 (unsigned long long)source->limit);
	digest_update(source->digest, data, (size_t)n);
	return n;
}

void digest_source_init(struct digest_source *source, struct byte_source *from)
{
	*source = (struct digest_source){ .base = { .read = digest_read },
					  .from = from,
					  .digest = digest_new(),
					  .limit = UINT64_MAX };
}

void digest_source_result(const struct digest_source *source, struct object_id *ret)
{
	digest_peek(source->digest, ret->bytes);
}

void digest_source_release(struct digest_source *source)
{
	digest_free(source->digest);
	*source = (struct digest_source){ 0 };
}

/* ---- sinks ---- */

int sink_zeros(struct byte_sink *sink, uint64_t count, struct error *err)
{
	static const char zeros[4096];

	while (count > 0) {
		size_t part = count < sizeof zeros ? count : sizeof zeros;
		int r = sink_write(sink, zeros, part, err);

		if (r < 0)
			return r;
		count -= part;
	}
	return 0;
}

int sink_copy(struct byte_sink *sink, struct byte_source *source, struct error *err)
{
	cleanup_free char *buffer = xmalloc(COPY_SIZE);

	for (;;) {
		ssize_t n = source->read(source, buffer, COPY_SIZE, err);
		int r = n > 0 ? sink_write(sink, buffer, (size_t)n, err) : (int)n;

		if (n == 0 || r < 0)
			return r;
	}
}

static int file_write(struct byte_sink *base, const void *data, size_t size, struct error *err)
{
	struct file_sink *sink = (struct file_sink *)base;
	int r = fd_write_all(sink->fd, data, size);

	return r < 0 ? error_errno(err, r, "cannot write '%s'", sink->name) : 0;
}

void file_sink_init(struct file_sink *sink, int fd, const char *name)
{
	*sink = (struct file_sink){ .base = { .write = file_write }, .fd = fd, .name = name };
}

static int guard_write(struct byte_sink *base, const void *data, size_t size, struct error *err)
{
	struct guard_sink *sink = (struct guard_sink *)base;
	int r;

	sink->unchecked += size;
	if (sink->unchecked >= CHECK_SIZE) {
		sink->unchecked = 0;
		r = progress_check(sink->progress, err);
		if (r < 0)
			return r;
	}
	return sink_write(sink->to, data, size, err);
}

void guard_sink_init(struct guard_sink *sink, struct byte_sink *to, const struct progress *progress)
{
	*sink = (struct guard_sink){ .base = { .write = guard_write },
				     .to = to,
				     .progress = progress,
				     .unchecked = CHECK_SIZE };
}

static int buf_write(struct byte_sink *base, const void *data, size_t size, struct error *err)
{
	struct buf_sink *sink = (struct buf_sink *)base;

	(void)err;
	buf_append(sink->buf, data, size);
	return 0;
}

void buf_sink_init(struct buf_sink *sink, struct buf *buf)
{
	*sink = (struct buf_sink){ .base = { .write = buf_write }, .buf = buf };
}

static int digest_write(struct byte_sink *base, const void *data, size_t size, struct error *err)
{
	struct digest_sink *sink = (struct digest_sink *)base;

	digest_update(sink->digest, data, size);
	sink->size += size;
	return sink->to ? sink_write(sink->to, data, size, err) : 0;
}

void digest_sink_init(struct digest_sink *sink, struct byte_sink *to)
{
	*sink = (struct digest_sink){ .base = { .write = digest_write },
				      .to = to,
				      .digest = digest_new() };
}

void digest_sink_result(const struct digest_sink *sink, struct object_id *ret)
{
	digest_peek(sink->digest, ret->bytes);
}

void digest_sink_release(struct digest_sink *sink)
{
	digest_free(sink->digest);
	*sink = (struct digest_sink){ 0 };
}
