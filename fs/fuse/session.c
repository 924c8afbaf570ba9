/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse/session.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/fuse/companion.h"
#include "fs/fuse/protocol.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"

#define MAX_WRITE ((unsigned)1 << 20)

/*
 * After a request the next one usually follows at once. Waking up from sleep on another CPU
 * takes longer than answering, so look again for a while before sleeping.
 */
#define SPIN_NS 30000u
/* A commit does not wait longer for clients that never rest. */
#define DRAIN_MAX 100000
/* Under constant load the other descriptor is looked at after so many requests. */
#define CONTROL_INTERVAL 256
/* What so many nodes took is worth a walk through all memory to give it back to the system. */
#define FORGOTTEN_MANY 65536

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
	free(session->buffer);
	free(session);
}

/* Programs only hear a number; whoever started us is told the rest. */
static void complain(struct session *session, const struct fuse_buf *request)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t number = protocol_node(request);
	int code = overlay_complaint(session->overlay,
				     number ? session_node(session, number) : NULL, &text);

	if (code < 0 && session->control && session->control->complain)
		session->control->complain(session->control, code, buf_string(&text));
}

/* Read and answer one request: 1 done, 0 there is none, -ENODEV the mount is gone. */
static int serve_one(struct session *session, struct fuse_buf *request)
{
	int n = fuse_session_receive_buf(session->fuse, request);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n <= 0)
		return n < 0 ? n : -ENODEV;
	request->size = (size_t)n;
	if (!protocol_handle(session, request))
		fuse_session_process_buf(session->fuse, request);
	if (overlay_failed(session->overlay))
		complain(session, request);
	return fuse_session_exited(session->fuse) ? -ENODEV : 1;
}

/* Sleep until there is something to do; negative when `control` ends the session. */
static int wait_for_work(const struct session *session, struct session_control *control,
			 int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = session->fd, .events = POLLIN },
				 { .fd = control ? control->fd : -1, .events = POLLIN } };

	if (poll(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return control->ready(control);
	return 0;
}

/* When the owner of the session wants to be called. */
struct ticker {
	struct session_control *control; /* NULL: never */
	uint64_t due_ns;                 /* 0: nothing has been served since */
};

static void ticker_note(struct ticker *ticker, uint64_t now_ns)
{
	if (ticker->control && !ticker->due_ns)
		ticker->due_ns = now_ns + ticker->control->tick_ms * UINT64_C(1000000);
}

/* Call when it is time; the milliseconds until then, -1 for ever. */
static int ticker_look(struct ticker *ticker, uint64_t now_ns)
{
	if (!ticker->due_ns)
		return -1;
	if (now_ns < ticker->due_ns)
		return (int)((ticker->due_ns - now_ns) / 1000000) + 1;
	ticker->due_ns = 0;
	ticker->control->tick(ticker->control);
	return -1;
}

/* Nobody waits for an answer: time to tidy up. */
static void tidy_up(struct session *session)
{
	if (session->forgotten < FORGOTTEN_MANY)
		return;
	session->forgotten = 0;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

int session_run(struct session *session, struct session_control *control, struct error *err)
{
	cleanup_with(companion_free) struct companion *companion =
		session->options.apart ? NULL : companion_new();
	struct ticker ticker = { .control = control && control->tick ? control : NULL };
	struct fuse_buf request = { 0 };
	uint64_t last = clock_monotonic_ns();
	unsigned served = 0;
	int r = 0;

	session->control = control;
	while (r >= 0) {
		r = serve_one(session, &request);
		if (r > 0) {
			if (++served % CONTROL_INTERVAL == 0) {
				r = wait_for_work(session, control, 0);
				(void)ticker_look(&ticker, last);
			}
			last = clock_monotonic_ns();
			ticker_note(&ticker, last);
			companion_note(companion, last, protocol_caller(&request));
		} else if (r == 0 && !companion_active(companion) &&
			   clock_monotonic_ns() - last < SPIN_NS) {
			sched_yield();
		} else if (r == 0) {
			tidy_up(session);
			r = wait_for_work(session, control, ticker_look(&ticker, last));
			last = clock_monotonic_ns();
			companion_look(companion, last);
		}
	}
	free(request.mem);
	if (r == -ENODEV || r == -ECANCELED)
		return 0;
	return error_errno(err, r, "cannot read requests from the kernel");
}

void session_drain(struct session *session)
{
	struct fuse_buf request = { 0 };

	for (int i = 0; i < DRAIN_MAX && serve_one(session, &request) > 0; i++)
		;
	free(request.mem);
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
