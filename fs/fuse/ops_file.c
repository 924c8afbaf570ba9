/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/fuse/session_internal.h"

/*
 * "Not implemented" is the best answer: the kernel never asks again, opens files by itself, and
 * keeps what it has cached of them. Without these answers libfuse 3.14 says yes to each of them.
 */
static void op_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)number;
	(void)file;
	fuse_reply_err(request, ENOSYS);
}

/* Only what O_TMPFILE opened is ever closed. */
static void op_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)number;
	(void)file;
	fuse_reply_err(request, 0);
}

static void op_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		    struct fuse_file_info *file)
{
	struct session *session = session_of(request);
	const void *data = NULL;
	ssize_t n;

	(void)file;
	if (size > session->buffer_size)
		size = session->buffer_size;
	n = overlay_read(session->overlay, session_node(session, number), session->buffer, size,
			 (uint64_t)offset, &data);
	if (n < 0)
		fuse_reply_err(request, (int)-n);
	else
		fuse_reply_buf(request, data, (size_t)n);
}

static void op_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size,
		     off_t offset, struct fuse_file_info *file)
{
	struct session *session = session_of(request);
	struct node *node = session_node(session, number);
	uint16_t mode = node->mode;
	int r = overlay_write(session->overlay, node, data, size, (uint64_t)offset,
			      session->writer_kills_priv);

	(void)file;
	/* The kernel will ask for size and times, and go on believing in the mode. */
	if (node->mode != mode)
		session_attributes_changed(session, node);
	if (r < 0)
		fuse_reply_err(request, -r);
	else
		fuse_reply_write(request, size);
}

/*
 * What a write takes away from a file by someone who may not keep it, other ways of changing its
 * content do, too; but of them the kernel says nothing, and remembers the old mode.
 */
static int content_changed(fuse_req_t request, struct node *node)
{
	struct session *session = session_of(request);
	uint16_t mode = node->mode;
	int r;

	if (fuse_req_ctx(request)->uid == 0 || (!node->xattrs && !(mode & (S_ISUID | S_ISGID))))
		return 0;
	r = overlay_setattr(session->overlay, node, NULL, OVERLAY_KILL_PRIV);
	if (node->mode != mode)
		session_attributes_changed(session, node);
	return r;
}

static void op_fallocate(fuse_req_t request, fuse_ino_t number, int mode, off_t offset,
			 off_t length, struct fuse_file_info *file)
{
	struct session *session = session_of(request);
	struct node *node = session_node(session, number);
	int r = overlay_fallocate(session->overlay, node, mode, (uint64_t)offset, (uint64_t)length);

	(void)file;
	if (r == 0)
		r = content_changed(request, node);
	fuse_reply_err(request, -r);
}

static void op_lseek(fuse_req_t request, fuse_ino_t number, off_t offset, int whence,
		     struct fuse_file_info *file)
{
	struct session *session = session_of(request);
	uint64_t found = 0;
	int r = overlay_seek(session->overlay, session_node(session, number), (uint64_t)offset,
			     whence, &found);

	(void)file;
	if (r < 0)
		fuse_reply_err(request, -r);
	else
		fuse_reply_lseek(request, (off_t)found);
}

static void op_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
			       struct fuse_file_info *from_file, fuse_ino_t to, off_t to_offset,
			       struct fuse_file_info *to_file, size_t length, int flags)
{
	struct session *session = session_of(request);
	struct node *target = session_node(session, to);
	ssize_t n = overlay_copy_range(session->overlay, session_node(session, from),
				       (uint64_t)from_offset, target, (uint64_t)to_offset, length);
	int r = n > 0 ? content_changed(request, target) : 0;

	(void)from_file;
	(void)to_file;
	(void)flags;
	if (r < 0)
		n = r;
	if (n < 0)
		fuse_reply_err(request, (int)-n);
	else
		fuse_reply_write(request, (size_t)n);
}

/* Only asked for where changes outlive the server; elsewhere the kernel is told that it is none. */
static void op_fsync(fuse_req_t request, fuse_ino_t number, int data_only,
		     struct fuse_file_info *file)
{
	struct session *session = session_of(request);

	(void)data_only;
	(void)file;
	fuse_reply_err(request, -overlay_sync(session->overlay, session_node(session, number)));
}

/* Where names come and go, the kernel keeps no listings. */
static void op_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	const struct node *dir = session_node(session_of(request), number);

	file->keep_cache = file->cache_readdir = !(dir->flags & NODE_LISTED);
	fuse_reply_open(request, file);
}

void session_listed_ops(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = op_opendir;
}

void session_sync_ops(struct fuse_lowlevel_ops *ops)
{
	ops->fsync = op_fsync;
	ops->fsyncdir = op_fsync;
}

void session_file_ops(struct fuse_lowlevel_ops *ops)
{
	ops->open = op_open;
	ops->opendir = op_open;
	ops->release = op_release;
	ops->read = op_read;
	ops->write = op_write;
	ops->fallocate = op_fallocate;
	ops->lseek = op_lseek;
	ops->copy_file_range = op_copy_file_range;
}
