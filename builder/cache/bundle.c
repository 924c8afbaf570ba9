/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/bundle.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/object/dir.h"

#define BUNDLE_MAGIC "varve bundle 1\n"
#define BUNDLE_END   255
#define HEAD_SIZE    ((size_t)9)
/* Read at once of a blob. */
#define PIECE ((size_t)128 << 10)

/* ---- writing ---- */

int bundle_write_begin(struct byte_sink *to, struct error *err)
{
	return sink_write(to, BUNDLE_MAGIC, strlen(BUNDLE_MAGIC), err);
}

int bundle_write_head(struct byte_sink *to, enum object_kind kind, uint64_t size, struct error *err)
{
	uint8_t head[HEAD_SIZE] = { (uint8_t)kind };

	put_le64(head + 1, size);
	return sink_write(to, head, sizeof head, err);
}

int bundle_write_end(struct byte_sink *to, struct error *err)
{
	const uint8_t end = BUNDLE_END;

	return sink_write(to, &end, 1, err);
}

/* ---- reading ---- */

static int read_exactly(struct byte_source *from, void *data, size_t size, struct error *err)
{
	ssize_t n = source_read_full(from, data, size, err);

	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0
				 : error_set(err, -EBADMSG, "the bundle ends before it is over");
}

static int read_blob(struct byte_source *from, uint64_t size, const struct bundle_taker *taker,
		     struct error *err)
{
	cleanup_free char *piece = xmalloc(PIECE);
	int r = taker->begin(taker->context, err);

	while (r == 0 && size) {
		size_t next = size < PIECE ? (size_t)size : PIECE;

		r = read_exactly(from, piece, next, err);
		if (r == 0)
			r = taker->add(taker->context, piece, next, err);
		size -= next;
	}
	return r < 0 ? r : taker->end(taker->context, err);
}

/* It grows with what comes, not with what was promised. */
static int read_object(struct byte_source *from, enum object_kind kind, uint64_t size,
		       struct buf *bytes, const struct bundle_taker *taker, struct error *err)
{
	buf_clear(bytes);
	if (size > DIR_OBJECT_MAX)
		return error_set(err, -EBADMSG, "an object in the bundle has more than %zu bytes",
				 DIR_OBJECT_MAX);
	while (bytes->length < size) {
		size_t left = (size_t)size - bytes->length, next = left < PIECE ? left : PIECE;
		int r;

		buf_reserve(bytes, next);
		r = read_exactly(from, bytes->data + bytes->length, next, err);
		if (r < 0)
			return r;
		bytes->length += next;
		bytes->data[bytes->length] = 0;
	}
	return taker->object(taker->context, kind, bytes, err);
}

/* 1: there may be more; 0: that was all. */
static int read_next(struct byte_source *from, struct buf *bytes, const struct bundle_taker *taker,
		     struct error *err)
{
	uint8_t head[HEAD_SIZE];
	uint64_t size;
	int r = read_exactly(from, head, 1, err);

	if (r < 0 || head[0] == BUNDLE_END)
		return r;
	if (head[0] >= OBJECT_KIND_COUNT)
		return error_set(err, -EBADMSG, "an object of kind %u in the bundle", head[0]);
	r = read_exactly(from, head + 1, HEAD_SIZE - 1, err);
	if (r < 0)
		return r;
	size = get_le64(head + 1);
	r = head[0] == OBJECT_BLOB
		    ? read_blob(from, size, taker, err)
		    : read_object(from, (enum object_kind)head[0], size, bytes, taker, err);
	return r < 0 ? r : 1;
}

int bundle_read(struct byte_source *from, const struct bundle_taker *taker, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	char magic[sizeof BUNDLE_MAGIC - 1], more;
	ssize_t n;
	int r = read_exactly(from, magic, sizeof magic, err);

	if (r == 0 && memcmp(magic, BUNDLE_MAGIC, sizeof magic) != 0)
		return error_set(err, -EBADMSG, "it is no bundle of objects");
	if (r == 0) {
		do
			r = read_next(from, &bytes, taker, err);
		while (r > 0);
	}
	if (r < 0)
		return r;
	n = source_read_full(from, &more, 1, err);
	if (n > 0)
		return error_set(err, -EBADMSG, "there is more behind the end of the bundle");
	return (int)n;
}
