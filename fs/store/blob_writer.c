/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs that come in pieces: kept in memory while they are small, else written as they come. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/txn_internal.h"

#define WRITE_CHUNK ((size_t)1 << 20)
/* So many zeros in one place become a hole. */
#define HOLE_MIN ((size_t)64 << 10)

struct blob_writer {
	struct store_txn *txn;
	struct digest *digest;
	uint64_t size;
	struct buf pending; /* not yet in the file */
	int fd;             /* -1 while it is small */
	char file_name[48];
};

int blob_writer_begin(struct store_txn *txn, struct blob_writer **ret, struct error *err)
{
	struct blob_writer *writer = xcalloc(1, sizeof *writer);

	(void)err;
	writer->txn = txn;
	writer->digest = digest_new();
	writer->fd = -1;
	*ret = writer;
	return 0;
}

void blob_writer_free(struct blob_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0) {
		close(writer->fd);
		(void)unlinkat(txn_tmp_fd(writer->txn), writer->file_name, 0);
	}
	digest_free(writer->digest);
	buf_release(&writer->pending);
	free(writer);
}

static bool is_zero(const char *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Write what is not zero; the size is set when all of it has come. */
static int write_sparse(int fd, const char *data, size_t size)
{
	size_t written = 0, at = 0;
	int r = 0;

	while (r == 0 && at < size) {
		size_t step = size - at < HOLE_MIN ? size - at : HOLE_MIN;

		if (is_zero(data + at, step)) {
			r = fd_write_all(fd, data + written, at - written);
			if (r == 0 && lseek(fd, (off_t)step, SEEK_CUR) < 0)
				r = -errno;
			written = at + step;
		}
		at += step;
	}
	return r < 0 ? r : fd_write_all(fd, data + written, size - written);
}

static int flush(struct blob_writer *writer, struct error *err)
{
	int r = fault("loose.write");

	if (r == 0 && writer->fd < 0) {
		txn_file_name(writer->txn, writer->file_name);
		writer->fd = openat(txn_tmp_fd(writer->txn), writer->file_name,
				    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (writer->fd < 0)
			r = -errno;
	}
	if (r == 0)
		r = write_sparse(writer->fd, writer->pending.data, writer->pending.length);
	if (r < 0)
		return store_write_failed(writer->txn->store, err,
					  error_errno(err, r, "cannot store a blob"));
	buf_clear(&writer->pending);
	return 0;
}

int blob_writer_add(struct blob_writer *writer, const void *data, size_t size, struct error *err)
{
	const char *at = data;

	digest_update(writer->digest, data, size);
	writer->size += size;
	while (size > 0) {
		size_t room = WRITE_CHUNK - writer->pending.length;
		size_t piece = size < room ? size : room;

		buf_append(&writer->pending, at, piece);
		at += piece;
		size -= piece;
		if (writer->pending.length == WRITE_CHUNK) {
			int r = flush(writer, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* The file is whole: hand it over, or drop it when its content is there already. */
static int finish_file(struct blob_writer *writer, const struct object_id *id, struct error *err)
{
	struct store_txn *txn = writer->txn;
	int r = txn_has_blob(txn, id, writer->size, err);

	if (r != 0)
		return r < 0 ? r : 0; /* freeing removes the file */
	if (writer->pending.length > 0) {
		r = flush(writer, err);
		if (r < 0)
			return r;
	}
	if (ftruncate(writer->fd, (off_t)writer->size) < 0 || fchmod(writer->fd, 0444) < 0)
		return error_errno(err, -errno, "cannot store object %s", object_id_hex(id).text);
	close(writer->fd);
	writer->fd = -1;
	txn_stage(txn, id, writer->size, writer->file_name);
	return 0;
}

int blob_writer_finish(struct blob_writer *writer, struct object_id *ret, uint64_t *ret_size,
		       struct error *err)
{
	struct object_id id;
	int r;

	digest_peek(writer->digest, id.bytes);
	if (writer->fd >= 0)
		r = finish_file(writer, &id, err);
	else
		r = store_txn_put_as(writer->txn, OBJECT_BLOB, &id, buf_string(&writer->pending),
				     writer->pending.length, err);
	if (r < 0)
		return r;
	*ret = id;
	*ret_size = writer->size;
	return 0;
}
