/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <uthash.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/hash.h"
#include "fs/base/wire.h"
#include "fs/overlay/overlay_internal.h"

#define BOOT_ID_MAX 64

/* A node that has changed since it was last written down; it is held once. */
struct pending {
	struct node *node;
	UT_hash_handle hh;
};

/* What most changes of some seconds fit in. */
#define RESERVE 131072

struct journal {
	struct tree_watcher watcher;
	struct overlay *overlay;
	struct pending *pending;
	struct buf names; /* records of names that came and went */
	int fd;
	uint64_t end, reserved; /* bytes written, and those that have a place on the disk */
	bool behind;            /* something was written since the file was last synced */
	char boot_id[BOOT_ID_MAX];
};

static struct journal *of_watcher(struct tree_watcher *watcher)
{
	return (struct journal *)((char *)watcher - offsetof(struct journal, watcher));
}

/* ---- what has changed ---- */

static void touched(struct tree_watcher *watcher, struct node *node)
{
	struct journal *journal = of_watcher(watcher);
	struct pending *pending;

	if (node->flags & NODE_MARKED)
		return;
	node->flags |= NODE_MARKED;
	node->lookups++;
	pending = xcalloc(1, sizeof *pending);
	pending->node = node;
	HASH_ADD_PTR(journal->pending, node, pending);
}

static void let_go(struct journal *journal, struct pending *pending)
{
	struct node *node = pending->node;

	HASH_DEL(journal->pending, pending);
	free(pending);
	node->flags &= (uint16_t)~NODE_MARKED;
	overlay_forget(journal->overlay, node, 1);
}

/* Without a name it is nobody's concern, and its content shall not wait for the next batch. */
static void forget_removed(struct journal *journal, struct node *node)
{
	struct pending *pending;

	if (!(node->flags & NODE_DETACHED))
		return;
	HASH_FIND_PTR(journal->pending, &node, pending);
	if (pending)
		let_go(journal, pending);
}

char *journal_path(const struct journal *journal, const struct dentry *dentry)
{
	return journal ? dentry_path(dentry) : NULL;
}

char *journal_path_in(const struct journal *journal, struct node *dir, const char *name)
{
	cleanup_free char *above = journal ? node_path(dir) : NULL;

	if (!journal)
		return NULL;
	return *above ? xasprintf("%s/%s", above, name) : xstrdup(name);
}

void journal_made(struct journal *journal, struct node *node)
{
	cleanup_free char *path = NULL;

	if (!journal)
		return;
	path = dentry_path(node->names);
	wire_put_u32(&journal->names, JOURNAL_MAKE);
	wire_put_string(&journal->names, path);
	wire_put_u32(&journal->names, node->type);
	wire_put_u64(&journal->names, node->ino);
	wire_put_string(&journal->names, node->type == DIR_ENTRY_SYMLINK ? node->target : NULL);
	wire_put_u64(&journal->names, node->type == DIR_ENTRY_CHAR || node->type == DIR_ENTRY_BLOCK
					      ? node->rdev
					      : 0);
}

void journal_linked(struct journal *journal, const char *path, const char *new_path)
{
	if (!journal)
		return;
	wire_put_u32(&journal->names, JOURNAL_LINK);
	wire_put_string(&journal->names, path);
	wire_put_string(&journal->names, new_path);
}

void journal_unlinked(struct journal *journal, const char *path, struct node *node)
{
	if (!journal)
		return;
	wire_put_u32(&journal->names, JOURNAL_UNLINK);
	wire_put_string(&journal->names, path);
	forget_removed(journal, node);
}

void journal_renamed(struct journal *journal, const char *path, const char *new_path,
		     enum journal_rename how, struct node *replaced)
{
	if (!journal)
		return;
	wire_put_u32(&journal->names, JOURNAL_RENAME);
	wire_put_string(&journal->names, path);
	wire_put_string(&journal->names, new_path);
	wire_put_u32(&journal->names, how);
	if (replaced)
		forget_removed(journal, replaced);
}

/* ---- a node in bytes ---- */

static void put_time(struct buf *buf, struct node_time time)
{
	wire_put_u64(buf, (uint64_t)time.s);
	wire_put_u32(buf, time.ns);
}

