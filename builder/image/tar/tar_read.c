/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/tar/tar_pax.h"
#include "builder/image/tar/tar_sparse.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

enum tar_dialect { DIALECT_V7, DIALECT_USTAR, DIALECT_GNU, DIALECT_STAR };

struct tar_reader {
	struct byte_source *source;
	uint64_t offset;
	uint64_t left, padding; /* of the present entry, not read yet */
	struct tar_entry entry;
	struct tar_pax pax;
	char *long_name, *long_link; /* of GNU's own headers; NULL: none */
	char *name, *link;
	bool ended;
};

struct tar_reader *tar_reader_new(struct byte_source *source)
{
	struct tar_reader *reader = xcalloc(1, sizeof *reader);

	reader->source = source;
	return reader;
}

uint64_t tar_reader_offset(const struct tar_reader *reader)
{
	return reader->offset;
}

static void forget_entry(struct tar_reader *reader)
{
	tar_pax_release(&reader->pax);
	free(reader->long_name);
	free(reader->long_link);
	free(reader->name);
	free(reader->link);
	reader->long_name = reader->long_link = reader->name = reader->link = NULL;
	reader->entry = (struct tar_entry){ 0 };
}

void tar_reader_free(struct tar_reader *reader)
{
	if (!reader)
		return;
	forget_entry(reader);
	free(reader);
}

static int cut_short(struct error *err)
{
	return error_set(err, -EINVAL, "the archive is cut short");
}

/* ---- bytes ---- */

static int read_exactly(struct tar_reader *reader, void *data, size_t size, struct error *err)
{
	ssize_t n = source_read_full(reader->source, data, size, err);

	if (n < 0)
		return (int)n;
	reader->offset += (uint64_t)n;
	return (size_t)n < size ? cut_short(err) : 0;
}

static int skip_bytes(struct tar_reader *reader, uint64_t size, struct error *err)
{
	int r = source_skip(reader->source, size, err);

	if (r == -ENODATA)
		return cut_short(err);
	reader->offset += size;
	return r;
}

ssize_t tar_reader_read(struct tar_reader *reader, void *data, size_t size, struct error *err)
{
	ssize_t n;

	if (size > reader->left)
		size = reader->left;
	if (size == 0)
		return 0;
	n = reader->source->read(reader->source, data, size, err);
	if (n == 0)
		return cut_short(err);
	if (n < 0)
		return n;
	reader->offset += (uint64_t)n;
	reader->left -= (uint64_t)n;
	return n;
}

/* One block of the content, for the map of a sparse file. */
static int read_content_block(void *context, uint8_t block[TAR_BLOCK], struct error *err)
{
	struct tar_reader *reader = context;

	if (reader->left < TAR_BLOCK)
		return cut_short(err);
	reader->left -= TAR_BLOCK;
	return read_exactly(reader, block, TAR_BLOCK, err);
}

/* A block behind the header of an old sparse file. */
static int read_map_block(void *context, uint8_t block[TAR_BLOCK], struct error *err)
{
	return read_exactly(context, block, TAR_BLOCK, err);
}

/* The whole content of a header that is about the next entry, padding included. */
static int read_extension(struct tar_reader *reader, uint64_t size, uint64_t limit, struct buf *ret,
			  struct error *err)
{
	int r;

	if (size > limit)
		return error_set(err, -E2BIG, "an extended header of %llu bytes",
				 (unsigned long long)size);
	buf_reserve(ret, size);
	r = read_exactly(reader, ret->data, size, err);
	if (r < 0)
		return r;
	ret->length = size;
	ret->data[size] = '\0';
	return skip_bytes(reader, tar_padding(size), err);
}

/* ---- header blocks ---- */

static bool is_zero(const uint8_t block[TAR_BLOCK])
{
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		if (block[i])
			return false;
	}
	return true;
}

/* 1 and a header; 0 at the end: two blocks of zeros, or no more blocks. */
static int read_header(struct tar_reader *reader, uint8_t block[TAR_BLOCK], struct error *err)
{
	for (unsigned zeros = 0; zeros < 2; zeros++) {
		ssize_t n = source_read_full(reader->source, block, TAR_BLOCK, err);

		if (n < 0)
			return (int)n;
		reader->offset += (uint64_t)n;
		if (n == 0)
			return 0;
		if ((size_t)n < TAR_BLOCK)
			return cut_short(err);
		if (is_zero(block))
			continue;
		if (zeros)
			return error_set(err, -EINVAL, "a block of zeros amid the archive");
		return 1;
	}
	return 0;
}

static enum tar_dialect dialect_of(const uint8_t block[TAR_BLOCK])
{
	if (memcmp(block + TAR_MAGIC_AT, "ustar\0", 6) == 0)
		return memcmp(block + TAR_STAR_MAGIC_AT, "tar\0", 4) == 0 ? DIALECT_STAR
									  : DIALECT_USTAR;
	if (memcmp(block + TAR_MAGIC_AT, "ustar  \0", 8) == 0)
		return DIALECT_GNU;
	return DIALECT_V7;
}

