/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/dir.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"
#include "fs/base/path.h"

#define HEAD_SIZE        16
#define ENTRY_FIXED_SIZE 36 /* up to and with the size */
#define PAGE_MIN_ENTRIES 16
#define PAGE_MAX_ENTRIES 1024

static const char magic[4] = { 'O', 'S', 'D', 'R' };

static size_t round_up_4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

int dir_name_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t shorter = a_length < b_length ? a_length : b_length;
	int order = memcmp(a, b, shorter);

	if (order)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

int dir_entry_type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return DIR_ENTRY_FILE;
	case S_IFDIR:
		return DIR_ENTRY_DIR;
	case S_IFLNK:
		return DIR_ENTRY_SYMLINK;
	case S_IFBLK:
		return DIR_ENTRY_BLOCK;
	case S_IFCHR:
		return DIR_ENTRY_CHAR;
	case S_IFIFO:
		return DIR_ENTRY_FIFO;
	case S_IFSOCK:
		return DIR_ENTRY_SOCKET;
	default:
		return 0;
	}
}

/* Reading */

static int damaged(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, "damaged directory object: %s", what);
}

int dir_reader_init(struct dir_reader *reader, const void *data, size_t size, struct error *err)
{
	const uint8_t *head = data;

	*reader = (struct dir_reader){ 0 };
	if (size < HEAD_SIZE || memcmp(head, magic, sizeof magic) != 0)
		return damaged(err, "no directory");
	if (head[4] != 1)
		return damaged(err, "a version that this program does not know");
	if (head[5] > 1 || get_le16(head + 6) != 0 || get_le32(head + 12) != 0)
		return damaged(err, "reserved fields");
	*reader = (struct dir_reader){ .data = head,
				       .size = size,
				       .offset = HEAD_SIZE,
				       .count = get_le32(head + 8),
				       .paged = head[5] == 1 };
	return 0;
}

/* A name that comes after the last one. */
static int check_name(struct dir_reader *reader, const char *name, uint16_t length,
		      struct error *err)
{
	if (!path_name_valid(name, length))
		return damaged(err, "a name that is none");
	if (reader->last_name &&
	    dir_name_compare(reader->last_name, reader->last_name_length, name, length) >= 0)
		return damaged(err, "names out of order");
	reader->last_name = name;
	reader->last_name_length = length;
	return 0;
}

static bool all_zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (at[i])
			return false;
	}
	return true;
}

static bool has_id(const struct dir_entry *entry)
{
	if (entry->type == DIR_ENTRY_DIR)
		return true;
	return entry->type == DIR_ENTRY_FILE && entry->size > DIR_INLINE_MAX;
}

static bool is_inline(const struct dir_entry *entry)
{
	if (entry->type == DIR_ENTRY_SYMLINK)
		return true;
	return entry->type == DIR_ENTRY_FILE && entry->size > 0 && entry->size <= DIR_INLINE_MAX;
}

static int check_entry(const struct dir_entry *entry, struct error *err)
{
	switch (entry->type) {
	case DIR_ENTRY_FILE:
		if (entry->size > INT64_MAX)
			return damaged(err, "a file size");
		break;
	case DIR_ENTRY_SYMLINK:
		if (entry->size == 0 || entry->size > DIR_SYMLINK_MAX)
			return damaged(err, "the length of a symlink");
		break;
	case DIR_ENTRY_DIR:
		if (entry->size > UINT32_MAX)
			return damaged(err, "a count of sub-directories");
		break;
	case DIR_ENTRY_FIFO:
	case DIR_ENTRY_SOCKET:
		if (entry->size != 0)
			return damaged(err, "a size where there is none");
		break;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
		break;
	default:
		return damaged(err, "an unknown file type");
	}
	if (entry->flags & ~(unsigned)(DIR_ENTRY_HARDLINK | DIR_ENTRY_XATTRS | DIR_ENTRY_INLINE) ||
	    !!(entry->flags & DIR_ENTRY_INLINE) != is_inline(entry))
		return damaged(err, "flags of an entry");
	if (entry->flags & DIR_ENTRY_HARDLINK && entry->type == DIR_ENTRY_DIR)
		return damaged(err, "a directory with hard links");
	if (entry->mode > 07777 || entry->mtime_ns >= 1000000000)
		return damaged(err, "mode or time of an entry");
	return 0;
}

/* The fields that not every entry has, up to the name: their size, or 0 when they do not fit. */
static size_t read_optional(const uint8_t *at, size_t left, struct dir_entry *entry)
{
	size_t used = 0;
	size_t need = (has_id(entry) ? OBJECT_ID_SIZE : 0) +
		      (entry->flags & DIR_ENTRY_HARDLINK ? 12 : 0) +
		      (entry->flags & DIR_ENTRY_XATTRS ? OBJECT_ID_SIZE : 0) + 2;

	if (need > left)
		return 0;
	if (has_id(entry)) {
		memcpy(entry->id.bytes, at, OBJECT_ID_SIZE);
		used += OBJECT_ID_SIZE;
	}
	if (entry->flags & DIR_ENTRY_HARDLINK) {
		entry->link_id = get_le64(at + used);
		entry->link_count = get_le32(at + used + 8);
		used += 12;
	}
	if (entry->flags & DIR_ENTRY_XATTRS) {
		memcpy(entry->xattrs.bytes, at + used, OBJECT_ID_SIZE);
		used += OBJECT_ID_SIZE;
	}
	entry->name_length = get_le16(at + used);
	return used + 2;
}

