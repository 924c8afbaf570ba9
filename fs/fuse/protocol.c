/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse/protocol.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/base/error.h"
#include "fs/fuse/ring.h"

/* The answer to FUSE_INIT is the only one that carries flags: add what libfuse does not know. */
static void amend_init(struct session *session, const struct iovec *parts, int count)
{
	struct fuse_init_out *init;

	if (count != 2 || parts[1].iov_len < 24)
		return;
	init = parts[1].iov_base;
	init->flags |= FUSE_HANDLE_KILLPRIV_V2;
	if (session->setxattr_ext)
		init->flags |= FUSE_SETXATTR_EXT;
	if (session->ring && parts[1].iov_len >= sizeof *init) {
		init->flags |= FUSE_INIT_EXT;
		init->flags2 |= RING_INIT_FLAG2;
		session->ring_started = true;
	}
}

static ssize_t answer_init(struct session *session, struct iovec *parts, int count)
{
	const struct fuse_out_header *header = parts[0].iov_base;
	ssize_t n;

	session->init_answered = true;
	if (!header->error)
		amend_init(session, parts, count);
	n = writev(session->fd, parts, count);
	if (session->ring_started)
		ring_start(session->ring);
	return n;
}

void protocol_leave_ring(struct session *session)
{
	session->ring_started = false;
	ring_free(session->ring);
	session->ring = NULL;
}

/* Bytes sent, or -1 and errno, as of writev(). */
static ssize_t send_answer(const struct session *session, const struct iovec *parts, int count)
{
	size_t size = 0;

	if (!session->ring_started || !ring_answer(session->ring, parts, count))
		return writev(session->fd, parts, count);
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	return (ssize_t)size;
}

static ssize_t write_answer(int fd, struct iovec *parts, int count, void *context)
{
	struct session *session = context;

	(void)fd;
	return session->init_answered ? send_answer(session, parts, count)
				      : answer_init(session, parts, count);
}

static ssize_t read_request(int fd, void *data, size_t size, void *session)
{
	(void)session;
	return read(fd, data, size);
}

int protocol_attach(struct session *session, int fuse_fd, struct error *err)
{
	static const struct fuse_custom_io io = { .writev = write_answer, .read = read_request };
	int r = fuse_session_custom_io(session->fuse, &io, fuse_fd);

	if (r != 0)
		return error_set(err, -EIO, "libfuse refuses the mount's descriptor");
	return 0;
}

static void answer_error(const struct session *session, uint64_t unique, int r)
{
	struct fuse_out_header header = { .len = sizeof header, .error = r, .unique = unique };

	(void)send_answer(session, &(struct iovec){ &header, sizeof header }, 1);
}

static void fill_attr(const struct stat *st, struct fuse_attr *ret)
{
	*ret = (struct fuse_attr){ .ino = st->st_ino,
				   .size = (uint64_t)st->st_size,
				   .blocks = (uint64_t)st->st_blocks,
				   .atime = (uint64_t)st->st_atim.tv_sec,
				   .mtime = (uint64_t)st->st_mtim.tv_sec,
				   .ctime = (uint64_t)st->st_ctim.tv_sec,
				   .atimensec = (uint32_t)st->st_atim.tv_nsec,
				   .mtimensec = (uint32_t)st->st_mtim.tv_nsec,
				   .ctimensec = (uint32_t)st->st_ctim.tv_nsec,
				   .mode = st->st_mode,
				   .nlink = (uint32_t)st->st_nlink,
				   .uid = st->st_uid,
				   .gid = st->st_gid,
				   .blksize = (uint32_t)st->st_blksize };
}

