/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/server.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "fs/snapshot/failures.h"
#include "fs/snapshot/listener.h"
#include "fs/snapshot/owner_requests.h"
#include "fs/snapshot/protocol.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"

#define USERS_MAX 4096
#define RETRY_NS  50000000

struct server {
	struct session_control control; /* `fd` is the epoll set of all sockets */
	struct overlay_watcher watcher;
	struct store *store;
	struct store_lease *lease;
	struct overlay *overlay;
	struct session *session;
	struct listener listener;             /* fd -1 when there is one user only */
	struct owner_table *owners;           /* where root alone is mapped */
	struct credential_table *credentials; /* NULL: there are none */
	int owners_fd;                        /* of the table */
	int retry_fd;                         /* timer: try again to end */
	unsigned users;
	bool ending;
	struct news *news; /* of the request under way */
	int answer_fd;     /* goes with its answer; -1: none */
	struct failures failures;
	bool unsound; /* programs missed what the store could not give, and nobody has asked */
};

static struct server *of_control(struct session_control *control)
{
	return (struct server *)((char *)control - offsetof(struct server, control));
}

static struct server *of_watcher(struct overlay_watcher *watcher)
{
	return (struct server *)((char *)watcher - offsetof(struct server, watcher));
}

/* ---- names that the kernel has to hear of ---- */

/* Names that changed, and the answer that may only be given when the kernel knows of them. */
struct news {
	struct session *session;
	struct node **dirs;
	struct strings names;
	size_t capacity;
	bool in_use; /* the mount, whoever our own users are */
	int fd;
	struct buf answer;
};

/* Threads that tell the kernel something, and use the session. Atomic. */
static unsigned telling;

static void news_free(struct news *news)
{
	if (!news)
		return;
	free(news->dirs);
	strings_release(&news->names);
	buf_release(&news->answer);
	if (news->fd >= 0)
		close(news->fd);
	free(news);
}

static void name_changed(struct overlay_watcher *watcher, struct node *dir, const char *name)
{
	struct server *server = of_watcher(watcher);
	struct news *news = server->news;

	if (!news) {
		news = server->news = xcalloc(1, sizeof *news);
		news->session = server->session;
		news->fd = -1;
	}
	array_reserve_one(news->dirs, news->names.count, news->capacity);
	news->dirs[news->names.count] = dir;
	strings_add(&news->names, name);
}

