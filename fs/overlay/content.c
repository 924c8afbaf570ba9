/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/overlay/overlay_internal.h"
#include "fs/store/store.h"

/* What ext4 takes with blocks of 4 KiB. */
#define FILE_SIZE_MAX ((uint64_t)16 << 40)
#define COPY_STEP     ((size_t)128 << 10)
/* Less than this is copied: what is shared is read through the store. */
#define SHARE_MIN ((uint64_t)64 << 10)

int overlay_stage(struct overlay *overlay, struct node *node, struct staged **ret)
{
	struct staged *staged = NULL;
	int r = overlay_touch(overlay, node);

	if (r < 0)
		return r;
	switch ((enum node_content)node->content) {
	case CONTENT_STAGED:
		*ret = node->staged;
		return 0;
	case CONTENT_EMPTY:
		staged = staged_new(&overlay->staging);
		break;
	case CONTENT_INLINE:
		r = overlay_staged(overlay, staged_from_bytes(&overlay->staging, node->bytes,
							      node->size, &staged));
		break;
	case CONTENT_BLOB:
		r = overlay_staged(overlay, staged_from_blob(&overlay->staging, &node->blob,
							     node->size, &staged));
		break;
	}
	if (r < 0)
		return r;
	node_set_staged(overlay->tree, node, staged);
	*ret = staged;
	return 0;
}

ssize_t overlay_read(struct overlay *overlay, struct node *node, void *buffer, size_t size,
		     uint64_t offset, const void **ret)
{
	ssize_t n;
	int r;

	if (offset >= node->size)
		return 0;
	if (size > node->size - offset)
		size = (size_t)(node->size - offset);
	*ret = buffer;
	switch ((enum node_content)node->content) {
	case CONTENT_EMPTY:
		return 0;
	case CONTENT_INLINE:
		memcpy(buffer, node->bytes + offset, size);
		return (ssize_t)size;
	case CONTENT_STAGED:
		r = overlay_staged(overlay, staged_read(node->staged, buffer, size, offset));
		return r < 0 ? r : (ssize_t)size;
	case CONTENT_BLOB:
		break;
	}
	/* Without a copy when it lies in one piece. */
	if (store_view(overlay->store, &node->blob, size, offset, ret, NULL) == (ssize_t)size)
		return (ssize_t)size;
	*ret = buffer;
	n = store_pread(overlay->store, &node->blob, buffer, size, offset, &overlay->why);
	if (n < 0)
		return overlay_io((int)n);
	if ((size_t)n == size)
		return n;
	/* A short answer would be filled up with zeros. */
	return error_set(&overlay->why, -EIO, "object %s has lost bytes",
			 object_id_hex(&node->blob).text);
}

static int write_once(struct overlay *overlay, struct node *node, const void *data, size_t size,
		      uint64_t offset, bool kill_priv)
{
	struct staged *staged;
	int r;

	if (offset > FILE_SIZE_MAX || size > FILE_SIZE_MAX - offset)
		return -EFBIG;
	r = overlay_stage(overlay, node, &staged);
	if (r == 0)
		r = overlay_staged(overlay, staged_write(staged, data, size, offset));
	/* A write that fails half-way may have made the file longer. */
	if (node->content == CONTENT_STAGED)
		node->size = staged_size(node->staged);
	if (r < 0)
		return r;
	node->mtime = node->ctime;
	return kill_priv ? overlay_kill_priv(overlay, node) : 0;
}

int overlay_write(struct overlay *overlay, struct node *node, const void *data, size_t size,
		  uint64_t offset, bool kill_priv)
{
	int r = write_once(overlay, node, data, size, offset, kill_priv);

	if (overlay_make_room(overlay, r))
		r = write_once(overlay, node, data, size, offset, kill_priv);
	return r;
}

static int allocate_once(struct overlay *overlay, struct node *node, int mode, uint64_t offset,
			 uint64_t length)
{
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	uint64_t end = offset + length;
	struct staged *staged;
	int r;

	if (!node_is_file(node))
		return -EBADF;
	if (!length || offset > FILE_SIZE_MAX || length > FILE_SIZE_MAX - offset)
		return length ? -EFBIG : -EINVAL;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	r = overlay_stage(overlay, node, &staged);
	if (r < 0)
		return r;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
		uint64_t stop = end < node->size ? end : node->size;

		if (offset < stop)
			r = overlay_staged(overlay, staged_punch(staged, offset, stop - offset));
	} else {
		r = overlay_staged(overlay, staged_allocate(staged, offset, length));
	}
	if (r == 0 && !keep && end > node->size)
		r = overlay_staged(overlay, staged_truncate(staged, end));
	node->size = staged_size(staged);
	if (r == 0)
		node->mtime = node->ctime;
	return r;
}

