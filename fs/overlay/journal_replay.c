/* SPDX-License-Identifier: Apache-2.0 */
/* Doing again what a journal says. Its bytes are looked at as if anybody could have written them. */
#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/base/path.h"
#include "fs/base/wire.h"
#include "fs/overlay/journal.h"
#include "fs/overlay/overlay_internal.h"

/* ---- finding ---- */

/* The node at `path`, no symlink followed; *ret_dentry is its name, NULL for the root. */
static int find(struct overlay *overlay, const char *path, struct node **ret,
		struct dentry **ret_dentry)
{
	struct node *node = overlay_root(overlay);
	struct dentry *dentry = NULL;
	const char *name;
	size_t length;

	while (path && path_next(&path, &name, &length)) {
		int r = node_is_dir(node)
				? tree_find(overlay->tree, node, name, length, &dentry, NULL)
				: -EBADMSG;

		if (r <= 0)
			return r < 0 ? r : -EBADMSG;
		node = dentry->node;
	}
	*ret = node;
	if (ret_dentry)
		*ret_dentry = dentry;
	return path ? 0 : -EBADMSG;
}

/* The directory for a new name, which is not there yet. */
static int find_place(struct overlay *overlay, const char *path, struct node **ret_dir,
		      const char **ret_name)
{
	cleanup_free char *above = NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct dentry *present;
	int r;

	if (!path)
		return -EBADMSG;
	above = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
	*ret_name = slash ? slash + 1 : path;
	if (!path_name_valid(*ret_name, strlen(*ret_name)))
		return -EBADMSG;
	r = find(overlay, above, ret_dir, NULL);
	if (r < 0)
		return r;
	if (!node_is_dir(*ret_dir))
		return -EBADMSG;
	r = tree_find(overlay->tree, *ret_dir, *ret_name, strlen(*ret_name), &present, NULL);
	return r > 0 ? -EBADMSG : r;
}

static int check_empty(struct overlay *overlay, struct node *node)
{
	int r = node_is_dir(node) ? tree_load(overlay->tree, node, NULL) : 0;

	if (r == 0 && node_is_dir(node) && node->dir.children->count)
		r = -EBADMSG;
	return r;
}

/* ---- names ---- */

static int replay_make(struct overlay *overlay, struct wire *in)
{
	cleanup_free char *path = wire_string(in);
	uint32_t type = wire_u32(in);
	uint64_t ino = wire_u64(in), rdev;
	cleanup_free char *target = wire_string(in);
	const char *name;
	struct node *dir, *node;
	int r;

	rdev = wire_u64(in);
	if (in->bad || type > 0x7f || !type || !strchr("fdlbcps", (int)type))
		return -EBADMSG;
	if (type == DIR_ENTRY_SYMLINK && (!target || !*target || strlen(target) > DIR_SYMLINK_MAX))
		return -EBADMSG;
	r = find_place(overlay, path, &dir, &name);
	if (r < 0)
		return r;
	node = tree_restore_node(overlay->tree, (enum dir_entry_type)type, ino);
	if (type == DIR_ENTRY_SYMLINK)
		node_set_target(node, target, strlen(target));
	else if (type == DIR_ENTRY_CHAR || type == DIR_ENTRY_BLOCK)
		node->rdev = rdev;
	r = tree_link(overlay->tree, dir, name, strlen(name), node, NULL);
	if (r < 0)
		tree_free_node(overlay->tree, node);
	return r;
}

static int replay_link(struct overlay *overlay, struct wire *in)
{
	cleanup_free char *path = wire_string(in), *new_path = wire_string(in);
	struct node *node, *dir;
	const char *name;
	int r = find(overlay, path, &node, NULL);

	if (r == 0 && node_is_dir(node))
		r = -EBADMSG;
	if (r == 0)
		r = find_place(overlay, new_path, &dir, &name);
	return r < 0 ? r : tree_link(overlay->tree, dir, name, strlen(name), node, NULL);
}

static int replay_unlink(struct overlay *overlay, struct wire *in)
{
	cleanup_free char *path = wire_string(in);
	struct dentry *dentry;
	struct node *node;
	int r = find(overlay, path, &node, &dentry);

	if (r == 0 && !dentry)
		r = -EBADMSG;
	if (r == 0)
		r = check_empty(overlay, node);
	return r < 0 ? r : tree_unlink(overlay->tree, dentry, NULL);
}

static int replay_move(struct overlay *overlay, struct dentry *from, const char *new_path)
{
	const char *name;
	struct node *dir;
	int r = find_place(overlay, new_path, &dir, &name);

	if (r < 0)
		return r;
	if (node_is_dir(from->node) && overlay_is_above(from->node, dir))
		return -EBADMSG;
	return tree_rename(overlay->tree, from, dir, name, strlen(name), NULL);
}

