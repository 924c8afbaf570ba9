/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a store: what decodes encodes to the same bytes, so that a thing has one name. The
 * first byte says which kind.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "fs/base/buf.h"
#include "fs/object/dir.h"
#include "fs/object/extents.h"
#include "fs/object/links.h"
#include "fs/object/snapshot_record.h"
#include "fs/object/xattrs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct buf *again, const uint8_t *data, size_t size)
{
	if (again->length != size || memcmp(buf_string(again), data, size) != 0)
		abort();
}

struct expected {
	const uint8_t *data;
	size_t size;
};

static int compare_object(void *context, const struct object_id *id, const void *data, size_t size,
			  struct error *err)
{
	const struct expected *expected = context;

	(void)id;
	(void)err;
	if (size != expected->size || memcmp(data, expected->data, size) != 0)
		abort();
	return 0;
}

/* Pages have what their list says of them elsewhere: those are read only. */
static void read_pages(struct dir_reader *reader)
{
	struct dir_page page;

	while (dir_reader_next_page(reader, &page, NULL) > 0)
		assert(page.count > 0 && page.first_name_length > 0);
}

static void fuzz_dir(const uint8_t *data, size_t size)
{
	struct dir_reader reader;
	struct dir_entry entry;
	struct dir_writer writer = { 0 };
	struct expected expected = { data, size };
	struct object_id id;
	int r;

	if (dir_reader_init(&reader, data, size, NULL) < 0)
		return;
	if (reader.paged) {
		read_pages(&reader);
		return;
	}
	while ((r = dir_reader_next(&reader, &entry, NULL)) > 0)
		dir_writer_add(&writer, &entry);
	/* A page of a larger directory is a leaf that may be longer than a directory of one. */
	if (r == 0 && reader.count <= DIR_LEAF_MAX_ENTRIES)
		(void)dir_writer_finish(&writer, compare_object, &expected, &id, NULL);
	dir_writer_release(&writer);
}

static void fuzz_snapshot(const uint8_t *data, size_t size, struct buf *again)
{
	struct snapshot_record record;

	if (snapshot_record_decode(data, size, &record, NULL) < 0)
		return;
	snapshot_record_encode(&record, again);
	check_same(again, data, size);
}

static void fuzz_extents(const uint8_t *data, size_t size, struct buf *again)
{
	struct extents extents = { 0 };
	uint64_t inside;

	if (extents_decode(data, size, &extents, NULL) == 0) {
		for (uint64_t at = 0; at < extents.size; at += extents.size / 7 + 1)
			assert(extents_find(&extents, at, &inside) < extents.count);
		extents_encode(&extents, again);
		check_same(again, data, size);
	}
	extents_release(&extents);
}

static void fuzz_xattrs(const uint8_t *data, size_t size, struct buf *again)
{
	struct xattrs xattrs = { 0 };

	if (xattrs_decode(data, size, &xattrs, NULL) == 0) {
		assert(xattrs_encoded_size(&xattrs) == size);
		xattrs_encode(&xattrs, again);
		check_same(again, data, size);
	}
	xattrs_release(&xattrs);
}

static void fuzz_links(const uint8_t *data, size_t size, struct buf *again)
{
	struct links links = { 0 };

	if (links_decode(data, size, &links, NULL) == 0) {
		for (size_t i = 0; i < links.count; i++)
			assert(links_find(&links, links.groups[i].id) == &links.groups[i]);
		links_encode(&links, again);
		check_same(again, data, size);
	}
	links_release(&links);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf again = { 0 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'd':
		fuzz_dir(data + 1, size - 1);
		break;
	case 's':
		fuzz_snapshot(data + 1, size - 1, &again);
		break;
	case 'e':
		fuzz_extents(data + 1, size - 1, &again);
		break;
	case 'x':
		fuzz_xattrs(data + 1, size - 1, &again);
		break;
	case 'l':
		fuzz_links(data + 1, size - 1, &again);
		break;
	default:
		break;
	}
	buf_release(&again);
	return 0;
}
