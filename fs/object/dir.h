/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directory objects: one Merkle node, and its bytes.
 *
 * All integers little-endian. A leaf:
 *
 *   0  "OSDR"   4 u8 version = 1   5 u8 kind = 0   6 u16 0   8 u32 entry count   12 u32 0
 *   16 entries, ascending by memcmp of their names, each a multiple of 4 bytes:
 *      u16 length of the entry   u8 type   u8 flags
 *      u32 mode (07777)   u32 uid   u32 gid   u32 mtime ns   i64 mtime s
 *      u64 size: bytes of a file or of a symlink's target, sub-directories of a directory, or
 *                major << 32 | minor of a device
 *      [32 bytes id]           file: its blob, directory: its node; absent for an empty file,
 *                              with DIR_ENTRY_INLINE, and for every other type
 *      [u64 link id, u32 count of links]   with DIR_ENTRY_HARDLINK
 *      [32 bytes id]           with DIR_ENTRY_XATTRS: the object of its extended attributes
 *      u16 length of name, name, with DIR_ENTRY_INLINE `size` bytes of content, zeros to 4
 *
 * A symlink's target is always inline; a file's content is when it has 1 to 40 bytes.
 *
 * More than 256 entries make a paged directory: kind 1, and instead of entries one record for
 * each page, `32 bytes id, u16 length, name of its first entry, u32 count`, zeros to 4. A page
 * is a leaf. It ends behind an entry whose hash64(name) % 64 is 0 once it has 16 entries, and at
 * 1024 entries. So every directory has exactly one encoding, and a change in a large one costs a
 * page. Decoding refuses everything that encoding would not have written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/buf.h"
#include "fs/object/id.h"

struct error;

#define DIR_LEAF_MAX_ENTRIES 256
#define DIR_INLINE_MAX       40
#define DIR_NAME_MAX         255
#define DIR_SYMLINK_MAX      4095
#define DIR_OBJECT_MAX       ((size_t)64 << 20)

enum dir_entry_type {
	DIR_ENTRY_FILE = 'f',
	DIR_ENTRY_DIR = 'd',
	DIR_ENTRY_SYMLINK = 'l',
	DIR_ENTRY_BLOCK = 'b',
	DIR_ENTRY_CHAR = 'c',
	DIR_ENTRY_FIFO = 'p',
	DIR_ENTRY_SOCKET = 's',
};

/* Of a file with this mode; 0: there is no such type. */
int dir_entry_type_of(mode_t mode);

enum dir_entry_flags {
	DIR_ENTRY_HARDLINK = 1 << 0,
	DIR_ENTRY_XATTRS = 1 << 1,
	DIR_ENTRY_INLINE = 1 << 2,
};

/* `name`, and `inline_data` where there is any, point into the decoded bytes or to the caller's. */
struct dir_entry {
	enum dir_entry_type type;
	unsigned flags;
	uint32_t mode; /* permission bits, 07777 */
	uint32_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t size; /* see above: of a directory how many it has in it, of a device its number */
	struct object_id id;
	uint64_t link_id;
	uint32_t link_count;
	struct object_id xattrs;
	const char *name; /* not ended by NUL */
	uint16_t name_length;
	const uint8_t *inline_data; /* `size` bytes */
};

/* One page of a paged directory. */
struct dir_page {
	struct object_id id;
	const char *first_name;
	uint16_t first_name_length;
	uint32_t count;
};

/* Cursor over the bytes of one object, which the caller keeps. */
struct dir_reader {
	const uint8_t *data;
	size_t size;
	size_t offset;
	uint32_t count; /* entries or pages in all */
	uint32_t done;
	bool paged;
	const char *last_name;
	uint16_t last_name_length;
};

/* -EBADMSG when this is not the head of a directory object. */
int dir_reader_init(struct dir_reader *reader, const void *data, size_t size, struct error *err);
/* Next entry of a leaf, or next page of a paged one: 1, 0 at the end, -EBADMSG. */
int dir_reader_next(struct dir_reader *reader, struct dir_entry *ret, struct error *err);
int dir_reader_next_page(struct dir_reader *reader, struct dir_page *ret, struct error *err);

/* Order of names: memcmp, the shorter first when one begins the other. */
int dir_name_compare(const char *a, size_t a_length, const char *b, size_t b_length);

/*
 * Encoding. Entries are added in ascending order; finish hands every object that makes up the
 * directory to `put`, pages first, and returns the id of the last. `put` gets an object's id and
 * its bytes, and returns 0 or a negative errno that ends the encoding.
 */
typedef int (*dir_put_fn)(void *context, const struct object_id *id, const void *data, size_t size,
			  struct error *err);

/* Where a page begins in the bytes of all entries. */
struct dir_writer_page {
	size_t start;
	uint32_t count;
	size_t name_start; /* of its first entry's name */
	uint16_t name_length;
};

/* All zero is a writer without entries. */
struct dir_writer {
	struct buf entries;
	struct dir_writer_page *pages;
	size_t page_count, page_capacity;
	uint32_t count;
	bool page_ended;
};

void dir_writer_add(struct dir_writer *writer, const struct dir_entry *entry);
int dir_writer_finish(struct dir_writer *writer, dir_put_fn put, void *context,
		      struct object_id *ret_id, struct error *err);
void dir_writer_release(struct dir_writer *writer);
DEFINE_CLEANUP_VALUE(struct dir_writer, dir_writer_release);
/* Nothing has been added behind the end of a page. */
bool dir_writer_at_page_end(const struct dir_writer *writer);

/*
 * A paged directory out of pages that are stored already and such as are new, in order. What comes
 * behind a page that is not the last must begin a page. All zero is one without pages.
 */
struct dir_pages {
	struct buf list;
	uint32_t page_count;
	uint64_t entry_count; /* more than DIR_LEAF_MAX_ENTRIES, or it is no paged directory */
};

void dir_pages_keep(struct dir_pages *pages, const struct dir_page *page);
/* All that is in the writer, which is empty then. */
int dir_pages_add(struct dir_pages *pages, struct dir_writer *writer, dir_put_fn put, void *context,
		  struct error *err);
int dir_pages_finish(struct dir_pages *pages, dir_put_fn put, void *context,
		     struct object_id *ret_id, struct error *err);
void dir_pages_release(struct dir_pages *pages);
DEFINE_CLEANUP_VALUE(struct dir_pages, dir_pages_release);
