/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle cut into files, and put together again. */
#include <errno.h>
#include <unistd.h>

#include "builder/cache/bundle.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* ---- to files ---- */

static int send_part(struct parts_sink *parts, struct error *err)
{
	struct object_id digest;
	int r;

	digest_peek(parts->digest, digest.bytes);
	r = parts->send(parts, &digest, parts->size, err);
	if (r < 0)
		return r;
	digest_free(parts->digest);
	parts->digest = digest_new();
	parts->size = 0;
	if (ftruncate(parts->fd, 0) < 0 || lseek(parts->fd, 0, SEEK_SET) < 0)
		return error_errno(err, -errno, "cannot use a temporary file again");
	return 0;
}

static int write_parts(struct byte_sink *sink, const void *data, size_t size, struct error *err)
{
	struct parts_sink *parts = (struct parts_sink *)sink;
	const char *at = data;
	int r = 0;

	while (size && r == 0) {
		uint64_t room = parts->limit - parts->size;
		size_t next = size < room ? size : (size_t)room;

		r = fd_write_all(parts->fd, at, next);
		if (r < 0)
			return error_errno(err, r, "cannot write a temporary file");
		digest_update(parts->digest, at, next);
		parts->size += next;
		at += next;
		size -= next;
		if (parts->size == parts->limit)
			r = send_part(parts, err);
	}
	return r;
}

void parts_sink_init(struct parts_sink *parts, int fd, uint64_t limit)
{
	*parts = (struct parts_sink){
		.base.write = write_parts, .fd = fd, .limit = limit, .digest = digest_new()
	};
}

int parts_sink_finish(struct parts_sink *parts, struct error *err)
{
	return parts->size ? send_part(parts, err) : 0;
}

void parts_sink_release(struct parts_sink *parts)
{
	digest_free(parts->digest);
	parts->digest = NULL;
}

/* ---- from files ---- */

static ssize_t read_parts(struct byte_source *source, void *data, size_t size, struct error *err)
{
	struct parts_source *parts = (struct parts_source *)source;

	while (parts->at < parts->count) {
		ssize_t n = pread(parts->fds[parts->at], data, size, (off_t)parts->offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, -errno, "cannot read a temporary file");
		parts->offset += (uint64_t)n;
		if (n > 0)
			return n;
		parts->at++;
		parts->offset = 0;
	}
	return 0;
}

void parts_source_init(struct parts_source *parts, const int *fds, size_t count)
{
	*parts = (struct parts_source){ .base.read = read_parts, .fds = fds, .count = count };
}