int overlay_fallocate(struct overlay *overlay, struct node *node, int mode, uint64_t offset,
		      uint64_t length)
{
	int r = allocate_once(overlay, node, mode, offset, length);

	if (overlay_make_room(overlay, r))
		r = allocate_once(overlay, node, mode, offset, length);
	return r;
}

int overlay_seek(struct overlay *overlay, struct node *node, uint64_t offset, int whence,
		 uint64_t *ret)
{
	int r;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (offset >= node->size)
		return -ENXIO;
	if (node->content == CONTENT_STAGED)
		return overlay_staged(overlay, staged_seek(node->staged, offset, whence, ret));
	*ret = whence == SEEK_DATA ? offset : node->size;
	if (node->content != CONTENT_BLOB || node->size < STORE_LOOSE_MIN)
		return 0;
	r = store_seek(overlay->store, &node->blob, offset, whence, ret, &overlay->why);
	if (r < 0)
		return overlay_io(r);
	if (r == 0 && whence == SEEK_DATA)
		return -ENXIO;
	if (r == 0)
		*ret = node->size;
	return 0;
}

/* The whole of a stored file into one that is empty: both hold the same object afterwards. */
static bool can_share(const struct node *from, uint64_t from_offset, const struct node *to,
		      uint64_t to_offset, uint64_t length)
{
	return from->content == CONTENT_BLOB && from_offset == 0 && to_offset == 0 &&
	       length >= from->size && to->size <= from->size && from != to;
}

/* One part after the other of a large stored file, from its start, as a copy of it comes. */
static int share_part(struct node *from, uint64_t from_offset, struct staged *target,
		      uint64_t to_offset, uint64_t length)
{
	if (from->content != CONTENT_BLOB || from->size < STORE_LOOSE_MIN ||
	    from_offset != to_offset || length < SHARE_MIN)
		return 0;
	return staged_share(target, &from->blob, from->size, to_offset, length);
}

/* Bytes of a file that is not being written into one that is. */
static int copy_stored(struct overlay *overlay, struct node *from, uint64_t from_offset,
		       struct staged *to, uint64_t to_offset, uint64_t length)
{
	cleanup_free char *block = xmalloc(COPY_STEP);

	while (length > 0) {
		size_t step = length < COPY_STEP ? (size_t)length : COPY_STEP;
		const void *bytes;
		ssize_t n = overlay_read(overlay, from, block, step, from_offset, &bytes);
		int r;

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		r = staged_write(to, bytes, (size_t)n, to_offset);
		if (r < 0)
			return r;
		from_offset += (uint64_t)n;
		to_offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

static ssize_t copy_once(struct overlay *overlay, struct node *from, uint64_t from_offset,
			 struct node *to, uint64_t to_offset, uint64_t length)
{
	struct staged *target;
	int r;

	if (!node_is_file(from) || !node_is_file(to))
		return -EINVAL;
	if (from_offset >= from->size)
		return 0;
	if (length > from->size - from_offset)
		length = from->size - from_offset;
	if (to_offset > FILE_SIZE_MAX || length > FILE_SIZE_MAX - to_offset)
		return -EFBIG;
	if (can_share(from, from_offset, to, to_offset, length)) {
		r = overlay_touch(overlay, to);
		if (r < 0)
			return r;
		node_set_blob(overlay->tree, to, &from->blob, from->size);
		to->mtime = to->ctime;
		return (ssize_t)length;
	}
	r = overlay_stage(overlay, to, &target);
	if (r == 0)
		r = overlay_staged(overlay,
				   share_part(from, from_offset, target, to_offset, length));
	if (r < 0)
		return r;
	if (r > 0)
		r = 0;
	else if (from->content == CONTENT_STAGED)
		r = overlay_staged(overlay, staged_copy_range(from->staged, from_offset, target,
							      to_offset, length));
	else
		r = overlay_staged(overlay, copy_stored(overlay, from, from_offset, target,
							to_offset, length));
	to->size = staged_size(target);
	if (r < 0)
		return r;
	to->mtime = to->ctime;
	return (ssize_t)length;
}

ssize_t overlay_copy_range(struct overlay *overlay, struct node *from, uint64_t from_offset,
			   struct node *to, uint64_t to_offset, uint64_t length)
{
	ssize_t n = copy_once(overlay, from, from_offset, to, to_offset, length);

	if (n < 0 && overlay_make_room(overlay, (int)n))
		n = copy_once(overlay, from, from_offset, to, to_offset, length);
	return n;
}
