/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/overlay/staged_internal.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"

#define STEP ((size_t)256 << 10)

/* From this size on a blob that shares most of its bytes with another one is not hashed: 10 ms of
 * SHA-256 where the CPU has instructions for it, 35 where it has none. */
#define COMPOSED_MIN ((uint64_t)16 << 20)
/* Of a file without a base, at least this part has to be holes. */
#define SPARSE_SHARE 8

DEFINE_CLEANUP(struct digest *, digest_free);

/* Does the stored blob hold the same bytes? Ends at the first difference. */
static int equal_to_blob(struct staged *staged, const struct object_id *id, bool *ret,
			 struct error *err)
{
	cleanup_free char *ours = xmalloc(STEP), *theirs = xmalloc(STEP);
	uint64_t offset = 0;

	*ret = false;
	while (offset < staged->size) {
		size_t length =
			staged->size - offset < STEP ? (size_t)(staged->size - offset) : STEP;
		ssize_t n = store_pread(staged->staging->store, id, theirs, length, offset, err);
		int r;

		if (n <= 0)
			return (int)n; /* what cannot be read is not equal */
		r = staged_read(staged, ours, (size_t)n, offset);
		if (r < 0)
			return error_errno(err, r, "cannot read what was written");
		if (memcmp(ours, theirs, (size_t)n) != 0)
			return 0;
		offset += (uint64_t)n;
	}
	*ret = true;
	return 0;
}

static int digest_content(struct staged *staged, struct object_id *ret, struct error *err)
{
	cleanup_with(digest_free) struct digest *digest = digest_new();
	cleanup_free char *block = xmalloc(STEP);
	uint64_t offset = 0;

	while (offset < staged->size) {
		size_t length =
			staged->size - offset < STEP ? (size_t)(staged->size - offset) : STEP;
		int r = staged_read(staged, block, length, offset);

		if (r < 0)
			return error_errno(err, r, "cannot read what was written");
		digest_update(digest, block, length);
		offset += length;
	}
	digest_peek(digest, ret->bytes);
	return 0;
}

/* ---- small ---- */

static int store_small(struct staged *staged, const struct dir_entry *same, struct store_txn *txn,
		       struct tree_stored *ret, struct error *err)
{
	cleanup_free char *bytes = xmalloc(staged->size);
	int r = staged_read(staged, bytes, staged->size, 0);

	if (r < 0)
		return error_errno(err, r, "cannot read what was written");
	if (staged->size <= DIR_INLINE_MAX) {
		ret->content = CONTENT_INLINE;
		memcpy(ret->bytes, bytes, staged->size);
		return 0;
	}
	ret->content = CONTENT_BLOB;
	if (same) {
		cleanup_free char *before = xmalloc(staged->size);
		ssize_t n = store_pread(staged->staging->store, &same->id, before, staged->size, 0,
					NULL);

		if (n == (ssize_t)staged->size && memcmp(before, bytes, staged->size) == 0) {
			ret->id = same->id;
			return 0;
		}
	}
	return store_txn_put(txn, OBJECT_BLOB, bytes, staged->size, &ret->id, err);
}

/* ---- large ---- */

/* Bytes by where they come from. */
static void count_sides(struct staged *staged, uint64_t ret[static 3])
{
	uint64_t offset = 0;

	ret[STAGED_BASE] = ret[STAGED_DATA] = ret[STAGED_HOLE] = 0;
	while (offset < staged->size) {
		enum staged_side side;
		uint64_t run = staged_piece(staged, offset, staged->size - offset, &side);

		ret[side] += run;
		offset += run;
	}
}

/* Add the pieces that make up a range of the base. */
static void add_base_pieces(struct extents *extents, const struct extents *base, uint64_t offset,
			    uint64_t length)
{
	while (length > 0) {
		uint64_t inside;
		const struct extent *piece = &base->items[extents_find(base, offset, &inside)];
		uint64_t here = piece->length - inside < length ? piece->length - inside : length;
		bool hole = object_id_is_zero(&piece->source);

		extents_add(extents, &piece->source, hole ? 0 : piece->source_offset + inside,
			    here);
		offset += here;
		length -= here;
	}
}

