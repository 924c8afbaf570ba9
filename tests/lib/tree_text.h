/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees as text, for tests: one thing a line, parents first.
 *
 *   d PATH MODE UID:GID TIME            a directory
 *   f PATH MODE UID:GID TIME CONTENT    a file; the content is the rest of the line, or "*N" for
 *                                       N bytes made up
 *   l PATH UID:GID TIME TARGET          a symlink
 *   h PATH OTHER                        another name of OTHER
 *   c PATH MODE UID:GID TIME MAJOR:MINOR, b likewise; p, s without the number
 *   x PATH KEY=VALUE                    an extended attribute
 *
 * A PATH of "." is the root; TIME is "S" or "S.NNNNNNNNN".
 */
#pragma once

#include <inttypes.h>

#include "fs/base/parse.h"
#include "fs/tree/edit.h"
#include "fs/tree/walk.h"
#include "tests/lib/tree_fixture.h"

__attribute__((unused)) static void text_fill(struct buf *ret, uint64_t size)
{
	uint64_t seed = size * 2654435761u + 1;

	while (ret->length < size) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		buf_add_char(ret, (char)seed);
	}
}

__attribute__((unused)) static void text_set_content(struct fixture *f, struct tree *tree,
						     struct store_txn *txn, struct node *node,
						     const char *content)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id id;
	uint64_t size;

	if (content[0] == '*' && parse_u64(content + 1, &size) == 0)
		text_fill(&bytes, size);
	else
		buf_add_string(&bytes, content);
	if (bytes.length <= DIR_INLINE_MAX) {
		node_set_inline(tree, node, buf_string(&bytes), bytes.length);
		return;
	}
	assert_ok(store_txn_put(txn, OBJECT_BLOB, bytes.data, bytes.length, &id, &f->err), f->err);
	node_set_blob(tree, node, &id, bytes.length);
}

__attribute__((unused)) static void text_attr(char **rest, bool has_mode, struct tree_attr *ret)
{
	char *mode = has_mode ? strsep(rest, " ") : NULL;
	char *uid = strsep(rest, ":"), *gid = strsep(rest, " "), *time = strsep(rest, " ");
	char *s = strsep(&time, ".");
	int64_t seconds = 0;

	*ret = (struct tree_attr){ .mode = 0777 };
	if (mode)
		assert_int_equal(parse_octal(mode, 07777, &ret->mode), 0);
	assert_int_equal(parse_u32(uid, &ret->uid), 0);
	assert_int_equal(parse_u32(gid, &ret->gid), 0);
	assert_int_equal(parse_i64(s, &seconds), 0);
	ret->mtime.s = seconds;
	if (time)
		ret->mtime.ns = (uint32_t)strtoul(time, NULL, 10);
}

__attribute__((unused)) static void text_line(struct fixture *f, struct tree *tree,
					      struct store_txn *txn, char *line)
{
	char type = *strsep(&line, " ");
	char *path = strsep(&line, " "), *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct node *dir = tree_root_node(tree), *node;
	struct tree_attr attr;
	char *value;

	if (type == 'x') {
		node = strcmp(path, ".") == 0 ? dir : look(f, tree, path);
		value = strchr(line, '=');
		*value++ = '\0';
		assert_ok(node_set_xattr(tree, node, line, value, strlen(value), &f->err), f->err);
		return;
	}
	if (slash) {
		*slash = '\0';
		dir = look(f, tree, path);
	}
	if (type == 'h') {
		assert_ok(
			tree_put_link(tree, dir, name, strlen(name), look(f, tree, line), &f->err),
			f->err);
		return;
	}
	text_attr(&line, type != 'l', &attr);
	if (strcmp(path, ".") == 0) {
		assert_ok(tree_touch(tree, dir, &f->err), f->err);
		dir->mode = (uint16_t)attr.mode;
		dir->uid = attr.uid;
		dir->gid = attr.gid;
		dir->mtime = attr.mtime;
		return;
	}
	assert_ok(tree_put(tree, dir, name, strlen(name), (enum dir_entry_type)type, &attr, &node,
			   &f->err),
		  f->err);
	if (type == 'f')
		text_set_content(f, tree, txn, node, line ? line : "");
	else if (type == 'l')
		node_set_target(node, line, strlen(line));
	else if (type == 'c' || type == 'b')
		node->rdev = strtoul(line, &value, 10) << 32 | strtoul(value + 1, NULL, 10);
}

