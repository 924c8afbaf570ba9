/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing directories. Offsets that go to the kernel: 1 behind ".", 2 behind "..", and
 * `position + 2` behind a name; the next listing begins behind the offset it is given.
 */
#include <errno.h>

#include "fs/fuse/session_internal.h"

struct listing {
	fuse_req_t request;
	struct session *session;
	size_t size, used;
	bool plus; /* with attributes, and a reference to each node */
};

/* Add one line: false when it does not fit any more. `counted`: the kernel will hold the node. */
static bool add(struct listing *listing, const char *name, struct node *node, uint64_t offset,
		bool counted)
{
	char *at = listing->session->buffer + listing->used;
	size_t room = listing->size - listing->used, need;
	struct fuse_entry_param entry;

	session_entry(listing->session, node, &entry);
	if (!counted)
		entry.ino = 0;
	if (listing->plus)
		need = fuse_add_direntry_plus(listing->request, at, room, name, &entry,
					      (off_t)offset);
	else
		need = fuse_add_direntry(listing->request, at, room, name, &entry.attr,
					 (off_t)offset);
	if (need > room)
		return false;
	listing->used += need;
	if (listing->plus && counted)
		node->lookups++;
	return true;
}

static bool add_dots(struct listing *listing, struct node *dir, uint64_t *offset)
{
	if (*offset == 0 && !add(listing, ".", dir, ++*offset, false))
		return false;
	if (*offset == 1 && !add(listing, "..", node_parent(dir), ++*offset, false))
		return false;
	return true;
}

static int fill(struct listing *listing, struct node *dir, uint64_t offset)
{
	struct overlay *overlay = listing->session->overlay;
	struct dentry *dentry;
	int r;

	if (!add_dots(listing, dir, &offset))
		return 0;
	while ((r = overlay_list(overlay, dir, offset - 1, &dentry)) > 0) {
		offset = dentry->position + 2;
		if (!add(listing, dentry->name, dentry->node, offset, true))
			return 0;
	}
	return r;
}

static void list(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, bool plus)
{
	struct session *session = session_of(request);
	struct listing listing = {
		.request = request, .session = session, .size = size, .plus = plus
	};
	int r;

	if (listing.size > session->buffer_size)
		listing.size = session->buffer_size;
	r = fill(&listing, session_node(session, number), (uint64_t)offset);
	if (r < 0 && !listing.used)
		fuse_reply_err(request, -r);
	else
		fuse_reply_buf(request, session->buffer, listing.used);
}

static void op_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		       struct fuse_file_info *file)
{
	(void)file;
	list(request, number, size, offset, false);
}

static void op_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
			   struct fuse_file_info *file)
{
	(void)file;
	list(request, number, size, offset, true);
}

void session_dir_ops(struct fuse_lowlevel_ops *ops)
{
	ops->readdir = op_readdir;
	ops->readdirplus = op_readdirplus;
}
