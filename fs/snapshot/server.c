/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/wire.h"
#include "fs/fuse/session.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/changed_names.h"
#include "fs/snapshot/failures.h"
#include "fs/snapshot/listener.h"
#include "fs/snapshot/protocol.h"
#include "fs/snapshot/server_internal.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

#define USERS_MAX 4096
#define RETRY_NS  50000000

static struct server *of_control(struct session_control *control)
{
	return (struct server *)((char *)control - offsetof(struct server, control));
}

static struct server *of_watcher(struct overlay_watcher *watcher)
{
	return (struct server *)((char *)watcher - offsetof(struct server, watcher));
}

static void name_changed(struct overlay_watcher *watcher, struct node *dir, const char *name)
{
	struct server *server = of_watcher(watcher);

	if (!server->changed)
		server->changed = changed_names_new(server->session);
	changed_names_add(server->changed, dir, name);
}

/* ---- answers ---- */

/* The values in `values`, or the error. */
static void make_answer(int r, const struct buf *values, const struct error *err, struct buf *ret)
{
	if (r < 0) {
		wire_put_u32(ret, ANSWER_ERROR);
		wire_put_u32(ret, (uint32_t)-r);
		wire_put_string(ret, err->text[0] ? err->text : error_words(r));
	} else {
		wire_put_u32(ret, ANSWER_OK);
		buf_append(ret, buf_string(values), values->length);
	}
}

static int answer(struct server *server, int fd, int r, const struct buf *values,
		  const struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };

	make_answer(r, values, err, &message);
	if (server->changed)
		return changed_names_tell(take_ptr(&server->changed), fd, &message,
					  server->listener.fd < 0);
	return channel_send(fd, message.data, message.length, &server->answer_fd,
			    server->answer_fd >= 0);
}

/* ---- sockets ---- */