/* Make in `tree` what the text says. */
__attribute__((unused)) static void text_make(struct fixture *f, struct tree *tree,
					      const char *text)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	while ((line = strsep(&rest, "\n"))) {
		if (*line && *line != '#')
			text_line(f, tree, txn, line);
	}
	assert_ok(store_txn_commit(txn, &f->err), f->err);
}

/* ---- and back ---- */

__attribute__((unused)) static void text_add_attr(struct buf *ret, const struct dir_entry *entry)
{
	if (entry->type != DIR_ENTRY_SYMLINK)
		buf_add_format(ret, " %04o", entry->mode);
	buf_add_format(ret, " %u:%u %" PRId64, entry->uid, entry->gid, entry->mtime_s);
	if (entry->mtime_ns)
		buf_add_format(ret, ".%09u", entry->mtime_ns);
}

__attribute__((unused)) static void text_add_content(struct fixture *f, struct buf *ret,
						     const struct dir_entry *entry)
{
	cleanup_with(buf_release) struct buf bytes = { 0 }, made = { 0 };

	if (!entry->size)
		return;
	if (entry->flags & DIR_ENTRY_INLINE) {
		buf_add_char(ret, ' ');
		buf_append(ret, entry->inline_data, entry->size);
		return;
	}
	buf_reserve(&bytes, entry->size);
	while (bytes.length < entry->size) {
		ssize_t n = store_pread(f->store, &entry->id, bytes.data + bytes.length,
					entry->size - bytes.length, bytes.length, &f->err);

		assert_ok((int)n, f->err);
		assert_true(n > 0);
		bytes.length += (size_t)n;
	}
	text_fill(&made, entry->size);
	if (memcmp(made.data, bytes.data, entry->size) == 0)
		buf_add_format(ret, " *%" PRIu64, entry->size);
	else
		buf_add_format(ret, " sha256:%.16s", object_id_hex(&entry->id).text);
}

__attribute__((unused)) static void text_add_xattrs(struct fixture *f, struct buf *ret,
						    const struct object_id *id, const char *path)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };

	if (object_id_is_zero(id))
		return;
	assert_ok(store_read(f->store, id, OBJECT_XATTRS, XATTRS_MAX, &bytes, &f->err), f->err);
	assert_ok(xattrs_decode(bytes.data, bytes.length, &xattrs, &f->err), f->err);
	for (size_t i = 0; i < xattrs.count; i++)
		buf_add_format(ret, "x %s %s=%.*s\n", path, xattrs.items[i].key,
			       (int)xattrs.items[i].size, (const char *)xattrs.items[i].value);
}

/* The text of a stored tree; of the root only what is unusual. */
__attribute__((unused)) static char *text_of_tree(struct fixture *f, const struct tree_root *root)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	cleanup_with(links_release) struct links groups = { 0 };
	struct buf text = { 0 };
	struct dir_entry entry;
	const char *path;
	int r;

	if (root->mode != 0755 || root->uid || root->gid || root->mtime_s || root->mtime_ns)
		buf_add_format(&text, "d . %04o %u:%u %" PRId64 "\n", root->mode, root->uid,
			       root->gid, root->mtime_s);
	text_add_xattrs(f, &text, &root->xattrs, ".");
	assert_ok(tree_walk_begin(&walk, f->store, &root->dir, &f->err), f->err);
	while ((r = tree_walk_next(&walk, &entry, &path, &f->err)) > 0) {
		bool linked = entry.flags & DIR_ENTRY_HARDLINK;
		struct link_group *group = linked ? links_find(&groups, entry.link_id) : NULL;

		if (linked)
			links_add(&groups, entry.link_id, path);
		if (group) {
			buf_add_format(&text, "h %s %s\n", path, group->paths.items[0]);
			continue;
		}
		buf_add_format(&text, "%c %s", (int)entry.type, path);
		text_add_attr(&text, &entry);
		if (entry.type == DIR_ENTRY_FILE)
			text_add_content(f, &text, &entry);
		else if (entry.type == DIR_ENTRY_SYMLINK)
			buf_add_format(&text, " %.*s", (int)entry.size,
				       (const char *)entry.inline_data);
		else if (entry.type == DIR_ENTRY_CHAR || entry.type == DIR_ENTRY_BLOCK)
			buf_add_format(&text, " %u:%u", (unsigned)(entry.size >> 32),
				       (unsigned)entry.size);
		buf_add_char(&text, '\n');
		text_add_xattrs(f, &text, &entry.xattrs, path);
	}
	assert_ok(r, f->err);
	return buf_take(&text);
}