/* Runs are looked for only as far as they are used at once: each look steps through all of it. */
static uint64_t step_of(uint64_t rest)
{
	return rest < STEP ? rest : STEP;
}

/* Everything that was written, in order, as one blob. */
static int store_written(struct staged *staged, struct store_txn *txn, struct object_id *ret,
			 struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	cleanup_free char *block = xmalloc(STEP);
	uint64_t offset = 0, size;
	int r = blob_writer_begin(txn, &writer, err);

	while (r == 0 && offset < staged->size) {
		enum staged_side side;
		uint64_t rest = staged->size - offset;
		/* Behind the base a hole is one run however long it is. */
		uint64_t look = offset < staged->base_size ? step_of(rest) : rest;
		uint64_t run = staged_piece(staged, offset, look, &side);

		if (side == STAGED_DATA) {
			run = step_of(run);
			r = staged_read(staged, block, (size_t)run, offset);
			if (r < 0)
				return error_errno(err, r, "cannot read what was written");
			r = blob_writer_add(writer, block, (size_t)run, err);
		}
		offset += run;
	}
	return r < 0 ? r : blob_writer_finish(writer, ret, &size, err);
}

/* Store only what was written, and make the list that refers to the base for the rest. */
static int make_extents(struct staged *staged, struct store_txn *txn, bool any_data,
			struct extents *ret, struct error *err)
{
	static const struct object_id hole;
	cleanup_with(extents_release) struct extents base = { 0 };
	struct object_id literal = { 0 };
	uint64_t offset = 0, literal_offset = 0;
	int r = 0;

	if (staged->base_size)
		r = store_extents(staged->staging->store, &staged->base, &base, err);
	if (r == 0 && any_data)
		r = store_written(staged, txn, &literal, err);
	if (r < 0)
		return r;
	while (offset < staged->size) {
		enum staged_side side;
		uint64_t run = staged_piece(staged, offset, staged->size - offset, &side);

		if (side == STAGED_BASE) {
			add_base_pieces(ret, &base, offset, run);
		} else if (side == STAGED_HOLE) {
			extents_add(ret, &hole, 0, run);
		} else {
			extents_add(ret, &literal, literal_offset, run);
			literal_offset += run;
		}
		offset += run;
	}
	return 0;
}

static bool is_zero(const char *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Zeros as a hole, if the filesystem can. */
static int bring(int fd, const char *bytes, size_t size, uint64_t offset)
{
	if (is_zero(bytes, size) && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					      (off_t)offset, (off_t)size) == 0)
		return 0;
	return fd_pwrite_all(fd, bytes, size, offset);
}

/* Bring all that still shows of the base into the file. */
static int complete_file(struct staged *staged, struct error *err)
{
	cleanup_free char *block = xmalloc(STEP);
	uint64_t offset = 0;
	int fd, r = staged_open(staged, &fd);

	while (r == 0 && offset < staged->base_size) {
		bool base;
		uint64_t run =
			staged_run(staged, offset, step_of(staged->base_size - offset), &base);

		if (base)
			r = staged_read(staged, block, (size_t)run, offset);
		if (base && r == 0)
			r = bring(fd, block, (size_t)run, offset);
		offset += run;
	}
	if (r < 0)
		return error_errno(err, r, "cannot write out a changed file");
	staged->base_size = 0;
	return 0;
}

/* A transaction takes files from the lease's directory alone: give it another name there. */
static int lend_name(struct staged *staged, struct error *err)
{
	int tmp_fd = store_lease_tmp_fd(staged->staging->lease);
	char name[24];

	staged_file_name(staged, name);
	(void)unlinkat(tmp_fd, name, 0);
	if (linkat(staged->staging->dir_fd, name, tmp_fd, name, 0) < 0)
		return error_errno(err, -errno, "cannot store a changed file");
	return 0;
}

static int put_file(struct staged *staged, struct store_txn *txn, const struct object_id *id,
		    struct error *err)
{
	char name[24];
	int r = staged->base_size ? complete_file(staged, err) : 0;

	if (r == 0 && staged->staging->kept)
		r = lend_name(staged, err);
	if (r < 0)
		return r;
	staged->published = true;
	return store_txn_put_file(txn, staged_file_name(staged, name), id, err);
}