static int put_xattrs(struct journal *journal, struct node *node, struct buf *buf)
{
	const struct xattrs *list;
	int r = node_xattrs_load(journal->overlay->tree, node, &list, NULL);

	if (r < 0)
		return r;
	wire_put_u32(buf, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++) {
		wire_put_string(buf, list->items[i].key);
		wire_put_bytes(buf, list->items[i].value, list->items[i].size);
	}
	return 0;
}

static void put_content(const struct node *node, struct buf *buf)
{
	switch ((enum node_content)node->content) {
	case CONTENT_EMPTY:
		wire_put_u32(buf, JOURNAL_EMPTY);
		return;
	case CONTENT_INLINE:
		wire_put_u32(buf, JOURNAL_INLINE);
		wire_put_bytes(buf, node->bytes, node->size);
		return;
	case CONTENT_BLOB:
		wire_put_u32(buf, JOURNAL_BLOB);
		buf_append(buf, node->blob.bytes, OBJECT_ID_SIZE);
		wire_put_u64(buf, node->size);
		return;
	case CONTENT_STAGED:
		wire_put_u32(buf, JOURNAL_STAGED);
		staged_describe(node->staged, buf);
	}
}

static int put_node(struct journal *journal, struct node *node, struct buf *buf)
{
	cleanup_free char *path = node->names ? dentry_path(node->names) : xstrdup("");
	int r;

	wire_put_u32(buf, JOURNAL_NODE);
	wire_put_string(buf, path);
	wire_put_u32(buf, node->mode);
	wire_put_u32(buf, node->uid);
	wire_put_u32(buf, node->gid);
	put_time(buf, node->mtime);
	put_time(buf, node->ctime);
	put_time(buf, node->atime);
	r = put_xattrs(journal, node, buf);
	if (node_is_file(node))
		put_content(node, buf);
	else
		wire_put_u32(buf, JOURNAL_EMPTY);
	return r;
}

/* ---- writing ---- */

/*
 * On a full disk deleting gives room only after it has been written here, so there is always some
 * room for that. Without it, where a filesystem cannot do that, it may have to be made elsewhere.
 */
static void reserve(struct journal *journal)
{
	if (journal->end + RESERVE / 2 <= journal->reserved)
		return;
	if (fallocate(journal->fd, FALLOC_FL_KEEP_SIZE, (off_t)journal->end, RESERVE) == 0)
		journal->reserved = journal->end + RESERVE;
}

static int append_frame(struct journal *journal, struct buf *frame)
{
	size_t size = frame->length - 8;
	int r = fault("journal.write");

	if (size > JOURNAL_FRAME_MAX)
		return -EFBIG;
	put_le32(frame->data, (uint32_t)size);
	put_le32(frame->data + 4, crc32c(0, frame->data + 8, size));
	/* Half a frame that a full disk leaves is overwritten by the next one. */
	if (r == 0)
		r = fd_pwrite_all(journal->fd, frame->data, frame->length, journal->end);
	if (r < 0)
		return r;
	journal->end += frame->length;
	journal->behind = true;
	reserve(journal);
	return 0;
}

