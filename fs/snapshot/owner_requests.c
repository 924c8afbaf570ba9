/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/owner_requests.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/fuse/session.h"
#include "fs/overlay/overlay.h"
#include "fs/tree/lookup.h"

static int make_node(struct overlay *overlay, uint64_t ino, const char *name,
		     const struct overlay_make *make, const struct overlay_caller *caller,
		     struct overlay_watcher *watcher)
{
	struct node *dir = overlay_find_number(overlay, ino), *node;
	int r;

	if (!dir)
		return -ENOENT; /* removed meanwhile */
	if (!node_is_dir(dir))
		return -ENOTDIR;
	r = overlay_make(overlay, dir, name, make, caller, &node);
	if (r < 0)
		return r;
	/* The kernel has not asked for it yet; it may believe that there is no such name. */
	overlay_forget(overlay, node, 1);
	watcher->made(watcher, dir, name);
	return 0;
}

int owner_make_node(struct overlay *overlay, struct overlay_watcher *watcher, struct wire *in,
		    struct error *err)
{
	uint64_t ino = wire_u64(in), rdev;
	cleanup_free char *name = wire_string(in);
	struct overlay_make make = { .mode = wire_u32(in) };
	struct overlay_caller caller = { 0 };
	int r;

	rdev = wire_u64(in);
	make.rdev = (uint64_t)major(rdev) << 32 | minor(rdev);
	make.type = S_ISCHR(make.mode) ? DIR_ENTRY_CHAR : DIR_ENTRY_BLOCK;
	caller.uid = wire_u32(in);
	caller.gid = wire_u32(in);
	if (wire_end(in) < 0 || !name || (!S_ISCHR(make.mode) && !S_ISBLK(make.mode)))
		return error_set(err, -EPROTO, "a request that is none");
	r = make_node(overlay, ino, name, &make, &caller, watcher);
	return r < 0 ? error_errno(err, r, "cannot make the device '%s'", name) : 0;
}

/* Most files are where they are said to be; looking for a number takes long. */
static struct node *find(struct overlay *overlay, uint64_t ino, const char *path)
{
	struct node *node = NULL;

	if (path && tree_lookup(overlay_tree(overlay), path, TREE_NOFOLLOW, &node, NULL) > 0 &&
	    node->ino == ino)
		return node;
	return overlay_find_number(overlay, ino);
}

int owner_set(struct overlay *overlay, struct session *session, struct wire *in, struct error *err)
{
	uint64_t ino = wire_u64(in);
	cleanup_free char *path = wire_string(in);
	struct stat attr = { .st_uid = wire_u32(in) };
	struct node *node;
	unsigned set = 0;
	int r;

	attr.st_gid = wire_u32(in);
	if (wire_end(in) < 0)
		return error_set(err, -EPROTO, "a request that is none");
	if (attr.st_uid != UINT32_MAX)
		set |= OVERLAY_SET_UID;
	if (attr.st_gid != UINT32_MAX)
		set |= OVERLAY_SET_GID;
	node = find(overlay, ino, path);
	r = node ? overlay_setattr(overlay, node, &attr, set) : -ENOENT;
	if (r < 0)
		return error_errno(err, r, "cannot set the owner of '%s'", path ? path : "a file");
	session_attributes_changed(session, node);
	return 0;
}
