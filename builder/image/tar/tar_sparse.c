/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_sparse.h"

#include <errno.h>

#include "fs/base/checked.h"
#include "fs/base/error.h"

#define OLD_PIECES_AT     386
#define OLD_PIECES        4
#define OLD_EXTENDED_AT   482
#define OLD_REAL_SIZE_AT  483
#define MORE_PIECES       21
#define MORE_EXTENDED_AT  504
#define PIECE_SIZE        24
#define PIECE_NUMBER_SIZE 12

static int bad_map(struct error *err)
{
	return error_set(err, -EINVAL, "bad map of a sparse file");
}

/* ---- GNU's first form ---- */

static int add_old_pieces(struct tar_pax *pax, const uint8_t *at, unsigned count, struct error *err)
{
	for (; count > 0; count--, at += PIECE_SIZE) {
		int64_t offset, length;
		int r;

		if (!*at)
			return 0; /* unused ones are left empty */
		if (!tar_number_parse(at, PIECE_NUMBER_SIZE, &offset) ||
		    !tar_number_parse(at + PIECE_NUMBER_SIZE, PIECE_NUMBER_SIZE, &length) ||
		    offset < 0 || length < 0)
			return bad_map(err);
		r = tar_pax_add_piece(pax, (uint64_t)offset, (uint64_t)length, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int tar_sparse_read_old(struct tar_pax *pax, const uint8_t block[TAR_BLOCK], tar_block_fn next,
			void *context, struct error *err)
{
	bool more = block[OLD_EXTENDED_AT];
	int64_t real_size;
	int r;

	pax->piece_count = 0;
	if (!tar_number_parse(block + OLD_REAL_SIZE_AT, PIECE_NUMBER_SIZE, &real_size) ||
	    real_size < 0)
		return bad_map(err);
	pax->real_size = (uint64_t)real_size;
	pax->has_real_size = true;
	r = add_old_pieces(pax, block + OLD_PIECES_AT, OLD_PIECES, err);
	while (r == 0 && more) {
		uint8_t extension[TAR_BLOCK];

		r = next(context, extension, err);
		if (r == 0)
			r = add_old_pieces(pax, extension, MORE_PIECES, err);
		more = r == 0 && extension[MORE_EXTENDED_AT];
	}
	return r;
}

/* ---- form 1.0 ---- */

struct map_reader {
	tar_block_fn next;
	void *context;
	uint8_t block[TAR_BLOCK];
	size_t at;
};

static int read_line(struct map_reader *map, uint64_t *ret, struct error *err)
{
	uint64_t value = 0;
	bool any = false;

	for (;;) {
		uint8_t c;

		if (map->at == TAR_BLOCK) {
			int r = map->next(map->context, map->block, err);

			if (r < 0)
				return r;
			map->at = 0;
		}
		c = map->block[map->at++];
		if (c == '\n' && any)
			break;
		if (c < '0' || c > '9' || !checked_mul(value, 10, &value) ||
		    !checked_add(value, (uint64_t)(c - '0'), &value))
			return bad_map(err);
		any = true;
	}
	*ret = value;
	return 0;
}

int tar_sparse_read_map(struct tar_pax *pax, tar_block_fn next, void *context, struct error *err)
{
	struct map_reader map = { .next = next, .context = context, .at = TAR_BLOCK };
	uint64_t count = 0;
	int r = read_line(&map, &count, err);

	pax->piece_count = 0;
	for (; r == 0 && count > 0; count--) {
		struct tar_piece piece = { 0 };

		r = read_line(&map, &piece.offset, err);
		if (r == 0)
			r = read_line(&map, &piece.length, err);
		if (r == 0)
			r = tar_pax_add_piece(pax, piece.offset, piece.length, err);
	}
	return r;
}

/* ---- all ---- */

int tar_sparse_check(struct tar_pax *pax, uint64_t stored, struct error *err)
{
	uint64_t end = 0, sum = 0;
	size_t kept = 0;

	if (!pax->has_real_size || pax->real_size > INT64_MAX)
		return bad_map(err);
	for (size_t i = 0; i < pax->piece_count; i++) {
		struct tar_piece piece = pax->pieces[i];

		if (piece.offset < end || !checked_add(piece.offset, piece.length, &end) ||
		    end > pax->real_size)
			return bad_map(err);
		sum += piece.length; /* cannot overflow: they do not overlap */
		if (piece.length)
			pax->pieces[kept++] = piece;
	}
	pax->piece_count = kept;
	return sum == stored ? 0 : bad_map(err);
}