static int replay_rename(struct overlay *overlay, struct wire *in)
{
	cleanup_free char *path = wire_string(in), *new_path = wire_string(in);
	uint32_t how = wire_u32(in);
	struct dentry *from, *to;
	struct node *node, *present;
	int r = in->bad ? -EBADMSG : find(overlay, path, &node, &from);

	if (r == 0 && !from)
		r = -EBADMSG;
	if (r < 0)
		return r;
	if (how == JOURNAL_MOVE)
		return replay_move(overlay, from, new_path);
	r = find(overlay, new_path, &present, &to);
	if (r < 0)
		return r;
	if (!to || node == present || how > JOURNAL_EXCHANGE ||
	    (node_is_dir(node) && overlay_is_above(node, to->parent)) ||
	    (node_is_dir(present) && overlay_is_above(present, from->parent)))
		return -EBADMSG;
	if (how == JOURNAL_EXCHANGE)
		return tree_exchange(overlay->tree, from, to, NULL);
	r = node_is_dir(node) == node_is_dir(present) ? check_empty(overlay, present) : -EBADMSG;
	return r < 0 ? r : tree_replace(overlay->tree, from, to, NULL);
}

/* ---- nodes ---- */

static struct node_time get_time(struct wire *in)
{
	struct node_time time = { .s = (int64_t)wire_u64(in) };

	time.ns = wire_u32(in);
	if (time.ns >= 1000000000)
		in->bad = true;
	return time;
}

static int clear_xattrs(struct overlay *overlay, struct node *node)
{
	const struct xattrs *list;
	int r = node_xattrs_load(overlay->tree, node, &list, NULL);

	while (r == 0 && node->xattrs && node->xattrs->list.count) {
		cleanup_free char *key = xstrdup(node->xattrs->list.items[0].key);

		r = node_set_xattr(overlay->tree, node, key, NULL, 0, NULL);
	}
	return r;
}

static int get_xattrs(struct overlay *overlay, struct node *node, struct wire *in)
{
	uint32_t count = wire_u32(in);
	int r = clear_xattrs(overlay, node);

	for (uint32_t i = 0; i < count && r == 0; i++) {
		cleanup_free char *key = wire_string(in);
		size_t size;
		const void *value = wire_bytes(in, &size);

		if (in->bad || !key || !*key || strlen(key) > XATTR_NAME_MAX)
			return -EBADMSG;
		r = node_set_xattr(overlay->tree, node, key, value ? value : "", size, NULL);
	}
	return r;
}

static int get_content(struct overlay *overlay, struct node *node, struct wire *in)
{
	uint32_t kind = wire_u32(in);
	struct object_id id;
	struct staged *staged;
	const void *bytes;
	uint64_t number;
	size_t size;
	int r;

	if (in->bad || kind > JOURNAL_STAGED || (kind != JOURNAL_EMPTY && !node_is_file(node)))
		return -EBADMSG;
	if (kind == JOURNAL_EMPTY) {
		if (node_is_file(node))
			node_set_empty(overlay->tree, node);
		return 0;
	}
	if (kind == JOURNAL_INLINE) {
		bytes = wire_bytes(in, &size);
		if (in->bad || !size || size > DIR_INLINE_MAX)
			return -EBADMSG;
		node_set_inline(overlay->tree, node, bytes, size);
		return 0;
	}
	if (kind == JOURNAL_BLOB) {
		wire_fixed(in, id.bytes, OBJECT_ID_SIZE);
		number = wire_u64(in);
		if (in->bad)
			return -EBADMSG;
		node_set_blob(overlay->tree, node, &id, number);
		return 0;
	}
	r = staged_restore(&overlay->staging, in, &staged);
	if (r < 0)
		return r;
	node_set_staged(overlay->tree, node, staged);
	node->size = staged_size(staged);
	return 0;
}

static int replay_node(struct overlay *overlay, struct wire *in)
{
	cleanup_free char *path = wire_string(in);
	struct node_time times[3];
	uint32_t mode, uid, gid;
	struct node *node;
	int r = find(overlay, path, &node, NULL);

	mode = wire_u32(in);
	uid = wire_u32(in);
	gid = wire_u32(in);
	for (int i = 0; i < 3; i++)
		times[i] = get_time(in);
	if (r == 0 && (in->bad || mode > 07777))
		r = -EBADMSG;
	if (r == 0)
		r = tree_touch(overlay->tree, node, NULL);
	if (r == 0)
		r = get_xattrs(overlay, node, in);
	if (r == 0)
		r = get_content(overlay, node, in);
	if (r < 0)
		return r;
	node->mode = (uint16_t)mode;
	node->uid = uid;
	node->gid = gid;
	node->mtime = times[0];
	node->ctime = times[1];
	node->atime = times[2];
	return 0;
}

