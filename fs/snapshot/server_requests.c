/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/fuse/session.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/changed_names.h"
#include "fs/snapshot/owner_requests.h"
#include "fs/snapshot/protocol.h"
#include "fs/snapshot/server_internal.h"
#include "fs/snapshot/snapshot.h"

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
		changed_names_in_use(server->changed);
	return r;
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
		r = snapshot_commit_overlay(server->overlay, server->lease, &intent, &result, err);
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

int server_handle(struct server *server, struct wire *in, struct buf *out, struct error *err)
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