static int watch(struct server *server, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(server->control.fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

/* Somebody may be about to connect: then see again in a moment whether he did. */
static void end_if_unused(struct server *server)
{
	struct itimerspec soon = { .it_value.tv_nsec = RETRY_NS };

	if (server->users)
		return;
	if (listener_close(&server->listener))
		server->ending = true;
	else
		(void)timerfd_settime(server->retry_fd, 0, &soon, NULL);
}

static void user_gone(struct server *server, int fd)
{
	close(fd);
	server->users--;
	end_if_unused(server);
}

static void serve_user(struct server *server, int fd)
{
	cleanup_with(buf_release) struct buf message = { 0 }, values = { 0 };
	struct error err = { 0 };
	struct wire wire;
	int r = channel_receive(fd, &message, NULL, 0, NULL);

	if (r <= 0) {
		user_gone(server, fd);
		return;
	}
	wire = wire_of(message.data, message.length);
	server->answer_fd = -1;
	r = server_handle(server, &wire, &values, &err);
	if (answer(server, fd, r, &values, &err) < 0)
		user_gone(server, fd);
}

static void accept_user(struct server *server)
{
	int fd = listener_accept(&server->listener);

	if (fd < 0)
		return;
	if (server->users >= USERS_MAX || watch(server, fd) < 0)
		close(fd);
	else
		server->users++;
}

static void retry_end(struct server *server)
{
	uint64_t times;

	(void)!read(server->retry_fd, &times, sizeof times);
	end_if_unused(server);
}

static int sockets_ready(struct session_control *control)
{
	struct server *server = of_control(control);
	struct epoll_event events[16];
	int count = epoll_wait(control->fd, events, 16, 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == server->listener.fd)
			accept_user(server);
		else if (events[i].data.fd == server->retry_fd)
			retry_end(server);
		else
			serve_user(server, events[i].data.fd);
	}
	return server->ending ? -ECANCELED : 0;
}

static void has_failed(struct session_control *control, int code, const char *text)
{
	struct server *server = of_control(control);

	failures_add(&server->failures, text);
	if (code != -ENOSPC && code != -EDQUOT && code != -EMFILE && code != -ENFILE)
		server->unsound = true;
}

/* ---- beginning and end ---- */

static int open_tree(struct server *server, const char *store, const struct object_id *snapshot,
		     bool read_only, struct error *err)
{
	struct snapshot_record record = { .root = tree_root_empty() };
	int r = store_open(store, 0, &server->store, err);

	if (r == 0)
		r = store_lease_begin(server->store, &server->lease, err);
	if (r == 0 && !object_id_is_zero(snapshot)) {
		r = store_lease_hold(server->lease, snapshot, err);
		if (r == 0)
			r = snapshot_load(server->store, snapshot, &record, err);
	}
	if (r < 0)
		return r;
	return overlay_open(server->store, read_only ? NULL : server->lease,
			    object_id_is_zero(snapshot) ? NULL : &record.root, &server->overlay,
			    err);
}

/* Where root alone is mapped others keep watch over who is who; see fs/ids. */
static int open_ids(struct server *server, int credentials_fd, struct session_options *options,
		    struct error *err)
{
	int r = owner_table_new(&server->owners, &server->owners_fd);

	if (r < 0)
		return error_errno(err, r, "cannot make a table of owners");
	if (credentials_fd >= 0)
		r = credential_table_open(credentials_fd, false, &server->credentials);
	if (r < 0)
		return error_errno(err, r, "cannot use the table of credentials");
	options->owners = server->owners;
	options->credentials = server->credentials;
	return 0;
}

static int start(struct server *server, struct wire *in, int fuse_fd, int credentials_fd,
		 struct error *err)
{
	cleanup_free char *store = NULL, *socket_path = NULL;
	struct session_options options = { 0 };
	struct object_id snapshot;
	uint32_t flags;
	int r;

	if (wire_u32(in) != SERVER_START)
		return error_set(err, -EPROTO, "a request that is none");
	flags = wire_u32(in);
	store = wire_string(in);
	wire_fixed(in, snapshot.bytes, OBJECT_ID_SIZE);
	socket_path = wire_string(in);
	if (wire_end(in) < 0 || !store)
		return error_set(err, -EPROTO, "a request that is none");
	options.writeback = flags & SERVER_WRITEBACK;
	options.apart = flags & SERVER_APART;
	options.root_only = flags & SERVER_ROOT_ONLY;
	options.traced = flags & SERVER_TRACED;
	/* Lists name users, and the kernel refuses those that it cannot map. */
	options.acls = !options.root_only;
	r = open_tree(server, store, &snapshot, flags & SERVER_READ_ONLY, err);
	if (r == 0 && options.traced)
		r = overlay_trace_begin(server->overlay, err);
	if (r == 0 && socket_path)
		r = listener_open(&server->listener, store_dir_fd(server->store), socket_path, err);
	if (r == 0 && socket_path)
		r = watch(server, server->listener.fd);
	if (r == 0 && options.root_only)
		r = open_ids(server, credentials_fd, &options, err);
	if (r == 0)
		r = session_new(server->overlay, fuse_fd, &options, &server->session, err);
	else
		close(fuse_fd);
	return r;
}

static int receive_start(struct server *server, int channel_fd, struct error *err)
{
	cleanup_with(buf_release) struct buf message = { 0 };
	int fds[SERVER_MESSAGE_MAX_FDS] = { -1, -1 };
	cleanup_fd int credentials_fd = -1;
	size_t fd_count = 0;
	struct wire wire;

	if (channel_receive(channel_fd, &message, fds, SERVER_MESSAGE_MAX_FDS, &fd_count) <= 0)
		return -EPROTO;
	if (fd_count == 0)
		return error_set(err, -EPROTO, "a request that is none");
	credentials_fd = fds[1];
	wire = wire_of(message.data, message.length);
	return start(server, &wire, fds[0], credentials_fd, err);
}

static void finish(struct server *server)
{
	/* Waiting for the kernel could take for ever now; the end of the process frees it, too. */
	if (!changed_names_being_told())
		session_free(server->session);
	failures_release(&server->failures);
	owner_table_close(server->owners);
	credential_table_close(server->credentials);
	overlay_close(server->overlay);
	store_lease_end(server->lease);
	store_close(server->store);
	(void)listener_close(&server->listener);
}

int server_main(int channel_fd)
{
	struct server server = { .control = { .fd = epoll_create1(EPOLL_CLOEXEC),
					      .ready = sockets_ready,
					      .complain = has_failed },
				 .watcher = { .made = name_changed },
				 .listener = { .fd = -1 },
				 .answer_fd = -1,
				 .retry_fd = timerfd_create(CLOCK_MONOTONIC,
							    TFD_CLOEXEC | TFD_NONBLOCK),
				 .users = 1 };
	struct buf nothing = { 0 };
	struct error err = { 0 };
	int r;

	/* The builder's terminal is none of our business; its socket tells when it has gone. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fd_limit_raise();
	fault_init();
	r = receive_start(&server, channel_fd, &err);
	if (answer(&server, channel_fd, r, &nothing, &err) < 0 || r < 0) {
		finish(&server);
		return 1;
	}
	r = watch(&server, channel_fd);
	if (r == 0)
		r = watch(&server, server.retry_fd);
	if (r == 0)
		r = session_run(server.session, &server.control, &err);
	finish(&server);
	return r < 0;
}