static int check_header(const uint8_t block[TAR_BLOCK], struct error *err)
{
	int64_t said, sum, signed_sum;

	tar_checksum(block, &sum, &signed_sum);
	if (!tar_number_parse(block + TAR_CHECKSUM_AT, TAR_CHECKSUM_SIZE, &said) ||
	    (said != sum && said != signed_sum))
		return error_set(err, -EINVAL, "no tar archive, or a damaged one");
	return 0;
}

static char *header_name(const uint8_t block[TAR_BLOCK], enum tar_dialect dialect)
{
	const char *name = (const char *)block + TAR_NAME_AT;
	const char *prefix = (const char *)block + TAR_PREFIX_AT;
	size_t prefix_size = dialect == DIALECT_USTAR  ? TAR_PREFIX_SIZE
			     : dialect == DIALECT_STAR ? TAR_STAR_PREFIX
						       : 0;

	if (prefix_size && *prefix)
		return xasprintf("%.*s/%.*s", (int)strnlen(prefix, prefix_size), prefix,
				 (int)strnlen(name, TAR_NAME_SIZE), name);
	return xstrndup(name, TAR_NAME_SIZE);
}

static int bad_number(const struct tar_reader *reader, const char *what, struct error *err)
{
	return error_set(err, -EINVAL, "'%.200s': bad %s", reader->name, what);
}

/* 32 bits, of which all ones mean "nobody" to the kernel. */
static int set_id(struct tar_reader *reader, const uint8_t *field, bool has, int64_t said,
		  uint32_t *ret, struct error *err)
{
	int64_t id = said;

	if (!has && !tar_number_parse(field, TAR_ID_SIZE, &id))
		return bad_number(reader, "owner", err);
	if (id < 0 || id >= UINT32_MAX)
		return error_set(err, -EINVAL, "'%.200s': the owner %lld cannot be", reader->name,
				 (long long)id);
	*ret = (uint32_t)id;
	return 0;
}

static int set_device(struct tar_reader *reader, const uint8_t *field, uint32_t *ret,
		      struct error *err)
{
	int64_t number;

	if (!tar_number_parse(field, TAR_ID_SIZE, &number) || number < 0 || number > UINT32_MAX)
		return bad_number(reader, "device number", err);
	*ret = (uint32_t)number;
	return 0;
}

static int set_attributes(struct tar_reader *reader, const uint8_t block[TAR_BLOCK],
			  enum tar_dialect dialect, struct error *err)
{
	struct tar_entry *entry = &reader->entry;
	const struct tar_pax *pax = &reader->pax;
	int64_t mode;
	int r;

	if (!tar_number_parse(block + TAR_MODE_AT, TAR_ID_SIZE, &mode))
		return bad_number(reader, "mode", err);
	entry->mode = (uint32_t)mode & 07777;
	r = set_id(reader, block + TAR_UID_AT, pax->has_uid, pax->uid, &entry->uid, err);
	if (r == 0)
		r = set_id(reader, block + TAR_GID_AT, pax->has_gid, pax->gid, &entry->gid, err);
	if (r < 0)
		return r;
	entry->mtime_s = pax->mtime_s;
	entry->mtime_ns = pax->mtime_ns;
	if (!pax->has_mtime &&
	    !tar_number_parse(block + TAR_MTIME_AT, TAR_LONG_SIZE, &entry->mtime_s))
		return bad_number(reader, "time", err);
	entry->xattrs = pax->xattrs;
	if (dialect == DIALECT_V7 || (entry->type != TAR_CHAR && entry->type != TAR_BLOCK_DEVICE))
		return 0;
	r = set_device(reader, block + TAR_MAJOR_AT, &entry->device_major, err);
	return r < 0 ? r : set_device(reader, block + TAR_MINOR_AT, &entry->device_minor, err);
}

/* ---- what the type says ---- */

static int set_type(struct tar_reader *reader, uint8_t type, struct error *err)
{
	size_t length = strlen(reader->name);

	switch (type) {
	case '\0':
	case '0':
	case '7': /* contiguous: nobody ever made a difference */
	case 'S':
		/* Before there were types, a slash at the end made a directory. */
		reader->entry.type = length && reader->name[length - 1] == '/' ? TAR_DIR : TAR_FILE;
		return 0;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
		reader->entry.type = (enum tar_type)type;
		return 0;
	case 'D': /* a directory with the list of its names, of incremental backups */
		reader->entry.type = TAR_DIR;
		return 0;
	default:
		return error_set(err, -EOPNOTSUPP,
				 "'%.200s': entries of type '%c' are not supported", reader->name,
				 type >= ' ' && type < 0x7f ? type : '?');
	}
}

static int set_content(struct tar_reader *reader, const uint8_t block[TAR_BLOCK], uint64_t size,
		       struct error *err)
{
	struct tar_entry *entry = &reader->entry;
	bool old_sparse = block[TAR_TYPE_AT] == 'S';
	int r = 0;

