/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/trace.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"
#include "fs/base/path.h"
#include "fs/base/wire.h"

#define VERSION   1
#define HEAD_SIZE (12 + OBJECT_ID_SIZE)
#define SUM_SIZE  4

static const char magic[4] = { 'V', 'T', 'R', 'C' };

struct trace_entry *trace_add(struct trace *trace, uint32_t parent, const char *name, size_t length)
{
	struct trace_entry *entry;

	array_reserve_one(trace->items, trace->count, trace->capacity);
	entry = &trace->items[trace->count++];
	*entry = (struct trace_entry){ .parent = parent,
				       .name = arena_copy(&trace->names, name, length),
				       .name_length = (uint16_t)length };
	return entry;
}

char *trace_path(const struct trace *trace, uint32_t index)
{
	cleanup_free char *path = xstrdup("");

	/* Directories stand before what is in them, so this comes to an end. */
	while (index > 0) {
		const struct trace_entry *entry = &trace->items[index];
		char *longer = xasprintf("%s%s%s", entry->name, *path ? "/" : "", path);

		free(path);
		path = longer;
		index = entry->parent;
	}
	return take_ptr(&path);
}

void trace_release(struct trace *trace)
{
	free(trace->items);
	arena_release(&trace->names);
	*trace = (struct trace){ 0 };
}

/* ---- writing ---- */

static bool has_content(enum dir_entry_type type)
{
	return type == DIR_ENTRY_FILE || type == DIR_ENTRY_SYMLINK || type == DIR_ENTRY_DIR;
}

static void put_id(struct buf *ret, const struct object_id *id)
{
	buf_append(ret, id->bytes, OBJECT_ID_SIZE);
}

static void put_entry(const struct trace_entry *entry, struct buf *ret)
{
	buf_add_le32(ret, entry->parent);
	buf_add_char(ret, (char)entry->flags);
	buf_add_char(ret, entry->found ? (char)entry->type : 0);
	buf_add_le16(ret, entry->name_length);
	buf_append(ret, entry->name, entry->name_length);
	if (!entry->found)
		return;
	buf_add_le32(ret, entry->mode);
	buf_add_le32(ret, entry->uid);
	buf_add_le32(ret, entry->gid);
	buf_add_le64(ret, entry->size);
	if (has_content(entry->type))
		put_id(ret, &entry->content);
	if (entry->flags & TRACE_XATTRS)
		put_id(ret, &entry->xattrs);
	if (entry->flags & TRACE_LINKED)
		put_id(ret, &entry->links);
	if (entry->type != DIR_ENTRY_DIR)
		return;
	buf_add_le64(ret, (uint64_t)entry->mtime_s);
	buf_add_le32(ret, entry->mtime_ns);
	put_id(ret, &entry->names);
	if (entry->flags & TRACE_WHOLE)
		put_id(ret, &entry->whole);
}

void trace_encode(const struct trace *trace, struct buf *ret)
{
	size_t start = ret->length;

	buf_append(ret, magic, sizeof magic);
	buf_add_le32(ret, VERSION);
	buf_add_le32(ret, trace->count);
	put_id(ret, &trace->links);
	for (uint32_t i = 0; i < trace->count; i++)
		put_entry(&trace->items[i], ret);
	buf_add_le32(ret, crc32c(0, ret->data + start, ret->length - start));
}

/* ---- reading ---- */

static bool type_known(uint8_t type)
{
	return type && strchr("fdlbcps", type);
}

/* The place in the bytes of an entry; a name is read by hand, for its length has 16 bits. */
static const char *take_name(struct wire *wire, uint16_t *ret_length)
{
	uint8_t bytes[2];
	const char *name;
	uint16_t length;

	wire_fixed(wire, bytes, sizeof bytes);
	length = get_le16(bytes);
	name = (const char *)wire->at;
	if (wire->bad || length > wire->left) {
		wire->bad = true;
		return NULL;
	}
	wire->at += length;
	wire->left -= length;
	*ret_length = length;
	return name;
}

