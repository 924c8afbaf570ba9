/* SPDX-License-Identifier: Apache-2.0 */
/* Archives in whatever compression: what is read from one stays within what was said of it. */
#include <assert.h>
#include <stdint.h>

#include "builder/image/decompress.h"
#include "builder/image/tar/tar_read.h"
#include "fs/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few bytes may unpack to terabytes. */
#define READ_MAX ((uint64_t)1 << 20)

struct short_source {
	struct byte_source base;
	struct byte_source *from;
	uint64_t left;
};

static ssize_t read_some(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct short_source *source = (struct short_source *)base;
	ssize_t got = 0;

	if (size > source->left)
		size = (size_t)source->left;
	if (size > 0)
		got = source->from->read(source->from, data, size, err);
	if (got > 0)
		source->left -= (uint64_t)got;
	return got;
}

static void check_entry(const struct tar_entry *entry)
{
	uint64_t end = 0, stored = 0;

	assert(entry->name && entry->link && (entry->mode & ~07777U) == 0);
	assert(entry->mtime_ns < 1000000000);
	for (size_t i = 0; i < entry->piece_count; i++) {
		const struct tar_piece *piece = &entry->pieces[i];

		assert(piece->length > 0 && piece->offset >= end);
		assert(piece->length <= entry->size &&
		       piece->offset <= entry->size - piece->length);
		end = piece->offset + piece->length;
		stored += piece->length;
	}
	assert(!entry->sparse || stored == entry->stored);
	assert(xattrs_encoded_size(&entry->xattrs) <= XATTRS_MAX);
}

static void read_archive(struct byte_source *source)
{
	struct tar_reader *reader = tar_reader_new(source);
	const struct tar_entry *entry;
	char part[777];

	while (tar_reader_next(reader, &entry, NULL) > 0) {
		uint64_t got = 0, stored = entry->stored;
		ssize_t r = 0;

		check_entry(entry);
		/* Some are read, some are passed over. */
		while (stored % 2 == 0 &&
		       (r = tar_reader_read(reader, part, sizeof part, NULL)) > 0)
			got += (uint64_t)r;
		assert(got <= stored);
		if (r < 0)
			break;
	}
	tar_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct short_source source = { .base.read = read_some, .left = READ_MAX };
	struct memory_source memory;
	struct decompress *decompress;

	memory_source_init(&memory, data, size);
	if (decompress_open(&memory.base, &decompress, NULL) < 0)
		return 0;
	source.from = decompress_source(decompress);
	read_archive(&source.base);
	decompress_close(decompress);
	return 0;
}
