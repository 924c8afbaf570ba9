/* SPDX-License-Identifier: Apache-2.0 */
/* Content that outlives the process: where it lies, and when it goes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"
#include "fs/base/wire.h"
#include "fs/overlay/staged_internal.h"

enum place { PLACE_POOL = 1, PLACE_FILE = 2 };

/* As large as files may become, see content.c. */
#define SIZE_LIMIT ((uint64_t)16 << 40)

static size_t bitmap_size(uint64_t base_blob_size)
{
	return (size_t)((base_blob_size + STAGED_BLOCK - 1) / STAGED_BLOCK / 8 + 1);
}

void staged_describe(const struct staged *staged, struct buf *ret)
{
	wire_put_u32(ret, staged->is_file ? PLACE_FILE : PLACE_POOL);
	wire_put_u64(ret, staged->size);
	if (!staged->is_file) {
		wire_put_u64(ret, staged->chunk.offset);
		wire_put_u64(ret, staged->chunk.capacity);
		return;
	}
	wire_put_u64(ret, staged->name);
	wire_put_u64(ret, staged->base_size);
	wire_put_u64(ret, staged->base_blob_size);
	buf_append(ret, staged->base.bytes, OBJECT_ID_SIZE);
	wire_put_bytes(ret, staged->written,
		       staged->written ? bitmap_size(staged->base_blob_size) : 0);
}

static int restore_chunk(struct staged *staged, struct wire *wire)
{
	struct pool_chunk chunk = { .offset = wire_u64(wire) };
	struct stat st;
	int r;

	chunk.capacity = wire_u64(wire);
	if (wire->bad || staged->size > chunk.capacity)
		return -EBADMSG;
	r = pool_adopt(&staged->staging->pool, &chunk);
	if (r < 0)
		return r;
	staged->chunk = chunk;
	/* A power cut may have left the pool shorter than what was said of it. */
	if (staged->staging->lease && chunk.capacity &&
	    fstat(pool_fd(&staged->staging->pool), &st) == 0 &&
	    (uint64_t)st.st_size < chunk.offset + staged->size &&
	    ftruncate(pool_fd(&staged->staging->pool), (off_t)(chunk.offset + staged->size)) < 0)
		return -errno;
	return 0;
}

/* A file that has other names has become an object of the store: nobody writes to it any more. */
int staged_adopt(struct staged *staged)
{
	struct staging *staging = staged->staging;
	char name[24];
	struct stat st;
	int fd;

	if (!staged->is_file)
		return 0;
	staged_file_name(staged, name);
	if (fstatat(staging->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -EBADMSG : -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	staged->published = st.st_nlink > 1;
	if (staged->published)
		return (uint64_t)st.st_size < staged->size ? -EBADMSG : 0;
	if (!staging->lease)
		return 0; /* whoever works on it may be further on than his journal */
	if ((st.st_mode & 0600) != 0600 && fchmodat(staging->dir_fd, name, 0600, 0) < 0)
		return -errno;
	if ((uint64_t)st.st_size == staged->size)
		return 0;
	return staged_open(staged, &fd) < 0 || ftruncate(fd, (off_t)staged->size) < 0 ? -errno : 0;
}

static int restore_file(struct staged *staged, struct wire *wire)
{
	const void *written;
	size_t size;

	staged->is_file = true;
	staged->name = wire_u64(wire);
	staged->base_size = wire_u64(wire);
	staged->base_blob_size = wire_u64(wire);
	wire_fixed(wire, staged->base.bytes, OBJECT_ID_SIZE);
	written = wire_bytes(wire, &size);
	if (wire->bad || staged->base_size > staged->base_blob_size ||
	    staged->base_size > staged->size || staged->base_blob_size > SIZE_LIMIT ||
	    (size && size != bitmap_size(staged->base_blob_size)) || (!size && staged->base_size))
		return -EBADMSG;
	if (size)
		staged->written = xmemdup(written, size);
	if (staged->name > staged->staging->next_name)
		staged->staging->next_name = staged->name;
	return 0;
}

int staged_restore(struct staging *staging, struct wire *wire, struct staged **ret)
{
	struct staged *staged = staged_new(staging);
	uint32_t place = wire_u32(wire);
	int r = -EBADMSG;

	staged->size = wire_u64(wire);
	if (wire->bad || staged->size > SIZE_LIMIT)
		r = -EBADMSG;
	else if (place == PLACE_POOL)
		r = restore_chunk(staged, wire);
	else if (place == PLACE_FILE)
		r = restore_file(staged, wire);
	if (r < 0)
		staged_free(staged); /* its file stays: nothing goes while a record is read */
	else
		*ret = staged;
	return r;
}

int staged_sync(struct staged *staged, bool fresh)
{
	int fd, r;

	if (!staged->is_file || staged->published || (fresh && !staged->fresh))
		return 0;
	r = staged_open(staged, &fd);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r == 0)
		staged->fresh = false;
	return r;
}

bool staging_waits(const struct staging *staging)
{
	return staging->doomed_count > 0 || staging->pool.held_count > 0;
}

void staging_settle(struct staging *staging)
{
	char name[24];

	while (staging->doomed_count > 0) {
		snprintf(name, sizeof name, "%" PRIu64, staging->doomed[--staging->doomed_count]);
		(void)unlinkat(staging->dir_fd, name, 0);
	}
	pool_settle(&staging->pool);
	pool_reset_if_empty(&staging->pool);
}

void staged_add_use(const struct staged *staged, struct staging_use *use)
{
	if (staged->is_file) {
		array_reserve_one(use->names, use->name_count, use->name_capacity);
		use->names[use->name_count++] = staged->name;
	} else if (staged->chunk.capacity) {
		array_reserve_one(use->chunks, use->chunk_count, use->chunk_capacity);
		use->chunks[use->chunk_count++] = staged->chunk;
	}
}

void staging_use_release(struct staging_use *use)
{
	free(use->names);
	free(use->chunks);
	*use = (struct staging_use){ 0 };
}

static int by_number(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

int staging_tidy(struct staging *staging, struct staging_use *use)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int r = dir_list(staging->dir_fd, ".", &names);

	if (use->name_count)
		qsort(use->names, use->name_count, sizeof *use->names, by_number);
	for (size_t i = 0; i < names.count && r == 0; i++) {
		uint64_t number;

		if (parse_u64(names.items[i], &number) < 0 ||
		    (use->name_count &&
		     bsearch(&number, use->names, use->name_count, sizeof *use->names, by_number)))
			continue;
		if (unlinkat(staging->dir_fd, names.items[i], 0) < 0)
			r = -errno;
	}
	return r < 0 ? r : pool_tidy(&staging->pool, use->chunks, use->chunk_count);
}

void staging_set_closing(struct staging *staging, bool closing)
{
	staging->closing = staging->pool.closing = closing;
}
