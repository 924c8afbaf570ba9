/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/pack/frame.h"

/* No object that we write into a pack comes near this. */
#define LARGE_MAX ((uint64_t)1 << 30)

struct pack_scan {
	const uint8_t *data;
	size_t size;
	bool mapped;
	unsigned flags;
	struct decompressor *decompressor;

	bool has_index;
	struct pack_index index;
	struct error index_error;

	size_t at;  /* where the next frame begins */
	size_t end; /* of the frames, as far as known */
	uint32_t next_frame;

	/* The frame that objects are taken from. */
	uint32_t frame;
	struct buf decoded;
	size_t offset; /* of the next object in it */
	const uint8_t *table, *table_end;
	struct buf large; /* an object put together from many frames */
};

struct pack_scan *pack_scan_memory(const void *data, size_t size, unsigned flags)
{
	struct pack_scan *scan = xcalloc(1, sizeof *scan);

	scan->data = data;
	scan->size = size;
	scan->flags = flags;
	scan->decompressor = decompressor_new();
	scan->has_index = pack_index_parse(scan->data, size, &scan->index, &scan->index_error) == 0;
	if (scan->has_index && !pack_index_is_sound(scan->data, size, &scan->index)) {
		(void)error_set(&scan->index_error, -EBADMSG, "its index has changed");
		scan->has_index = false;
	}
	scan->at = size < PACK_HEAD_SIZE ? size : PACK_HEAD_SIZE;
	scan->end = scan->has_index ? (size_t)scan->index.index_offset : size;
	return scan;
}

/* Pages that reads have brought in are there for the mapping too. */
static int read_through(int fd, struct error *err)
{
	cleanup_free char *block = xmalloc(1 << 20);
	ssize_t n;

	do {
		n = read(fd, block, 1 << 20);
		if (n < 0 && errno != EINTR)
			return error_errno(err, -errno, "cannot read");
	} while (n != 0);
	return 0;
}

int pack_scan_open(int dir_fd, const char *name, unsigned flags, struct pack_scan **ret,
		   struct error *err)
{
	char file_name[PACK_NAME_SIZE + 3];
	cleanup_fd int fd = -1;
	void *data = NULL;
	struct stat st;
	int r;

	snprintf(file_name, sizeof file_name, "%s.pk", name);
	fd = openat(dir_fd, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open pack '%s'", name);
	r = read_through(fd, err);
	if (r < 0)
		return error_prefix(err, r, "pack '%s'", name);
	if (st.st_size > 0) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (data == MAP_FAILED)
			return error_errno(err, -errno, "cannot map pack '%s'", name);
	}
	*ret = pack_scan_memory(data, (size_t)st.st_size, flags);
	(*ret)->mapped = data != NULL;
	return 0;
}

void pack_scan_free(struct pack_scan *scan)
{
	if (!scan)
		return;
	if (scan->mapped)
		(void)munmap((void *)(uintptr_t)scan->data, scan->size);
	decompressor_free(scan->decompressor);
	buf_release(&scan->decoded);
	buf_release(&scan->large);
	free(scan);
}

const struct pack_index *pack_scan_index(const struct pack_scan *scan, struct error *err)
{
	if (scan->has_index)
		return &scan->index;
	(void)error_set(err, -EBADMSG, "%s", scan->index_error.text);
	return NULL;
}

/* Whether a frame whose sum is right begins at `at`. */
static bool frame_at(const struct pack_scan *scan, size_t at, struct pack_frame *ret)
{
	uint16_t count;

	if (scan->end - at < PACK_FRAME_HEAD_SIZE ||
	    !frame_head_decode(scan->data + at, ret, &count) ||
	    pack_frame_file_size(ret) > scan->end - at)
		return false;
	ret->offset = at;
	return frame_is_sound(scan->data + at, ret);
}

/* Move on to the next place where a frame begins, or to the end. */
static void skip_damage(struct pack_scan *scan)
{
	struct pack_frame frame;

	for (scan->at++; scan->at < scan->end; scan->at++) {
		const uint8_t *found =
			memmem(scan->data + scan->at, scan->end - scan->at, "FRM1", 4);

		if (!found) {
			scan->at = scan->end;
			return;
		}
		scan->at = (size_t)(found - scan->data);
		if (frame_at(scan, scan->at, &frame))
			break;
	}
	/* Numbers of frames are lost here, unless the index knows this one. */
	for (uint32_t i = 0; scan->has_index && i < scan->index.frame_count; i++) {
		if (pack_index_frame(&scan->index, i, &frame) && frame.offset == scan->at)
			scan->next_frame = i;
	}
}