/*
 * Writing the same bytes again is no change: blocks that are equal to what they hide are given back
 * to the base. It costs as much as was written, and where nothing is left, no hashing.
 */
static int give_back_equal(struct staged *staged, struct error *err)
{
	cleanup_free char *ours = xmalloc(STEP), *theirs = xmalloc(STEP);
	uint64_t end = staged->base_size / STAGED_BLOCK * STAGED_BLOCK, offset = 0;
	int fd, r = end ? staged_open(staged, &fd) : 0;

	while (r == 0 && offset < end) {
		bool base;
		uint64_t rest = end - offset < STEP ? end - offset : STEP;
		uint64_t run = staged_run(staged, offset, rest, &base);
		ssize_t n;

		if (base) {
			offset += run;
			continue;
		}
		n = store_pread(staged->staging->store, &staged->base, theirs, (size_t)run, offset,
				NULL);
		if (n != (ssize_t)run)
			return 0; /* what cannot be read is not equal */
		r = fd_pread_exactly(fd, ours, (size_t)run, offset);
		for (uint64_t at = 0; at < run && r == 0; at += STAGED_BLOCK) {
			if (memcmp(ours + at, theirs + at, STAGED_BLOCK) == 0)
				staged_unmark_block(staged, offset + at);
		}
		offset += run;
	}
	return r < 0 ? error_errno(err, r, "cannot read what was written") : 0;
}

/* Too large to be hashed for the little that is its own. */
static bool is_composed(const struct staged *staged, const uint64_t sides[static 3])
{
	if (staged->size < COMPOSED_MIN || !store_composes(staged->staging->store))
		return false;
	return sides[STAGED_BASE] ? sides[STAGED_DATA] < staged->size / 2
				  : sides[STAGED_DATA] < staged->size / SPARSE_SHARE;
}

static int store_composed(struct staged *staged, const uint64_t sides[static 3],
			  struct store_txn *txn, struct object_id *ret, struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	int r = make_extents(staged, txn, sides[STAGED_DATA] > 0, &extents, err);

	return r < 0 ? r : store_txn_put_composed(txn, &extents, ret, err);
}

static int store_hashed(struct staged *staged, const uint64_t sides[static 3],
			struct store_txn *txn, struct object_id *ret, struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	int r = digest_content(staged, ret, err);

	if (r == 0)
		r = store_txn_has(txn, ret, err);
	if (r != 0)
		return r < 0 ? r : 0;
	/* A file that is mostly its own is better one in the store, too, holes and all. */
	if (!sides[STAGED_BASE] || sides[STAGED_DATA] >= staged->size / 2)
		return put_file(staged, txn, ret, err);
	r = make_extents(staged, txn, sides[STAGED_DATA] > 0, &extents, err);
	return r < 0 ? r : store_txn_put_extents(txn, ret, &extents, err);
}

static int store_large(struct staged *staged, const struct dir_entry *same, struct store_txn *txn,
		       struct tree_stored *ret, struct error *err)
{
	uint64_t sides[3];
	bool equal = false;
	int r = give_back_equal(staged, err);

	if (r < 0)
		return r;
	ret->content = CONTENT_BLOB;
	ret->id = staged->base;
	count_sides(staged, sides);
	if (sides[STAGED_BASE] == staged->size && staged->size == staged->base_blob_size)
		return 0;
	if (same && !staged->base_size)
		r = equal_to_blob(staged, &same->id, &equal, err);
	if (r < 0)
		return r;
	if (equal) {
		ret->id = same->id;
		return 0;
	}
	if (is_composed(staged, sides))
		return store_composed(staged, sides, txn, &ret->id, err);
	return store_hashed(staged, sides, txn, &ret->id, err);
}

int staged_store(struct staged *staged, const struct dir_entry *same, struct store_txn *txn,
		 struct tree_stored *ret, struct error *err)
{
	if (same && (same->type != DIR_ENTRY_FILE || same->size != staged->size ||
		     staged->size <= DIR_INLINE_MAX))
		same = NULL;
	ret->size = staged->size;
	if (!staged->size) {
		ret->content = CONTENT_EMPTY;
		return 0;
	}
	if (staged->size < STORE_LOOSE_MIN)
		return store_small(staged, same, txn, ret, err);
	return store_large(staged, same, txn, ret, err);
}