static int add_nodes(struct journal *journal, bool durable, struct buf *frame)
{
	struct pending *pending, *next;
	int r = 0;

	HASH_ITER(hh, journal->pending, pending, next) {
		struct node *node = pending->node;

		if (node->flags & NODE_DETACHED)
			continue;
		/* A new file stands where another one was safe: it must be safe first. */
		if (durable && node_is_file(node) && node->content == CONTENT_STAGED)
			r = staged_sync(node->staged, true);
		if (r == 0)
			r = put_node(journal, node, frame);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_batch(struct journal *journal, bool durable)
{
	cleanup_with(buf_release) struct buf frame = { 0 };
	struct pending *pending, *next;
	int r;

	buf_add_zeros(&frame, 8);
	wire_put_u32(&frame, JOURNAL_BATCH);
	wire_put_u32(&frame, durable);
	buf_append(&frame, buf_string(&journal->names), journal->names.length);
	r = add_nodes(journal, durable, &frame);
	if (r == 0)
		r = append_frame(journal, &frame);
	if (r < 0)
		return r;
	buf_clear(&journal->names);
	HASH_ITER(hh, journal->pending, pending, next)
		let_go(journal, pending);
	return 0;
}

bool overlay_noted(const struct overlay *overlay)
{
	const struct journal *journal = overlay->journal;

	return !journal || (!journal->pending && !journal->names.length);
}

int overlay_note(struct overlay *overlay)
{
	return overlay_noted(overlay) ? 0 : write_batch(overlay->journal, false);
}

int overlay_sync(struct overlay *overlay, struct node *node)
{
	struct journal *journal = overlay->journal;
	int r = 0;

	if (!journal || overlay->read_only)
		return 0;
	if (node && node_is_file(node) && node->content == CONTENT_STAGED)
		r = staged_sync(node->staged, false);
	if (r == 0)
		r = pool_sync(&overlay->staging.pool);
	/* Also with nothing to tell: what was told without being safe is safe from here on. */
	if (r == 0 && (journal->behind || !overlay_noted(overlay)))
		r = write_batch(journal, true);
	if (r == 0 && journal->behind && fdatasync(journal->fd) < 0)
		r = -errno;
	if (r < 0)
		return r;
	journal->behind = false;
	staging_settle(&overlay->staging);
	return 0;
}

bool overlay_make_room(struct overlay *overlay, int r)
{
	bool waits = staging_waits(&overlay->staging);

	if ((r != -ENOSPC && r != -EDQUOT) || (waits && overlay_sync(overlay, NULL) < 0))
		return false;
	if (!pool_punch(&overlay->staging.pool) && !waits)
		return false;
	overlay->why = (struct error){ 0 };
	return true;
}

int overlay_finish(struct overlay *overlay)
{
	int r = overlay_sync(overlay, NULL);

	/* An unmounted kernel forgets without a word. */
	return r == 0 && overlay->journal && !overlay->read_only ? journal_tidy(overlay) : r;
}

uint64_t overlay_journal_size(const struct overlay *overlay)
{
	return overlay->journal ? overlay->journal->end : 0;
}

/* ---- beginning and end ---- */

static int read_boot_id(char ret[BOOT_ID_MAX])
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", BOOT_ID_MAX - 1, &text);

	if (r < 0)
		return r;
	memcpy(ret, text.data, text.length);
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

static int write_header(int fd, const struct object_id *dir, int dir_fd)
{
	uint8_t header[JOURNAL_HEADER];
	int r;

	memcpy(header, JOURNAL_MAGIC, JOURNAL_MAGIC_SIZE);
	memcpy(header + JOURNAL_MAGIC_SIZE, dir->bytes, OBJECT_ID_SIZE);
	put_le32(header + JOURNAL_HEADER - 4, crc32c(0, header, JOURNAL_HEADER - 4));
	r = fd_pwrite_all(fd, header, sizeof header, 0);
	if (r == 0 && (fsync(fd) < 0 || fsync(dir_fd) < 0))
		r = -errno;
	return r;
}

static int check_header(int fd, const struct object_id *dir, struct error *err)
{
	uint8_t header[JOURNAL_HEADER];
	int r = fd_pread_exactly(fd, header, sizeof header, 0);

	if (r < 0 && r != -ENODATA)
		return error_errno(err, r, "cannot read the workspace's journal");
	if (r < 0 || memcmp(header, JOURNAL_MAGIC, JOURNAL_MAGIC_SIZE) != 0 ||
	    get_le32(header + JOURNAL_HEADER - 4) != crc32c(0, header, JOURNAL_HEADER - 4))
		return error_set(err, -EBADMSG, "the workspace's journal is damaged");
	if (memcmp(header + JOURNAL_MAGIC_SIZE, dir->bytes, OBJECT_ID_SIZE) != 0)
		return error_set(err, -EBADMSG, "the workspace's journal belongs to another state");
	return 0;
}

/* A process that was killed before it had written the header leaves less than one. */
static int open_file(struct journal *journal, int dir_fd, const char *name,
		     const struct object_id *dir, struct error *err)
{
	bool look = journal->overlay->read_only;
	struct stat st;
	int r = 0;

	journal->fd = openat(dir_fd, name,
			     (look ? O_RDONLY : O_RDWR | O_CREAT) | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (journal->fd < 0 || fstat(journal->fd, &st) < 0)
		return error_errno(err, -errno, "cannot open the workspace's journal");
	if (!look && st.st_size < JOURNAL_HEADER)
		r = write_header(journal->fd, dir, dir_fd);
	if (r < 0)
		return error_errno(err, r, "cannot write the workspace's journal");
	return check_header(journal->fd, dir, err);
}

static int begin_session(struct journal *journal, struct error *err)
{
	cleanup_with(buf_release) struct buf frame = { 0 };
	int r = ftruncate(journal->fd, (off_t)journal->end) < 0 ? -errno : 0;

	buf_add_zeros(&frame, 8);
	wire_put_u32(&frame, JOURNAL_SESSION);
	wire_put_string(&frame, journal->boot_id);
	if (r == 0)
		r = append_frame(journal, &frame);
	return r < 0 ? error_errno(err, r, "cannot write the workspace's journal") : 0;
}

/* Only now is it known what is in use: while the journal was read nothing went. */
static int begin_writing(struct overlay *overlay, struct error *err)
{
	struct journal *journal = overlay->journal;
	int r = begin_session(journal, err);

	if (r < 0)
		return r;
	staging_set_closing(&overlay->staging, false);
	tree_set_watcher(overlay->tree, &journal->watcher);
	return 0;
}

int overlay_open_kept(struct store *store, struct store_lease *lease, const struct tree_root *root,
		      int dir_fd, const char *journal_name, struct overlay **ret, struct error *err)
{
	cleanup_with(overlay_close) struct overlay *overlay = overlay_new(store, root, !lease);
	struct object_id dir = root ? root->dir : (struct object_id){ 0 };
	struct journal *journal = xcalloc(1, sizeof *journal);
	int r;

	journal->overlay = overlay;
	journal->fd = -1;
	journal->watcher.touched = touched;
	overlay->journal = journal;
	staging_init_kept(&overlay->staging, store, lease, dir_fd);
	staging_set_closing(&overlay->staging, true);
	r = tree_load(overlay->tree, tree_root_node(overlay->tree), err);
	if (r == 0 && read_boot_id(journal->boot_id) < 0)
		r = error_set(err, -EIO, "cannot read /proc/sys/kernel/random/boot_id");
	if (r == 0)
		r = open_file(journal, dir_fd, journal_name, &dir, err);
	if (r == 0)
		r = journal_replay(overlay, journal->fd, journal->boot_id, &journal->end, err);
	if (r == 0 && lease)
		r = begin_writing(overlay, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&overlay);
	return 0;
}

int overlay_restart_journal(struct overlay *overlay, const struct tree_root *root, int dir_fd,
			    const char *journal_name, struct error *err)
{
	struct journal *journal = overlay->journal, next = *journal;
	struct pending *pending, *following;
	int r;

	next.end = JOURNAL_HEADER;
	next.reserved = 0;
	(void)unlinkat(dir_fd, journal_name, 0);
	r = open_file(&next, dir_fd, journal_name, &root->dir, err);
	if (r == 0)
		r = begin_session(&next, err);
	if (r < 0) {
		if (next.fd >= 0)
			close(next.fd);
		return r;
	}
	close(journal->fd);
	journal->fd = next.fd;
	journal->end = next.end;
	journal->reserved = next.reserved;
	journal->behind = true;
	buf_clear(&journal->names);
	HASH_ITER(hh, journal->pending, pending, following)
		let_go(journal, pending);
	return overlay_sync(overlay, NULL);
}

void journal_close(struct journal *journal)
{
	struct pending *pending, *next;

	if (!journal)
		return;
	tree_set_watcher(journal->overlay->tree, NULL);
	HASH_ITER(hh, journal->pending, pending, next)
		let_go(journal, pending);
	if (journal->reserved)
		(void)!ftruncate(journal->fd, (off_t)journal->end);
	if (journal->fd >= 0)
		close(journal->fd);
	buf_release(&journal->names);
	free(journal);
}