/* Whether the index says the same of this frame. */
static bool index_agrees(const struct pack_scan *scan, const struct pack_frame *frame)
{
	struct pack_frame listed;

	if (!scan->has_index)
		return true;
	return pack_index_frame(&scan->index, scan->next_frame, &listed) &&
	       listed.offset == frame->offset && listed.table_size == frame->table_size &&
	       listed.payload_size == frame->payload_size && listed.size == frame->size &&
	       listed.crc == frame->crc && listed.kind == frame->kind;
}

/* Decode the next frame: 1, 0 at the end, or negative for a bad one, which is behind us then. */
static int next_frame(struct pack_scan *scan, struct error *err)
{
	struct pack_frame frame;
	size_t start = scan->at;
	const uint8_t *table;
	int r = 0;

	scan->table = scan->table_end = NULL;
	scan->offset = 0;
	buf_clear(&scan->decoded);
	if (scan->at >= scan->end)
		return 0;
	if (!frame_at(scan, start, &frame)) {
		skip_damage(scan);
		/* Without an index the first thing that is no frame may be what was the index. */
		if (!scan->has_index && scan->at >= scan->end)
			return 0;
		return error_set(err, -EBADMSG, "bytes %zu to %zu are no sound frame", start,
				 scan->at);
	}
	scan->at += (size_t)pack_frame_file_size(&frame);
	if (!index_agrees(scan, &frame))
		r = error_set(err, -EBADMSG, "the frame at %zu is not what the index says", start);
	scan->frame = scan->next_frame++;
	if (r < 0)
		return r;
	table = scan->data + start + PACK_FRAME_HEAD_SIZE;
	buf_add_zeros(&scan->decoded, frame.size);
	if (!(scan->flags & PACK_SCAN_FAST))
		r = frame_decode(&frame, table + frame.table_size, scan->decompressor,
				 (uint8_t *)scan->decoded.data);
	if (r == -EOPNOTSUPP)
		return error_set(err, r,
				 "the frame at %zu is of kind %u, which needs a newer varve", start,
				 frame.kind);
	if (r < 0)
		return error_set(err, r, "the frame at %zu cannot be decoded", start);
	scan->table = table;
	scan->table_end = table + frame.table_size;
	return 1;
}

/* Append the frames that go on with an object until it is whole. */
static int gather_large(struct pack_scan *scan, uint64_t length, struct error *err)
{
	buf_clear(&scan->large);
	buf_append(&scan->large, scan->decoded.data, scan->decoded.length);
	while (scan->large.length < length) {
		int r = next_frame(scan, err);

		if (r < 0)
			return r;
		/* A frame with objects of its own is the next call's. */
		if (r == 0 || scan->table != scan->table_end || scan->decoded.length == 0)
			return error_set(err, -EBADMSG, "an object of many frames is cut off");
		buf_append(&scan->large, scan->decoded.data, scan->decoded.length);
	}
	scan->offset = scan->decoded.length;
	if (scan->large.length != length)
		return error_set(err, -EBADMSG, "the length of an object of many frames");
	return 0;
}

static int drop_frame(struct pack_scan *scan, struct error *err, const char *what)
{
	scan->table = scan->table_end;
	scan->offset = scan->decoded.length;
	return error_set(err, -EBADMSG, "frame %u: %s", scan->frame, what);
}

int pack_scan_next(struct pack_scan *scan, struct scanned_object *ret, struct error *err)
{
	struct scanned_object object = { 0 };
	bool fast = scan->flags & PACK_SCAN_FAST;
	int r;

	while (scan->table == scan->table_end) {
		if (scan->offset != scan->decoded.length)
			return drop_frame(scan, err, "it holds bytes that belong to no object");
		r = next_frame(scan, err);
		if (r <= 0)
			return r;
	}
	if (!frame_table_next(&scan->table, scan->table_end, &object.kind, &object.length) ||
	    (unsigned)object.kind >= OBJECT_KIND_COUNT || object.length > LARGE_MAX)
		return drop_frame(scan, err, "its table");
	object.frame = scan->frame;
	object.offset = (uint32_t)scan->offset;
	if (object.length > PACK_FRAME_MAX) {
		if (scan->offset != 0 || scan->table != scan->table_end)
			return drop_frame(scan, err, "a large object among others");
		r = gather_large(scan, object.length, err);
		if (r < 0)
			return r;
		object.data = (const uint8_t *)scan->large.data;
	} else {
		if (object.length > scan->decoded.length - scan->offset)
			return drop_frame(scan, err, "an object that is cut off");
		object.data = (const uint8_t *)buf_string(&scan->decoded) + scan->offset;
		scan->offset += (size_t)object.length;
	}
	if (fast)
		object.data = NULL;
	*ret = object;
	return 1;
}

uint64_t pack_scan_size(const struct pack_scan *scan)
{
	return scan->size;
}