static void take_id(struct wire *wire, bool there, struct object_id *ret)
{
	if (there)
		wire_fixed(wire, ret->bytes, OBJECT_ID_SIZE);
}

static void take_facts(struct wire *wire, struct trace_entry *entry)
{
	bool dir = entry->type == DIR_ENTRY_DIR;

	entry->mode = wire_u32(wire);
	entry->uid = wire_u32(wire);
	entry->gid = wire_u32(wire);
	entry->size = wire_u64(wire);
	take_id(wire, has_content(entry->type), &entry->content);
	take_id(wire, entry->flags & TRACE_XATTRS, &entry->xattrs);
	take_id(wire, entry->flags & TRACE_LINKED, &entry->links);
	if (dir) {
		entry->mtime_s = (int64_t)wire_u64(wire);
		entry->mtime_ns = wire_u32(wire);
		take_id(wire, true, &entry->names);
		take_id(wire, entry->flags & TRACE_WHOLE, &entry->whole);
	}
	if (entry->mode > 07777 || entry->mtime_ns >= 1000000000 ||
	    (!dir && entry->flags & (TRACE_LISTED | TRACE_WHOLE)) ||
	    (dir && entry->flags & TRACE_LINKED))
		wire->bad = true;
}

/* The name, and the directory it is in: one that was found before. */
static bool place_good(const struct trace *trace, uint32_t parent, const char *name, size_t length)
{
	if (trace->count == 0)
		return parent == 0 && length == 0;
	return parent < trace->count && trace->items[parent].found &&
	       trace->items[parent].type == DIR_ENTRY_DIR && path_name_valid(name, length);
}

static bool take_entry(struct wire *wire, struct trace *trace)
{
	const uint8_t all = TRACE_LISTED | TRACE_WHOLE | TRACE_XATTRS | TRACE_LINKED;
	uint32_t parent = wire_u32(wire);
	struct trace_entry *entry;
	uint16_t length = 0;
	uint8_t head[2];
	const char *name;

	wire_fixed(wire, head, sizeof head);
	name = take_name(wire, &length);
	if (wire->bad || head[0] & ~all || (head[1] ? !type_known(head[1]) : head[0] != 0) ||
	    !place_good(trace, parent, name, length) ||
	    (trace->count == 0 && head[1] != DIR_ENTRY_DIR))
		return false;
	entry = trace_add(trace, parent, name, length);
	entry->flags = head[0];
	entry->found = head[1] != 0;
	if (entry->found) {
		entry->type = head[1];
		take_facts(wire, entry);
	}
	return !wire->bad;
}

int trace_decode(const void *data, size_t size, struct trace *ret, struct error *err)
{
	cleanup_with(trace_release) struct trace trace = { 0 };
	const uint8_t *at = data;
	struct wire wire;
	uint32_t count;

	if (size < HEAD_SIZE + SUM_SIZE || memcmp(at, magic, sizeof magic) != 0 ||
	    get_le32(at + 4) != VERSION)
		return error_set(err, -EBADMSG, "damaged trace, or one of an unknown version");
	if (get_le32(at + size - SUM_SIZE) != crc32c(0, at, size - SUM_SIZE))
		return error_set(err, -EBADMSG, "damaged trace: its check sum is wrong");
	count = get_le32(at + 8);
	memcpy(trace.links.bytes, at + 12, OBJECT_ID_SIZE);
	if (count == 0 || count > TRACE_MAX_ENTRIES)
		return error_set(err, -EBADMSG, "damaged trace: its length");
	wire = wire_of(at + HEAD_SIZE, size - HEAD_SIZE - SUM_SIZE);
	while (trace.count < count) {
		if (!take_entry(&wire, &trace))
			return error_set(err, -EBADMSG, "damaged trace: entry %u", trace.count);
	}
	if (wire_end(&wire) < 0)
		return error_set(err, -EBADMSG, "bytes behind the end of a trace");
	*ret = trace;
	trace = (struct trace){ 0 };
	return 0;
}
