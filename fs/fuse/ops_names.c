/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "fs/fuse/session_internal.h"

static void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct session *session = session_of(request);
	struct node *dir = session_node(session, parent), *node;
	struct fuse_entry_param none = { .entry_timeout = session_valid(dir) };
	int r = overlay_lookup(session->overlay, dir, name, &node);

	/* That there is no such name is worth remembering, too. */
	if (r == -ENOENT)
		fuse_reply_entry(request, &none);
	else
		session_reply_entry(request, node, r);
}

static void op_forget(fuse_req_t request, fuse_ino_t number, uint64_t count)
{
	struct session *session = session_of(request);

	overlay_forget(session->overlay, session_node(session, number), count);
	session->forgotten++;
	fuse_reply_none(request);
}

static void op_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
	struct session *session = session_of(request);

	for (size_t i = 0; i < count; i++)
		overlay_forget(session->overlay, session_node(session, forgets[i].ino),
			       forgets[i].nlookup);
	session->forgotten += count;
	fuse_reply_none(request);
}

static void make(fuse_req_t request, fuse_ino_t parent, const char *name,
		 const struct overlay_make *what)
{
	struct session *session = session_of(request);
	const struct fuse_ctx *context = fuse_req_ctx(request);
	struct overlay_caller caller =
		session_caller(session, context->uid, context->gid, context->pid);
	struct node *node;
	int r;

	caller.umask = context->umask;
	r = overlay_make(session->overlay, session_node(session, parent), name, what, &caller,
			 &node);
	session_reply_entry(request, node, r);
}

static void op_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
		     dev_t rdev)
{
	int type = dir_entry_type_of(mode);
	struct overlay_make what = { .mode = mode,
				     .rdev = (uint64_t)major(rdev) << 32 | minor(rdev) };

	if (!type || type == DIR_ENTRY_DIR || type == DIR_ENTRY_SYMLINK) {
		fuse_reply_err(request, EINVAL);
		return;
	}
	what.type = type;
	make(request, parent, name, &what);
}

static void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct overlay_make what = { .type = DIR_ENTRY_DIR, .mode = mode };

	make(request, parent, name, &what);
}

static void op_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name)
{
	struct overlay_make what = { .type = DIR_ENTRY_SYMLINK, .mode = 0777, .target = target };

	make(request, parent, name, &what);
}

static void op_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t parent, const char *name)
{
	struct session *session = session_of(request);
	struct node *node = session_node(session, number);
	int r = overlay_link(session->overlay, node, session_node(session, parent), name);

	session_reply_entry(request, node, r);
}

static void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct session *session = session_of(request);

	fuse_reply_err(request,
		       -overlay_unlink(session->overlay, session_node(session, parent), name));
}

static void op_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct session *session = session_of(request);

	fuse_reply_err(request,
		       -overlay_rmdir(session->overlay, session_node(session, parent), name));
}

static void op_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
		      fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
	struct session *session = session_of(request);

	fuse_reply_err(request,
		       -overlay_rename(session->overlay, session_node(session, parent), name,
				       session_node(session, new_parent), new_name, flags));
}

static void op_readlink(fuse_req_t request, fuse_ino_t number)
{
	const struct node *node = session_node(session_of(request), number);

	if (node->type == DIR_ENTRY_SYMLINK)
		fuse_reply_readlink(request, node->target);
	else
		fuse_reply_err(request, EINVAL);
}

void session_names_ops(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = op_lookup;
	ops->forget = op_forget;
	ops->forget_multi = op_forget_multi;
	ops->mknod = op_mknod;
	ops->mkdir = op_mkdir;
	ops->symlink = op_symlink;
	ops->link = op_link;
	ops->unlink = op_unlink;
	ops->rmdir = op_rmdir;
	ops->rename = op_rename;
	ops->readlink = op_readlink;
}