int dir_reader_next(struct dir_reader *reader, struct dir_entry *ret, struct error *err)
{
	const uint8_t *at = reader->data + reader->offset;
	size_t left = reader->size - reader->offset;
	struct dir_entry entry = { 0 };
	size_t length, used, optional, content;
	int r;

	if (reader->paged)
		return damaged(err, "pages where entries belong");
	if (reader->done == reader->count)
		return left ? damaged(err, "bytes behind the last entry") : 0;
	if (left < ENTRY_FIXED_SIZE)
		return damaged(err, "it is cut off");
	length = get_le16(at);
	if (length > left || length < ENTRY_FIXED_SIZE)
		return damaged(err, "the length of an entry");
	entry.type = at[2];
	entry.flags = at[3];
	entry.mode = get_le32(at + 4);
	entry.uid = get_le32(at + 8);
	entry.gid = get_le32(at + 12);
	entry.mtime_ns = get_le32(at + 16);
	entry.mtime_s = (int64_t)get_le64(at + 20);
	entry.size = get_le64(at + 28);
	r = check_entry(&entry, err);
	if (r < 0)
		return r;
	used = ENTRY_FIXED_SIZE;
	optional = read_optional(at + used, length - used, &entry);
	content = entry.flags & DIR_ENTRY_INLINE ? (size_t)entry.size : 0;
	if (!optional || round_up_4(used + optional + entry.name_length + content) != length)
		return damaged(err, "the length of an entry");
	if (entry.flags & DIR_ENTRY_HARDLINK && entry.link_count < 2)
		return damaged(err, "a count of links");
	used += optional;
	entry.name = (const char *)at + used;
	used += entry.name_length;
	if (content)
		entry.inline_data = at + used;
	used += content;
	if (!all_zero(at + used, length - used))
		return damaged(err, "padding");
	r = check_name(reader, entry.name, entry.name_length, err);
	if (r < 0)
		return r;
	reader->offset += length;
	reader->done++;
	*ret = entry;
	return 1;
}

int dir_reader_next_page(struct dir_reader *reader, struct dir_page *ret, struct error *err)
{
	const uint8_t *at = reader->data + reader->offset;
	size_t left = reader->size - reader->offset;
	struct dir_page page;
	size_t used, length;
	int r;

	if (!reader->paged)
		return damaged(err, "entries where pages belong");
	if (reader->done == reader->count)
		return left ? damaged(err, "bytes behind the last page") : 0;
	if (left < OBJECT_ID_SIZE + 2)
		return damaged(err, "it is cut off");
	memcpy(page.id.bytes, at, OBJECT_ID_SIZE);
	page.first_name_length = get_le16(at + OBJECT_ID_SIZE);
	used = OBJECT_ID_SIZE + 2 + page.first_name_length;
	length = round_up_4(used + 4);
	if (length > left)
		return damaged(err, "it is cut off");
	page.first_name = (const char *)at + OBJECT_ID_SIZE + 2;
	page.count = get_le32(at + used);
	if (page.count == 0 || page.count > PAGE_MAX_ENTRIES ||
	    !all_zero(at + used + 4, length - used - 4))
		return damaged(err, "a page");
	r = check_name(reader, page.first_name, page.first_name_length, err);
	if (r < 0)
		return r;
	reader->offset += length;
	reader->done++;
	*ret = page;
	return 1;
}

/* Writing */

static void begin_page(struct dir_writer *writer)
{
	array_reserve_one(writer->pages, writer->page_count, writer->page_capacity);
	writer->pages[writer->page_count++] =
		(struct dir_writer_page){ .start = writer->entries.length };
	writer->page_ended = false;
}

