/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/fuse/protocol.h"
#include "fs/fuse/ring.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"

#define MAX_WRITE ((unsigned)1 << 20)

struct session *session_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

struct node *session_node(struct session *session, fuse_ino_t number)
{
	return number == FUSE_ROOT_ID ? overlay_root(session->overlay) : (struct node *)number;
}

fuse_ino_t session_number(struct session *session, struct node *node)
{
	return node == overlay_root(session->overlay) ? FUSE_ROOT_ID : (fuse_ino_t)node;
}

/* To the kernel it is root; who it says it is stands in the table. */
static void look_up_caller(const struct session *session, pid_t tid, struct overlay_caller *caller)
{
	const struct credential_table *table = session->options.credentials;
	const struct credentials *credentials;

	if (!table || credential_table_empty(table))
		return;
	credentials = credential_table_at(table, credentials_place_of(AT_FDCWD, tid));
	caller->uid = credentials->fsuid;
	caller->gid = credentials->fsgid;
}

struct overlay_caller session_caller(const struct session *session, uint32_t uid, uint32_t gid,
				     pid_t tid)
{
	struct overlay_caller caller = { .uid = session_uid_in(session, uid),
					 .gid = session_gid_in(session, gid) };

	if (session->options.root_only)
		look_up_caller(session, tid, &caller);
	return caller;
}

uint32_t session_uid_in(const struct session *session, uint32_t uid)
{
	return uid && uid == session->options.stands_for_root_uid ? 0 : uid;
}

uint32_t session_gid_in(const struct session *session, uint32_t gid)
{
	return gid && gid == session->options.stands_for_root_gid ? 0 : gid;
}

double session_valid(const struct node *node)
{
	return node->flags & NODE_LISTED ? SESSION_A_MOMENT : SESSION_FOR_EVER;
}

void session_entry(struct session *session, struct node *node, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){
		.ino = session_number(session, node),
		.attr_timeout = session_valid(node),
		.entry_timeout = node->names ? session_valid(node->names->parent) : SESSION_FOR_EVER
	};
	session_stat(session, node, &ret->attr);
}

void session_stat(struct session *session, const struct node *node, struct stat *ret)
{
	overlay_stat(session->overlay, node, ret);
	if (session->options.root_only) {
		if (session->options.owners)
			owner_table_set(session->options.owners, ret->st_ino, ret->st_uid,
					ret->st_gid);
		ret->st_uid = ret->st_gid = 0;
	}
	if (!ret->st_uid)
		ret->st_uid = session->options.stands_for_root_uid;
	if (!ret->st_gid)
		ret->st_gid = session->options.stands_for_root_gid;
}

void session_reply_entry(fuse_req_t request, struct node *node, int r)
{
	struct session *session = session_of(request);
	struct fuse_entry_param entry;

	if (r < 0) {
		fuse_reply_err(request, -r);
		return;
	}
	session_entry(session, node, &entry);
	/* A request that was interrupted has nobody who would take the reference. */
	if (fuse_reply_entry(request, &entry) != 0)
		overlay_forget(session->overlay, node, 1);
}

static void init(void *context, struct fuse_conn_info *connection)
{
	const struct session *session = context;
	unsigned want = FUSE_CAP_ASYNC_READ | FUSE_CAP_READDIRPLUS | FUSE_CAP_NO_OPEN_SUPPORT |
			FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_CACHE_SYMLINKS |
			FUSE_CAP_EXPLICIT_INVAL_DATA | FUSE_CAP_PARALLEL_DIROPS |
			FUSE_CAP_DONT_MASK;

	if (session->options.writeback)
		want |= FUSE_CAP_WRITEBACK_CACHE;
	if (session->options.traced)
		want &= ~(unsigned)FUSE_CAP_READDIRPLUS;
	if (session->options.acls)
		want |= FUSE_CAP_POSIX_ACL;
	/* Only these: without OPEN requests, ATOMIC_O_TRUNC would lose truncations. With ASYNC_DIO the
	 * kernel keeps pages that were read while a direct write was under way. */
	connection->want = want & connection->capable;
	connection->max_write = MAX_WRITE;
	connection->max_background = 64;
	connection->congestion_threshold = 48;
	connection->time_gran = 1;
}

static int make(struct overlay *overlay, const struct session_options *options,
		const char *mount_options, struct session **ret, struct error *err)
{
	struct fuse_lowlevel_ops ops = { .init = init };
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct session *session = xcalloc(1, sizeof *session);

	session->overlay = overlay;
	session->fd = -1;
	if (options)
		session->options = *options;
	session->buffer_size = MAX_WRITE;
	session->buffer = xmalloc(session->buffer_size);
	session_names_ops(&ops);
	session_dir_ops(&ops);
	session_attr_ops(&ops);
	session_file_ops(&ops);
	if (session->options.listed)
		session_listed_ops(&ops);
	if (session->options.kept)
		session_sync_ops(&ops);
	fuse_opt_add_arg(&args, "varve");
	if (mount_options) {
		fuse_opt_add_arg(&args, "-o");
		fuse_opt_add_arg(&args, mount_options);
	}
	session->fuse = fuse_session_new(&args, &ops, sizeof ops, session);
	fuse_opt_free_args(&args);
	if (!session->fuse) {
		session_free(session);
		return error_set(err, -EINVAL, "libfuse cannot make a session");
	}
	*ret = session;
	return 0;
}

int session_new(struct overlay *overlay, int fuse_fd, const struct session_options *options,
		struct session **ret, struct error *err)
{
	cleanup_with(session_free) struct session *session = NULL;
	int r = make(overlay, options, NULL, &session, err);

	if (r == 0)
		r = protocol_attach(session, fuse_fd, err);
	if (r < 0) {
		close(fuse_fd);
		return r;
	}
	session->fd = fuse_fd;
	r = fd_set_nonblocking(fuse_fd, true);
	if (r < 0)
		return error_errno(err, r, "cannot serve the mount");
	*ret = take_ptr(&session);
	return 0;
}

int session_mount(struct overlay *overlay, const char *mountpoint, const char *mount_options,
		  const struct session_options *options, struct session **ret, struct error *err)
{
	cleanup_with(session_free) struct session *session = NULL;
	int r = make(overlay, options, mount_options, &session, err);

	if (r < 0)
		return r;
	if (fuse_session_mount(session->fuse, mountpoint) != 0)
		return error_set(err, -EIO, "cannot mount at '%s'", mountpoint);
	session->mounted = true;
	session->fd = fuse_session_fd(session->fuse);
	r = protocol_attach(session, session->fd, err);
	if (r == 0)
		r = fd_set_nonblocking(session->fd, true);
	if (r < 0)
		return r;
	*ret = take_ptr(&session);
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	if (session->mounted)
		fuse_session_unmount(session->fuse);
	if (session->fuse)
		fuse_session_destroy(session->fuse); /* closes the descriptor */
	ring_free(session->ring);
	free(session->buffer);
	free(session);
}

void session_attributes_changed(struct session *session, struct node *node)
{
	struct stat attr;

	session_stat(session, node, &attr);
	(void)fuse_lowlevel_notify_inval_inode(session->fuse, session_number(session, node), -1, 0);
}

void session_name_changed(struct session *session, struct node *dir, const char *name)
{
	fuse_ino_t number = session_number(session, dir);

	(void)fuse_lowlevel_notify_inval_entry(session->fuse, number, name, strlen(name));
	(void)fuse_lowlevel_notify_inval_inode(session->fuse, number, 0, 0);
}