	/* Links and devices have no content whatever their size says. */
	if (entry->type != TAR_FILE && block[TAR_TYPE_AT] != 'D')
		size = 0;
	reader->left = size;
	reader->padding = tar_padding(size);
	if (entry->type != TAR_FILE)
		return 0;
	entry->size = entry->stored = size;
	if (!old_sparse && !reader->pax.sparse)
		return 0;
	if (old_sparse)
		r = tar_sparse_read_old(&reader->pax, block, read_map_block, reader, err);
	else if (reader->pax.sparse_in_data)
		r = tar_sparse_read_map(&reader->pax, read_content_block, reader, err);
	if (r == 0)
		r = tar_sparse_check(&reader->pax, reader->left, err);
	if (r < 0)
		return error_prefix(err, r, "'%.200s'", reader->name);
	entry->sparse = true;
	entry->size = reader->pax.real_size;
	entry->stored = reader->left;
	entry->pieces = reader->pax.pieces;
	entry->piece_count = reader->pax.piece_count;
	return 0;
}

static char *choose_name(char **first, char **second, char *last)
{
	char *chosen = *first ? take_ptr(first) : *second ? take_ptr(second) : NULL;

	if (!chosen)
		return last;
	free(last);
	return chosen;
}

static int finish_entry(struct tar_reader *reader, const uint8_t block[TAR_BLOCK], int64_t size,
			struct error *err)
{
	enum tar_dialect dialect = dialect_of(block);
	char *link = xstrndup((const char *)block + TAR_LINK_AT, TAR_NAME_SIZE);
	int r;

	if (reader->pax.sparse_name) {
		free(reader->pax.path);
		reader->pax.path = take_ptr(&reader->pax.sparse_name);
	}
	reader->name =
		choose_name(&reader->pax.path, &reader->long_name, header_name(block, dialect));
	reader->link = choose_name(&reader->pax.linkpath, &reader->long_link, link);
	reader->entry.name = reader->name;
	r = set_type(reader, block[TAR_TYPE_AT], err);
	if (r < 0)
		return r;
	reader->entry.link = reader->entry.type == TAR_HARDLINK || reader->entry.type == TAR_SYMLINK
				     ? reader->link
				     : "";
	r = set_attributes(reader, block, dialect, err);
	if (r < 0)
		return r;
	if (reader->pax.has_size)
		size = (int64_t)reader->pax.size;
	return set_content(reader, block, (uint64_t)size, err);
}

/* A header that is about the next entry: 1; 0 when it is an entry itself. */
static int take_extension(struct tar_reader *reader, uint8_t type, uint64_t size, struct error *err)
{
	cleanup_with(buf_release) struct buf content = { 0 };
	int r;

	switch (type) {
	case 'x':
	case 'X': /* Solaris before the standard */
		tar_pax_release(&reader->pax);
		r = read_extension(reader, size, TAR_PAX_MAX, &content, err);
		if (r == 0)
			r = tar_pax_parse(&reader->pax, buf_string(&content), content.length, err);
		return r < 0 ? r : 1;
	case 'L':
	case 'K':
		r = read_extension(reader, size, TAR_LONG_NAME_MAX, &content, err);
		if (r < 0)
			return r;
		free(type == 'L' ? reader->long_name : reader->long_link);
		*(type == 'L' ? &reader->long_name : &reader->long_link) =
			xstrdup(buf_string(&content));
		return 1;
	case 'g': /* about all entries; Docker and containerd do not heed it either */
	case 'V': /* name of a volume */
	case 'A': /* Solaris's access lists */
		r = skip_bytes(reader, size + tar_padding(size), err);
		return r < 0 ? r : 1;
	default:
		return 0;
	}
}

static int next_entry(struct tar_reader *reader, struct error *err)
{
	uint8_t block[TAR_BLOCK];

	for (;;) {
		int64_t size;
		int r = read_header(reader, block, err);

		if (r <= 0)
			return r;
		r = check_header(block, err);
		if (r < 0)
			return r;
		if (!tar_number_parse(block + TAR_SIZE_AT, TAR_LONG_SIZE, &size) || size < 0 ||
		    size > INT64_MAX - (int64_t)TAR_BLOCK)
			return error_set(err, -EINVAL, "a header with a bad size");
		r = take_extension(reader, block[TAR_TYPE_AT], (uint64_t)size, err);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		r = finish_entry(reader, block, size, err);
		return r < 0 ? r : 1;
	}
}

int tar_reader_next(struct tar_reader *reader, const struct tar_entry **ret, struct error *err)
{
	int r;

	if (reader->ended)
		return 0;
	r = skip_bytes(reader, reader->left, err);
	if (r == 0)
		r = skip_bytes(reader, reader->padding, err);
	reader->left = reader->padding = 0;
	forget_entry(reader);
	if (r == 0)
		r = next_entry(reader, err);
	if (r <= 0) {
		reader->ended = true;
		return r;
	}
	*ret = &reader->entry;
	return 1;
}
