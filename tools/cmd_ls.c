/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/walk.h"
#include "tools/access.h"
#include "tools/output.h"
#include "tools/table.h"
#include "tools/timestamp.h"

struct ls_options {
	const char *format;
	bool longer, recursive, itself;
};

static const struct option_spec options[] = {
	{ .name = "directory",
	  .letter = 'd',
	  OPTION_AT(struct ls_options, itself),
	  .help = "The directory or symlink itself, not what is in it" },
	{ .name = "format",
	  OPTION_AT(struct ls_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ .name = "long",
	  .letter = 'l',
	  OPTION_AT(struct ls_options, longer),
	  .help = "Modes, owners, sizes and times as well" },
	{ .name = "recursive",
	  .letter = 'R',
	  OPTION_AT(struct ls_options, recursive),
	  .help = "Also what is below, by its path" },
	{ 0 },
};

static const struct table_column columns[] = {
	{ "MODE", "mode" },   { "OWNER", "owner" },
	{ "SIZE", "size" },   { "MODIFIED", "modified" },
	{ "NAME", "path" },   { "", "type" },
	{ "", "uid" },        { "", "gid" },
	{ "", "link_count" }, { "", "target" },
	{ "", "device" },     { "", "digest" },
	{ "", "attributes" }, { 0 },
};

static const char *type_name(enum dir_entry_type type)
{
	switch (type) {
	case DIR_ENTRY_FILE:
		return "file";
	case DIR_ENTRY_DIR:
		return "directory";
	case DIR_ENTRY_SYMLINK:
		return "symlink";
	case DIR_ENTRY_BLOCK:
		return "block device";
	case DIR_ENTRY_CHAR:
		return "character device";
	case DIR_ENTRY_FIFO:
		return "fifo";
	case DIR_ENTRY_SOCKET:
		return "socket";
	}
	return NULL;
}

/* One of three bits, and what a set bit above it makes of "x". */
static char letter_of(uint32_t mode, uint32_t execute, uint32_t special, const char letters[2])
{
	if (mode & special)
		return mode & execute ? letters[0] : letters[1];
	return mode & execute ? 'x' : '-';
}

/* "drwxr-xr-x", with "+" behind where there are extended attributes. */
static void mode_text(const struct dir_entry *entry, char ret[12])
{
	static const uint32_t specials[] = { 04000, 02000, 01000 };
	static const char *const letters[] = { "sS", "sS", "tT" };
	char *at = ret;

	*at++ = entry->type == DIR_ENTRY_FILE ? '-' : (char)entry->type;
	for (int i = 0; i < 3; i++) {
		int shift = 6 - 3 * i;

		*at++ = entry->mode & (4u << shift) ? 'r' : '-';
		*at++ = entry->mode & (2u << shift) ? 'w' : '-';
		*at++ = letter_of(entry->mode, 1u << shift, specials[i], letters[i]);
	}
	if (entry->flags & DIR_ENTRY_XATTRS)
		*at++ = '+';
	*at = '\0';
}

static bool is_device(const struct dir_entry *entry)
{
	return entry->type == DIR_ENTRY_BLOCK || entry->type == DIR_ENTRY_CHAR;
}

static void add_size(struct table *table, const struct dir_entry *entry, const char *device)
{
	if (is_device(entry))
		table_add_text_as(table, device, NULL);
	else if (entry->type == DIR_ENTRY_FILE || entry->type == DIR_ENTRY_SYMLINK)
		table_add_number(table, entry->size);
	else
		table_add_text(table, NULL);
}

static void add_row(struct table *table, const struct dir_entry *entry, const char *path)
{
	bool link = entry->type == DIR_ENTRY_SYMLINK, stored = !object_id_is_zero(&entry->id);
	cleanup_free char *owner = xasprintf("%u:%u", entry->uid, entry->gid);
	cleanup_free char *device = xasprintf("%ju,%ju", (uintmax_t)(entry->size >> 32),
					      (uintmax_t)(entry->size & UINT32_MAX));
	cleanup_free char *target =
		link ? xstrndup((const char *)entry->inline_data, entry->size) : NULL;
	cleanup_free char *shown = link ? xasprintf("%s -> %s", path, target) : xstrdup(path);
	cleanup_free char *octal = xasprintf("%04o", entry->mode);
	int64_t mtime_ns = entry->mtime_s * 1000000000 + entry->mtime_ns;
	char mode[12], seconds[TIMESTAMP_MAX], exact[TIMESTAMP_MAX];

	mode_text(entry, mode);
	table_add_text_as(table, mode, octal);
	table_add_text(table, owner);
	add_size(table, entry, device);
	table_add_text_as(table, timestamp_text(entry->mtime_s * 1000000000, seconds),
			  timestamp_text(mtime_ns, exact));
	table_add_text_as(table, shown, path);
	table_add_text(table, type_name(entry->type));
	table_add_number(table, entry->uid);
	table_add_number(table, entry->gid);
	table_add_number(table, entry->flags & DIR_ENTRY_HARDLINK ? entry->link_count : 1);
	table_add_text(table, target);
	table_add_text(table, is_device(entry) ? device : NULL);
	table_add_text(table, stored && entry->type == DIR_ENTRY_FILE
				      ? object_id_hex(&entry->id).text
				      : NULL);
	table_add_bool(table, entry->flags & DIR_ENTRY_XATTRS);
}

/* Where rows go: names at once, else a table that knows its widths only at the end. */
struct listing {
	bool names;
	struct table *table;
	struct buf text;
};

#define WRITE_SIZE ((size_t)64 << 10)

static int list_entry(struct listing *listing, const struct dir_entry *entry, const char *path,
		      struct error *err)
{
	int r = 0;

	if (!listing->names) {
		add_row(listing->table, entry, path);
		return 0;
	}
	buf_add_format(&listing->text, "%s\n", path);
	if (listing->text.length >= WRITE_SIZE) {
		r = output_write(&listing->text, err);
		buf_clear(&listing->text);
	}
	return r;
}

static int list_below(struct listing *listing, struct store *store, const struct node *dir,
		      bool recursive, struct error *err)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	struct dir_entry entry;
	const char *path;
	int r;

	if (object_id_is_zero(&dir->dir.id))
		return 0;
	r = tree_walk_begin(&walk, store, &dir->dir.id, err);
	while (r >= 0 && (r = tree_walk_next(&walk, &entry, &path, err)) > 0) {
		if (!recursive)
			tree_walk_skip(&walk);
		r = list_entry(listing, &entry, path, err);
	}
	return r;
}