static int replay_batch(struct overlay *overlay, struct wire *in)
{
	int r = 0;

	(void)wire_u32(in); /* durable */
	while (r == 0 && in->left > 0 && !in->bad) {
		switch (wire_u32(in)) {
		case JOURNAL_MAKE:
			r = replay_make(overlay, in);
			break;
		case JOURNAL_LINK:
			r = replay_link(overlay, in);
			break;
		case JOURNAL_UNLINK:
			r = replay_unlink(overlay, in);
			break;
		case JOURNAL_RENAME:
			r = replay_rename(overlay, in);
			break;
		case JOURNAL_NODE:
			r = replay_node(overlay, in);
			break;
		default:
			r = -EBADMSG;
		}
	}
	return r == 0 && in->bad ? -EBADMSG : r;
}

/* ---- frames ---- */

struct reader {
	int fd;
	uint64_t at, size; /* of the file */
	struct buf frame;
};

/* 1 and the next whole frame, 0 when there is none: what was cut off does not count. */
static int next_frame(struct reader *reader, struct wire *ret)
{
	uint8_t head[8];
	uint32_t size;
	int r;

	if (reader->size - reader->at < sizeof head)
		return 0;
	r = fd_pread_exactly(reader->fd, head, sizeof head, reader->at);
	if (r < 0)
		return r;
	size = get_le32(head);
	if (size < 4 || size > JOURNAL_FRAME_MAX || size > reader->size - reader->at - sizeof head)
		return 0;
	buf_clear(&reader->frame);
	buf_reserve(&reader->frame, size);
	r = fd_pread_exactly(reader->fd, reader->frame.data, size, reader->at + sizeof head);
	if (r < 0)
		return r;
	if (crc32c(0, reader->frame.data, size) != get_le32(head + 4))
		return 0;
	reader->at += sizeof head + size;
	*ret = wire_of(reader->frame.data, size);
	return 1;
}

/* How far the journal counts. */
static int find_end(int fd, uint64_t size, const char *boot_id, uint64_t *ret)
{
	struct reader reader = { .fd = fd, .at = JOURNAL_HEADER, .size = size };
	uint64_t durable = reader.at;
	bool same_boot = true;
	struct wire wire;
	int r;

	while ((r = next_frame(&reader, &wire)) > 0) {
		uint32_t kind = wire_u32(&wire);

		if (kind == JOURNAL_SESSION) {
			cleanup_free char *boot = wire_string(&wire);

			same_boot = boot && strcmp(boot, boot_id) == 0;
		} else if (kind == JOURNAL_BATCH && wire_u32(&wire)) {
			durable = reader.at;
		}
	}
	buf_release(&reader.frame);
	*ret = same_boot ? reader.at : durable;
	return r;
}

static int replay_frames(struct overlay *overlay, int fd, uint64_t end)
{
	struct reader reader = { .fd = fd, .at = JOURNAL_HEADER, .size = end };
	struct wire wire;
	int r;

	while ((r = next_frame(&reader, &wire)) > 0) {
		uint32_t kind = wire_u32(&wire);

		r = 0;
		if (kind == JOURNAL_BATCH)
			r = replay_batch(overlay, &wire);
		else if (kind != JOURNAL_SESSION)
			r = -EBADMSG;
		if (r < 0)
			break;
	}
	buf_release(&reader.frame);
	return r;
}

/* ---- what is in use ---- */

static void find_use(struct overlay *overlay, struct staging_use *use)
{
	struct node **dirs = NULL;
	size_t count = 0, capacity = 0;

	array_reserve_one(dirs, count, capacity);
	dirs[count++] = overlay_root(overlay);
	while (count > 0) {
		struct node *dir = dirs[--count];
		struct dentry *dentry;

		if (!dir->dir.children)
			continue;
		name_table_each(dir->dir.children, dentry)
		{
			struct node *node = dentry->node;

			if (node->content == CONTENT_STAGED && node_is_file(node) &&
			    node->names == dentry)
				staged_add_use(node->staged, use);
			if (!node_is_dir(node))
				continue;
			array_reserve_one(dirs, count, capacity);
			dirs[count++] = node;
		}
	}
	free(dirs);
}

static int tidy(struct overlay *overlay)
{
	struct staging_use use = { 0 };
	int r;

	find_use(overlay, &use);
	r = staging_tidy(&overlay->staging, &use);
	staging_use_release(&use);
	return r;
}

int journal_replay(struct overlay *overlay, int fd, const char *boot_id, uint64_t *ret_end,
		   struct error *err)
{
	struct stat st;
	uint64_t end = 0;
	int r = fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0)
		r = find_end(fd, (uint64_t)st.st_size, boot_id, &end);
	if (r == 0)
		r = replay_frames(overlay, fd, end);
	if (r == 0 && !overlay->read_only)
		r = tidy(overlay);
	if (r < 0)
		return error_errno(err, r, "cannot take up the workspace's changes");
	*ret_end = end;
	return 0;
}
