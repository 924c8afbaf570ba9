/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs/fuse/session_internal.h"

static void reply_attr(fuse_req_t request, const struct node *node)
{
	struct stat attr;

	session_stat(session_of(request), node, &attr);
	fuse_reply_attr(request, &attr, session_valid(node));
}

static void op_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)file;
	reply_attr(request, session_node(session_of(request), number));
}

static unsigned translate(int to_set)
{
	static const struct {
		int from;
		unsigned to;
	} table[] = {
		{ FUSE_SET_ATTR_MODE, OVERLAY_SET_MODE },
		{ FUSE_SET_ATTR_UID, OVERLAY_SET_UID },
		{ FUSE_SET_ATTR_GID, OVERLAY_SET_GID },
		{ FUSE_SET_ATTR_SIZE, OVERLAY_SET_SIZE },
		{ FUSE_SET_ATTR_ATIME, OVERLAY_SET_ATIME },
		{ FUSE_SET_ATTR_MTIME, OVERLAY_SET_MTIME },
		{ FUSE_SET_ATTR_CTIME, OVERLAY_SET_CTIME },
		{ FUSE_SET_ATTR_ATIME_NOW, OVERLAY_SET_ATIME_NOW },
		{ FUSE_SET_ATTR_MTIME_NOW, OVERLAY_SET_MTIME_NOW },
		{ FUSE_SET_ATTR_KILL_SUID, OVERLAY_KILL_PRIV }, /* FATTR_KILL_SUIDGID */
	};
	unsigned set = 0;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (to_set & table[i].from)
			set |= table[i].to;
	}
	return set;
}

static void op_setattr(fuse_req_t request, fuse_ino_t number, struct stat *attr, int to_set,
		       struct fuse_file_info *file)
{
	struct session *session = session_of(request);
	struct node *node = session_node(session, number);
	int r;

	attr->st_uid = session_uid_in(session, attr->st_uid);
	attr->st_gid = session_gid_in(session, attr->st_gid);
	r = overlay_setattr(session->overlay, node, attr, translate(to_set));

	(void)file;
	if (r < 0)
		fuse_reply_err(request, -r);
	else
		reply_attr(request, node);
}

/* A list or a value: the length when nothing more was asked for, else the bytes. */
static void reply_bytes(fuse_req_t request, ssize_t n, size_t size)
{
	if (n < 0)
		fuse_reply_err(request, (int)-n);
	else if (size == 0)
		fuse_reply_xattr(request, (size_t)n);
	else
		fuse_reply_buf(request, session_of(request)->buffer, (size_t)n);
}

static void op_getxattr(fuse_req_t request, fuse_ino_t number, const char *key, size_t size)
{
	struct session *session = session_of(request);

	reply_bytes(request,
		    overlay_getxattr(session->overlay, session_node(session, number), key,
				     session->buffer, size),
		    size);
}

/* Take out of a list what is for the host's root alone, and what is left of it. */
static ssize_t hide_trusted(char *list, ssize_t size)
{
	static const char prefix[] = "trusted.";
	ssize_t kept = 0;

	for (ssize_t at = 0, length; at < size; at += length) {
		length = (ssize_t)strlen(list + at) + 1;
		if (strncmp(list + at, prefix, sizeof prefix - 1) == 0)
			continue;
		memmove(list + kept, list + at, (size_t)length);
		kept += length;
	}
	return kept;
}

/* The kernel looks at who asks for the value of an attribute, but not for their names. */
static void op_listxattr(fuse_req_t request, fuse_ino_t number, size_t size)
{
	struct session *session = session_of(request);
	bool hide = fuse_req_ctx(request)->uid != 0;
	size_t room = hide ? session->buffer_size : size;
	ssize_t n = overlay_listxattr(session->overlay, session_node(session, number),
				      session->buffer, room);

	if (hide && n > 0)
		n = hide_trusted(session->buffer, n);
	reply_bytes(request, hide && size && n > (ssize_t)size ? -ERANGE : n, size);
}

static void op_setxattr(fuse_req_t request, fuse_ino_t number, const char *key, const char *value,
			size_t size, int flags)
{
	struct session *session = session_of(request);

	fuse_reply_err(request, -overlay_setxattr(session->overlay, session_node(session, number),
						  key, value, size, flags));
}

static void op_removexattr(fuse_req_t request, fuse_ino_t number, const char *key)
{
	struct session *session = session_of(request);

	fuse_reply_err(request,
		       -overlay_removexattr(session->overlay, session_node(session, number), key));
}

/*
 * Asked only by access(2) and chdir(2), and only where the kernel leaves permissions to us: of a
 * mount that is its owner's alone, who may do there what root may. That is not to run just any file.
 */
static void op_access(fuse_req_t request, fuse_ino_t number, int mask)
{
	const struct node *node = session_node(session_of(request), number);
	bool refused = mask & X_OK && node_is_file(node) && !(node->mode & 0111);

	fuse_reply_err(request, refused ? EACCES : 0);
}

static void op_statfs(fuse_req_t request, fuse_ino_t number)
{
	struct statvfs result;
	int r = overlay_statfs(session_of(request)->overlay, &result);

	(void)number;
	if (r < 0)
		fuse_reply_err(request, -r);
	else
		fuse_reply_statfs(request, &result);
}

void session_attr_ops(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = op_getattr;
	ops->setattr = op_setattr;
	ops->getxattr = op_getxattr;
	ops->listxattr = op_listxattr;
	ops->setxattr = op_setxattr;
	ops->removexattr = op_removexattr;
	ops->statfs = op_statfs;
	ops->access = op_access;
}