/* A file by its own name: its entry stands in the directory it is in. */
static int list_itself(struct listing *listing, struct store *store, const struct dentry *dentry,
		       struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	struct dir_entry entry;
	int r = dir_cursor_open(store, &dentry->parent->dir.id, &cursor, err);

	while (r >= 0 && (r = dir_cursor_next(&cursor, &entry, err)) > 0) {
		if (entry.name_length == dentry->length &&
		    memcmp(entry.name, dentry->name, dentry->length) == 0)
			return list_entry(listing, &entry, dentry->name, err);
	}
	return r;
}

/* "/" has no entry anywhere. */
static int list_top(struct listing *listing, const struct node *top, struct error *err)
{
	struct dir_entry entry = { .type = DIR_ENTRY_DIR,
				   .flags = top->xattrs ? DIR_ENTRY_XATTRS : 0,
				   .mode = top->mode,
				   .uid = top->uid,
				   .gid = top->gid,
				   .mtime_s = top->mtime.s,
				   .mtime_ns = top->mtime.ns };

	return list_entry(listing, &entry, "/", err);
}

static int list(struct listing *listing, struct store *store, const struct invocation *call,
		struct error *err)
{
	const struct ls_options *given = call->options;
	cleanup_with(access_file_release) struct access_file followed = { 0 };
	cleanup_with(access_file_release) struct access_file file = { 0 };
	const char *name = call->operands[0];
	int r = 0;

	/* A symlink to a directory lists that; one that leads nowhere is shown itself. */
	if (!given->itself) {
		r = access_file(store, name, 0, &followed, NULL);
		if (r == 0 && node_is_dir(followed.node))
			return list_below(listing, store, followed.node, given->recursive, err);
	}
	r = access_file(store, name, TREE_NOFOLLOW, &file, err);
	if (r < 0)
		return r;
	return file.dentry ? list_itself(listing, store, file.dentry, err)
			   : list_top(listing, file.node, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct ls_options *given = call->options;
	enum output_format format = output_format_of(given->format);
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(store_close) struct store *store = NULL;
	struct listing listing = { .names = !given->longer && format == OUTPUT_TABLE,
				   .table = table };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = list(&listing, store, call, err);
	if (r == 0)
		r = listing.names ? output_write(&listing.text, err)
				  : table_print(table, format, err);
	buf_release(&listing.text);
	return r;
}

const struct verb verb_ls = {
	.name = "ls",
	.summary = "List the files of a state",
	.operands = "STATE[:/PATH]",
	.description =
		"Reads the store; nothing is mounted. Files whose names begin with a dot are no\n"
		"exception.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct ls_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