void dir_writer_add(struct dir_writer *writer, const struct dir_entry *entry)
{
	struct buf *buf = &writer->entries;
	struct dir_writer_page *page;
	size_t start = buf->length, name_start;
	unsigned flags = entry->flags & (DIR_ENTRY_HARDLINK | DIR_ENTRY_XATTRS);

	if (writer->page_count == 0 || writer->page_ended)
		begin_page(writer);
	page = &writer->pages[writer->page_count - 1];
	if (is_inline(entry))
		flags |= DIR_ENTRY_INLINE;
	buf_add_le16(buf, 0); /* its length, known below */
	buf_add_char(buf, (char)entry->type);
	buf_add_char(buf, (char)flags);
	buf_add_le32(buf, entry->mode);
	buf_add_le32(buf, entry->uid);
	buf_add_le32(buf, entry->gid);
	buf_add_le32(buf, entry->mtime_ns);
	buf_add_le64(buf, (uint64_t)entry->mtime_s);
	buf_add_le64(buf, entry->size);
	if (has_id(entry))
		buf_append(buf, entry->id.bytes, OBJECT_ID_SIZE);
	if (flags & DIR_ENTRY_HARDLINK) {
		buf_add_le64(buf, entry->link_id);
		buf_add_le32(buf, entry->link_count);
	}
	if (flags & DIR_ENTRY_XATTRS)
		buf_append(buf, entry->xattrs.bytes, OBJECT_ID_SIZE);
	buf_add_le16(buf, entry->name_length);
	name_start = buf->length;
	buf_append(buf, entry->name, entry->name_length);
	if (flags & DIR_ENTRY_INLINE)
		buf_append(buf, entry->inline_data, entry->size);
	buf_add_zeros(buf, round_up_4(buf->length - start) - (buf->length - start));
	put_le16(buf->data + start, (uint16_t)(buf->length - start));

	if (page->count++ == 0) {
		page->name_start = name_start;
		page->name_length = entry->name_length;
	}
	writer->count++;
	writer->page_ended = page->count == PAGE_MAX_ENTRIES ||
			     (page->count >= PAGE_MIN_ENTRIES &&
			      hash64(entry->name, entry->name_length) % 64 == 0);
}

static void add_head(struct buf *out, bool paged, uint32_t count)
{
	buf_append(out, magic, sizeof magic);
	buf_add_char(out, 1);
	buf_add_char(out, paged);
	buf_add_le16(out, 0);
	buf_add_le32(out, count);
	buf_add_le32(out, 0);
}

static int put_object(const struct buf *object, dir_put_fn put, void *context,
		      struct object_id *ret_id, struct error *err)
{
	*ret_id = object_id_of(object->data, object->length);
	return put(context, ret_id, object->data, object->length, err);
}

static int put_leaf(const struct dir_writer *writer, size_t start, size_t end, uint32_t count,
		    dir_put_fn put, void *context, struct object_id *ret_id, struct error *err)
{
	cleanup_with(buf_release) struct buf leaf = { 0 };

	buf_reserve(&leaf, HEAD_SIZE + end - start);
	add_head(&leaf, false, count);
	if (end > start)
		buf_append(&leaf, writer->entries.data + start, end - start);
	return put_object(&leaf, put, context, ret_id, err);
}

bool dir_writer_at_page_end(const struct dir_writer *writer)
{
	return writer->count == 0 || writer->page_ended;
}

void dir_pages_keep(struct dir_pages *pages, const struct dir_page *page)
{
	struct buf *list = &pages->list;
	size_t start;

	if (!list->length)
		add_head(list, true, 0); /* their number is known in the end */
	start = list->length;
	buf_append(list, page->id.bytes, OBJECT_ID_SIZE);
	buf_add_le16(list, page->first_name_length);
	buf_append(list, page->first_name, page->first_name_length);
	buf_add_le32(list, page->count);
	buf_add_zeros(list, round_up_4(list->length - start) - (list->length - start));
	pages->page_count++;
	pages->entry_count += page->count;
}

int dir_pages_add(struct dir_pages *pages, struct dir_writer *writer, dir_put_fn put, void *context,
		  struct error *err)
{
	const char *all = writer->entries.data;

	for (size_t i = 0; i < writer->page_count; i++) {
		const struct dir_writer_page *at = &writer->pages[i];
		size_t end = i + 1 < writer->page_count ? at[1].start : writer->entries.length;
		struct dir_page page = { .first_name = all + at->name_start,
					 .first_name_length = at->name_length,
					 .count = at->count };
		int r = put_leaf(writer, at->start, end, at->count, put, context, &page.id, err);

		if (r < 0)
			return r;
		dir_pages_keep(pages, &page);
	}
	dir_writer_release(writer);
	return 0;
}

int dir_pages_finish(struct dir_pages *pages, dir_put_fn put, void *context,
		     struct object_id *ret_id, struct error *err)
{
	put_le32(pages->list.data + 8, pages->page_count);
	return put_object(&pages->list, put, context, ret_id, err);
}

void dir_pages_release(struct dir_pages *pages)
{
	buf_release(&pages->list);
	*pages = (struct dir_pages){ 0 };
}

int dir_writer_finish(struct dir_writer *writer, dir_put_fn put, void *context,
		      struct object_id *ret_id, struct error *err)
{
	cleanup_with(dir_pages_release) struct dir_pages pages = { 0 };
	int r;

	if (writer->count <= DIR_LEAF_MAX_ENTRIES)
		return put_leaf(writer, 0, writer->entries.length, writer->count, put, context,
				ret_id, err);
	r = dir_pages_add(&pages, writer, put, context, err);
	return r < 0 ? r : dir_pages_finish(&pages, put, context, ret_id, err);
}

void dir_writer_release(struct dir_writer *writer)
{
	buf_release(&writer->entries);
	free(writer->pages);
	*writer = (struct dir_writer){ 0 };
}