static void *tell(void *context)
{
	struct news *news = context;

	for (size_t i = 0; i < news->names.count; i++)
		session_name_changed(news->session, news->dirs[i], news->names.items[i]);
	(void)channel_send(news->fd, news->answer.data, news->answer.length, NULL, 0);
	news_free(news);
	__atomic_sub_fetch(&telling, 1, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Tell the kernel, then give the answer. The kernel takes a directory's lock for this; when others
 * are at work in the mount, one of them may hold it while it waits for an answer of ours. So let
 * another thread do the waiting, unless there are no others.
 */
static int tell_and_answer(struct server *server, int fd, struct buf *answer)
{
	struct news *news = take_ptr(&server->news);
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	news->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (news->fd < 0) {
		news_free(news);
		return -errno;
	}
	news->answer = *answer;
	*answer = (struct buf){ 0 };
	__atomic_add_fetch(&telling, 1, __ATOMIC_ACQUIRE);
	if (server->listener.fd < 0 && !news->in_use) {
		(void)tell(news);
		return 0;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, tell, news);
	pthread_attr_destroy(&attr);
	if (r != 0) {
		__atomic_sub_fetch(&telling, 1, __ATOMIC_RELEASE);
		news_free(news);
	}
	return -r;
}

/* ---- requests ---- */

static int handle_mountpoint(struct server *server, struct wire *in, struct buf *out,
			     struct error *err)
{
	cleanup_free char *path = wire_string(in), *real = NULL;
	bool directory = wire_u32(in);
	int r = wire_end(in);

	if (r < 0 || !path)
		return error_set(err, -EPROTO, "a request that is none");
	r = overlay_make_mountpoint(server->overlay, path, directory, &server->watcher, &real, err);
	if (r == 0)
		wire_put_string(out, real);
	return r;
}

static int handle_make_node(struct server *server, struct wire *in, struct error *err)
{
	int r = owner_make_node(server->overlay, &server->watcher, in, err);

	if (r == 0)
		server->news->in_use = true;
	return r;
}

static int commit(struct server *server, const struct snapshot_intent *intent,
		  struct snapshot_result *ret, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = NULL;
	size_t dirs, files;
	int r = store_txn_begin(server->store, server->lease, &txn, err);

	if (r == 0)
		r = overlay_commit_write(server->overlay, txn, &written, err);
	if (r < 0)
		return r;
	ret->root = *tree_commit_root(written);
	tree_commit_counts(written, &dirs, &files);
	ret->dirs = (uint32_t)dirs;
	ret->files = (uint32_t)files;
	r = snapshot_record_put(txn, &ret->root, intent, &ret->id, err);
	/* The tree in memory goes on from here: what it refers to must stay. */
	if (r == 0)
		r = store_txn_hold(txn, store_lease_name(server->lease), &ret->id, err);
	if (r == 0)
		r = store_txn_commit(txn, err);
	ret->bytes = store_txn_bytes(txn);
	if (r < 0) {
		tree_commit_abort(written);
		return r;
	}
	tree_commit_apply(written);
	overlay_commit_done(server->overlay);
	return 0;
}

/*
 * A program that could not read a file, and made light of it, has made something out of the rest:
 * nobody shall take that for what it makes. Whoever has been told why may keep it all the same.
 */
static int check_sound(struct server *server, struct error *err)
{
	const struct failures *failures = &server->failures;

	if (!server->unsound)
		return 0;
	server->unsound = false;
	return error_set(err, -EIO, "what was made is not kept, as files could not be read: %s",
			 failures->items[failures->count - 1].text);
}

static int handle_commit(struct server *server, struct wire *in, struct buf *out, struct error *err)
{
	struct snapshot_intent intent = { 0 };
	struct snapshot_result result = { 0 };
	int r;

	if (snapshot_intent_decode(in, &intent) < 0)
		return error_set(err, -EPROTO, "a request that is none");
	session_drain(server->session);
	r = server->lease ? 0 : error_set(err, -EROFS, "the filesystem is read-only");
	if (r == 0)
		r = check_sound(server, err);
	if (r == 0 && server->listener.fd < 0)
		r = overlay_drop_ghosts(server->overlay, &server->watcher);
	if (r == 0)
		r = commit(server, &intent, &result, err);
	if (r == 0)
		snapshot_result_encode(&result, out);
	free(intent.hold);
	free(intent.ref);
	return r;
}

static int handle_owners(struct server *server, struct error *err)
{
	if (!server->owners)
		return error_set(err, -ENOENT, "the kernel knows all owners here");
	server->answer_fd = server->owners_fd;
	return 0;
}

static int handle_trace(struct server *server, struct buf *out, struct error *err)
{
	cleanup_with(buf_release) struct buf trace = { 0 };
	int r;

	session_drain(server->session);
	r = overlay_trace(server->overlay, &trace, err);
	if (r == 0)
		wire_put_bytes(out, buf_string(&trace), trace.length);
	return r;
}

static int handle_failures(struct server *server, struct wire *in, struct buf *out,
			   struct error *err)
{
	uint64_t since = wire_u64(in);

	if (wire_end(in) < 0)
		return error_set(err, -EPROTO, "a request that is none");
	session_drain(server->session);
	failures_encode(&server->failures, since, out);
	server->unsound = false;
	return 0;
}

static int handle(struct server *server, struct wire *in, struct buf *out, struct error *err)
{
	switch (wire_u32(in)) {
	case SERVER_MOUNTPOINT:
		return handle_mountpoint(server, in, out, err);
	case SERVER_MAKE_NODE:
		return handle_make_node(server, in, err);
	case SERVER_SET_OWNER:
		return owner_set(server->overlay, server->session, in, err);
	case SERVER_OWNERS:
		return handle_owners(server, err);
	case SERVER_COMMIT:
		return handle_commit(server, in, out, err);
	case SERVER_CHANGED:
		wire_put_u32(out, overlay_changed(server->overlay));
		return 0;
	case SERVER_TRACE:
		return handle_trace(server, out, err);
	case SERVER_FAILURES:
		return handle_failures(server, in, out, err);
	case SERVER_LEAVE:
		/* Who comes now must not find a server whose mount is about to go. */
		if (server->users == 1)
			listener_retire(&server->listener);
		wire_put_u32(out, server->users - 1);
		return 0;
	default:
		return error_set(err, -EPROTO, "a request that is none");
	}
}

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
	if (server->news)
		return tell_and_answer(server, fd, &message);
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
	r = handle(server, &wire, &values, &err);
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
	if (__atomic_load_n(&telling, __ATOMIC_ACQUIRE) == 0)
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
