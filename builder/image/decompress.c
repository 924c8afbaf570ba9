/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/decompress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/archive_library.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define INPUT_SIZE ((size_t)64 << 10)

struct decompress {
	struct byte_source base;
	struct byte_source *from;
	const struct archive_library *library; /* NULL like the next */
	struct archive *archive;               /* NULL: the stream is plain */
	char *input;
	size_t input_length; /* in `input`, not handed on yet */
	struct error cause;  /* what `from` failed with */
	const char *block;   /* plain bytes of libarchive's, not handed on yet */
	size_t block_left;
	bool ended;
};

enum compression_seen compression_sniff(const void *data, size_t size)
{
	static const struct {
		enum compression_seen seen;
		const char *magic;
		size_t length;
	} magics[] = {
		{ SEEN_GZIP, "\x1f\x8b\x08", 3 },
		{ SEEN_ZSTD, "\x28\xb5\x2f\xfd", 4 },
		{ SEEN_BZIP2, "BZh", 3 },
		{ SEEN_XZ,
		  "\xfd"
		  "7zXZ",
		  6 },
	};
	const unsigned char *bytes = data;

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		if (size < magics[i].length || memcmp(data, magics[i].magic, magics[i].length) != 0)
			continue;
		/* A file may well be called "BZh…": the next is the block size. */
		if (magics[i].seen == SEEN_BZIP2 && (size < 6 || bytes[3] < '1' || bytes[3] > '9' ||
						     bytes[4] != 0x31 || bytes[5] != 0x41))
			continue;
		return magics[i].seen;
	}
	/* A skippable frame may come before the first real one. */
	if (size >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
		return SEEN_ZSTD;
	return SEEN_PLAIN;
}

static ssize_t feed(struct archive *archive, void *context, const void **ret)
{
	struct decompress *self = context;
	ssize_t n;

	*ret = self->input;
	if (self->input_length) {
		n = (ssize_t)self->input_length;
		self->input_length = 0;
		return n;
	}
	n = self->from->read(self->from, self->input, INPUT_SIZE, &self->cause);
	if (n >= 0)
		return n;
	self->cause.code = (int)n;
	self->library->set_error(archive, -(int)n, "cannot read");
	return -1;
}

/* The source's own words where it failed, else libarchive's. */
static int complain(struct decompress *self, struct error *err)
{
	const char *words = self->library->error_string(self->archive);

	if (self->cause.code < 0) {
		if (err)
			*err = self->cause;
		return self->cause.code;
	}
	return error_set(err, -EINVAL, "cannot decompress: %s", words ? words : "damaged data");
}

static int open_archive(struct decompress *self, enum compression_seen seen, struct error *err)
{
	struct archive_entry *entry;
	int r = archive_library_load(&self->library, err);

	if (r < 0)
		return r;
	self->archive = self->library->read_new();
	if (!self->archive)
		return error_set(err, -ENOMEM, "cannot decompress: out of memory");
	/* Only the filter that was seen: libarchive would undo one compression inside another. */
	switch (seen) {
	case SEEN_GZIP:
		r = self->library->read_support_filter_gzip(self->archive);
		break;
	case SEEN_ZSTD:
		r = self->library->read_support_filter_zstd(self->archive);
		break;
	case SEEN_BZIP2:
		r = self->library->read_support_filter_bzip2(self->archive);
		break;
	case SEEN_XZ:
		r = self->library->read_support_filter_xz(self->archive);
		break;
	case SEEN_PLAIN:
		r = ARCHIVE_FATAL;
		break;
	}
	if (r != ARCHIVE_OK)
		return error_set(err, -EOPNOTSUPP, "cannot decompress: %s",
				 self->library->error_string(self->archive));
	self->library->read_support_format_raw(self->archive);
	self->library->read_support_format_empty(self->archive);
	r = self->library->read_open(self->archive, self, NULL, feed, NULL);
	if (r == ARCHIVE_OK)
		r = self->library->read_next_header(self->archive, &entry);
	if (r == ARCHIVE_EOF)
		self->ended = true;
	else if (r != ARCHIVE_OK)
		return complain(self, err);
	return 0;
}

static ssize_t read_plain(struct decompress *self, void *data, size_t size, struct error *err)
{
	if (!self->input_length)
		return self->from->read(self->from, data, size, err);
	if (size > self->input_length)
		size = self->input_length;
	memcpy(data, self->input, size);
	self->input_length -= size;
	memmove(self->input, self->input + size, self->input_length);
	return (ssize_t)size;
}

static ssize_t read_decompressed(struct byte_source *base, void *data, size_t size,
				 struct error *err)
{
	struct decompress *self = (struct decompress *)base;
	la_int64_t offset;
	const void *block;

	if (!self->archive)
		return read_plain(self, data, size, err);
	while (!self->block_left && !self->ended) {
		int r = self->library->read_data_block(self->archive, &block, &self->block_left,
						       &offset);

		self->block = block;
		if (r == ARCHIVE_EOF) {
			self->ended = true;
			self->block_left = 0;
		} else if (r != ARCHIVE_OK) {
			self->block_left = 0;
			return complain(self, err);
		}
	}
	if (size > self->block_left)
		size = self->block_left;
	if (size == 0)
		return 0;
	memcpy(data, self->block, size);
	self->block += size;
	self->block_left -= size;
	return (ssize_t)size;
}

int decompress_open(struct byte_source *from, struct decompress **ret, struct error *err)
{
	cleanup_with(decompress_close) struct decompress *self = xcalloc(1, sizeof *self);
	enum compression_seen seen;
	ssize_t n;
	int r;

	self->base.read = read_decompressed;
	self->from = from;
	self->input = xmalloc(INPUT_SIZE);
	n = source_read_full(from, self->input, COMPRESSION_MAGIC_SIZE, err);
	if (n < 0)
		return (int)n;
	self->input_length = (size_t)n;
	seen = compression_sniff(self->input, self->input_length);
	r = seen == SEEN_PLAIN ? 0 : open_archive(self, seen, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&self);
	return 0;
}

struct byte_source *decompress_source(struct decompress *decompress)
{
	return &decompress->base;
}

bool decompress_was_compressed(const struct decompress *decompress)
{
	return decompress->archive;
}

void decompress_close(struct decompress *decompress)
{
	if (!decompress)
		return;
	if (decompress->archive)
		decompress->library->read_free(decompress->archive);
	free(decompress->input);
	free(decompress);
}
