/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come, and bytes that go, one after another: what archives are read from and written
 * to. Each kind begins with the struct of its functions and lives in its owner.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "fs/base/buf.h"
#include "fs/object/id.h"

struct digest;
struct error;
struct progress;

struct byte_source {
	/* At least one byte and up to `size` (above 0) into `data`: how many, 0 at the end, or a
	 * negative errno. */
	ssize_t (*read)(struct byte_source *source, void *data, size_t size, struct error *err);
	/* Pass over that many bytes; NULL: they are read. -ENODATA when it ends before. */
	int (*skip)(struct byte_source *source, uint64_t size, struct error *err);
};

/* As many as there are up to `size`: fewer only at the end. */
ssize_t source_read_full(struct byte_source *source, void *data, size_t size, struct error *err);
int source_skip(struct byte_source *source, uint64_t size, struct error *err);
/* Everything up to the end goes by. */
int source_drain(struct byte_source *source, struct error *err);

/* Part of an open file, by pread(); the descriptor stays the caller's. */
struct file_source {
	struct byte_source base;
	int fd;
	uint64_t offset, left;
};
void file_source_init(struct file_source *source, int fd, uint64_t offset, uint64_t size);

/* A pipe or terminal, or a file from where it stands. */
struct pipe_source {
	struct byte_source base;
	int fd;
};
void pipe_source_init(struct pipe_source *source, int fd);

struct memory_source {
	struct byte_source base;
	const uint8_t *at;
	size_t left;
};
void memory_source_init(struct memory_source *source, const void *data, size_t size);

/* Hashes and counts what is read through it. */
struct digest_source {
	struct byte_source base;
	struct byte_source *from;
	struct digest *digest;
	uint64_t size;
	/* More than this is -E2BIG at once. */
	uint64_t limit;
};
void digest_source_init(struct digest_source *source, struct byte_source *from);
/* Of what has been read so far. */
void digest_source_result(const struct digest_source *source, struct object_id *ret);
void digest_source_release(struct digest_source *source);
DEFINE_CLEANUP_VALUE(struct digest_source, digest_source_release);

struct byte_sink {
	int (*write)(struct byte_sink *sink, const void *data, size_t size, struct error *err);
};

static inline int sink_write(struct byte_sink *sink, const void *data, size_t size,
			     struct error *err)
{
	return size ? sink->write(sink, data, size, err) : 0;
}

int sink_zeros(struct byte_sink *sink, uint64_t count, struct error *err);
/* Everything that `source` still has. */
int sink_copy(struct byte_sink *sink, struct byte_source *source, struct error *err);

/* A descriptor, which stays the caller's. */
struct file_sink {
	struct byte_sink base;
	int fd;
	const char *name; /* for messages; kept by reference */
};
void file_sink_init(struct file_sink *sink, int fd, const char *name);

/* Passes on what is written through it, until that is to be given up: -ECANCELED. */
struct guard_sink {
	struct byte_sink base;
	struct byte_sink *to;
	const struct progress *progress;
	uint64_t unchecked; /* bytes since it was asked last */
};
void guard_sink_init(struct guard_sink *sink, struct byte_sink *to,
		     const struct progress *progress);

struct buf_sink {
	struct byte_sink base;
	struct buf *buf;
};
void buf_sink_init(struct buf_sink *sink, struct buf *buf);

/* Hashes and counts what is written through it; `to` may be NULL. */
struct digest_sink {
	struct byte_sink base;
	struct byte_sink *to;
	struct digest *digest;
	uint64_t size;
};
void digest_sink_init(struct digest_sink *sink, struct byte_sink *to);
void digest_sink_result(const struct digest_sink *sink, struct object_id *ret);
void digest_sink_release(struct digest_sink *sink);
DEFINE_CLEANUP_VALUE(struct digest_sink, digest_sink_release);