/* O_TMPFILE: a file that has no name, open at once. */
static void make_unnamed(struct session *session, const struct fuse_in_header *header,
			 const struct fuse_create_in *in)
{
	struct overlay_caller caller =
		session_caller(session, header->uid, header->gid, (pid_t)header->pid);
	struct {
		struct fuse_out_header header;
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} answer = { 0 };
	const struct iovec parts[] = { { &answer.header, sizeof answer.header },
				       { &answer.entry, sizeof answer - sizeof answer.header } };
	struct fuse_entry_param entry;
	struct node *node;
	int r;

	caller.umask = in->umask;
	r = overlay_make_unnamed(session->overlay, session_node(session, header->nodeid), in->mode,
				 &caller, &node);
	if (r < 0) {
		answer_error(session, header->unique, r);
		return;
	}
	session_entry(session, node, &entry);
	answer.header.len = sizeof answer;
	answer.header.unique = header->unique;
	answer.entry.nodeid = entry.ino;
	answer.entry.entry_valid = answer.entry.attr_valid = (uint64_t)SESSION_FOR_EVER;
	fill_attr(&entry.attr, &answer.entry.attr);
	answer.open.open_flags = FOPEN_KEEP_CACHE;
	if (send_answer(session, parts, 2) != (ssize_t)sizeof answer)
		overlay_forget(session->overlay, node, 1);
}

/* libfuse 3.14 would take the flags for the beginning of the name. */
static void set_xattr(struct session *session, const struct fuse_in_header *header, size_t size)
{
	const struct fuse_setxattr_in *in = (const void *)(header + 1);
	const char *name = (const char *)(in + 1), *end = (const char *)header + size;
	struct node *node = session_node(session, header->nodeid);
	size_t length = strnlen(name, (size_t)(end - name)) + 1;
	uint16_t mode = node->mode;
	int flags = (int)in->flags;
	int r = -EINVAL;

	if (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID)
		flags |= OVERLAY_XATTR_KILL_SGID;
	if (length <= (size_t)(end - name) && in->size <= (size_t)(end - name) - length)
		r = overlay_setxattr(session->overlay, node, name, name + length, in->size, flags);
	/* A list has changed it, which a kernel that knows nothing of lists does not expect. */
	if (node->mode != mode && !session->options.acls)
		session_attributes_changed(session, node);
	answer_error(session, header->unique, r);
}

/* Does the request hold as much behind its header? */
static bool has(const struct fuse_buf *request, size_t size)
{
	return request->size >= sizeof(struct fuse_in_header) + size;
}

uint64_t protocol_node(const struct fuse_buf *request)
{
	const struct fuse_in_header *header = request->mem;

	return header->opcode == FUSE_FORGET ? 0 : header->nodeid;
}

pid_t protocol_caller(const struct fuse_buf *request)
{
	const struct fuse_in_header *header = request->mem;

	return (pid_t)header->pid;
}

/* The kernel says what it can do. */
static void begin(struct session *session, const struct fuse_init_in *in, size_t size)
{
	if (size < offsetof(struct fuse_init_in, flags2))
		return;
	session->setxattr_ext = in->flags & FUSE_SETXATTR_EXT;
	if (size >= sizeof *in && in->flags & FUSE_INIT_EXT && in->flags2 & RING_INIT_FLAG2)
		(void)ring_new(session->fd, session->control ? session->control->fd : -1,
			       session->buffer_size, &session->ring);
}

bool protocol_handle(struct session *session, const struct fuse_buf *request)
{
	const struct fuse_in_header *header = request->mem;
	const void *body = header + 1;

	session->writer_kills_priv = false;
	if (request->size < sizeof *header)
		return false;
	switch (header->opcode) {
	case FUSE_INIT:
		begin(session, body, request->size - sizeof *header);
		return false;
	case FUSE_WRITE:
		if (has(request, sizeof(struct fuse_write_in)))
			session->writer_kills_priv =
				((const struct fuse_write_in *)body)->write_flags &
				FUSE_WRITE_KILL_SUIDGID;
		return false;
	case FUSE_SETXATTR:
		if (!session->setxattr_ext || !has(request, sizeof(struct fuse_setxattr_in) + 1))
			return false;
		set_xattr(session, header, request->size);
		return true;
	case FUSE_TMPFILE:
		if (!has(request, sizeof(struct fuse_create_in)))
			return false;
		make_unnamed(session, header, body);
		return true;
	default:
		return false;
	}
}
