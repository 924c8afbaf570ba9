/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "fs/overlay/overlay_internal.h"
#include "fs/store/store.h"

#define DIR_SIZE   4096
#define BLOCK_SIZE 4096

static mode_t type_bits(const struct node *node)
{
	switch ((enum dir_entry_type)node->type) {
	case DIR_ENTRY_FILE:
		return S_IFREG;
	case DIR_ENTRY_DIR:
		return S_IFDIR;
	case DIR_ENTRY_SYMLINK:
		return S_IFLNK;
	case DIR_ENTRY_BLOCK:
		return S_IFBLK;
	case DIR_ENTRY_CHAR:
		return S_IFCHR;
	case DIR_ENTRY_FIFO:
		return S_IFIFO;
	case DIR_ENTRY_SOCKET:
		return S_IFSOCK;
	}
	return S_IFREG;
}

static bool is_device(const struct node *node)
{
	return node->type == DIR_ENTRY_BLOCK || node->type == DIR_ENTRY_CHAR;
}

static struct timespec to_timespec(struct node_time time)
{
	return (struct timespec){ .tv_sec = time.s, .tv_nsec = time.ns };
}

static struct node_time from_timespec(const struct timespec *time)
{
	return (struct node_time){ time->tv_sec, (uint32_t)time->tv_nsec };
}

/*
 * Space on disk: of a staged file what it takes, of a stored one what it would take unpacked. Programs
 * that look for holes do so when this is less than the size; only large files are stored with holes.
 */
static uint64_t allocated(struct overlay *overlay, const struct node *node)
{
	uint64_t size = node->size;

	if (!node_is_file(node) || node->content == CONTENT_EMPTY)
		return node_is_dir(node) ? DIR_SIZE : 0;
	if (node->content == CONTENT_STAGED)
		return staged_allocated(node->staged);
	if (node->content == CONTENT_BLOB && size >= STORE_LOOSE_MIN)
		(void)store_space(overlay->store, &node->blob, &size, NULL);
	return (size + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;
}

void overlay_stat(struct overlay *overlay, const struct node *node, struct stat *ret)
{
	*ret = (struct stat){ .st_ino = node->ino,
			      .st_mode = type_bits(node) | node->mode,
			      .st_nlink = node->link_count,
			      .st_uid = node->uid,
			      .st_gid = node->gid,
			      .st_size = (off_t)node->size,
			      .st_blksize = BLOCK_SIZE,
			      .st_blocks = (blkcnt_t)(allocated(overlay, node) / 512),
			      .st_atim = to_timespec(node->atime),
			      .st_mtim = to_timespec(node->mtime),
			      .st_ctim = to_timespec(node->ctime) };
	if (node_is_dir(node)) {
		ret->st_size = DIR_SIZE;
		ret->st_nlink = node->flags & NODE_DETACHED ? 0 : 2 + node_subdirs(node);
	} else if (is_device(node)) {
		ret->st_rdev = makedev((unsigned)(node->rdev >> 32), (unsigned)node->rdev);
		ret->st_size = 0;
	}
}

/* ---- set-id bits ---- */

static uint16_t without_set_id(uint16_t mode)
{
	mode &= (uint16_t)~S_ISUID;
	/* Without group execution the bit means something else, and stays. */
	if (mode & S_IXGRP)
		mode &= (uint16_t)~S_ISGID;
	return mode;
}

int overlay_kill_priv(struct overlay *overlay, struct node *node)
{
	int r;

	node->mode = without_set_id(node->mode);
	if (!node->xattrs)
		return 0;
	r = overlay_io(
		node_set_xattr(overlay->tree, node, "security.capability", NULL, 0, &overlay->why));
	return r == -ENODATA ? 0 : r;
}

/* ---- changing ---- */

static int set_size(struct overlay *overlay, struct node *node, uint64_t size, unsigned set)
{
	struct staged *staged;
	int r = 0;

	if (!node_is_file(node))
		return node_is_dir(node) ? -EISDIR : -EINVAL;
	if (size == 0) {
		node_set_empty(overlay->tree, node);
	} else if (size != node->size) {
		r = overlay_stage(overlay, node, &staged);
		if (r == 0)
			r = overlay_staged(overlay, staged_truncate(staged, size));
		if (r == 0)
			node->size = size;
	}
	if (r < 0)
		return r;
	if (!(set & (OVERLAY_SET_MTIME | OVERLAY_SET_MTIME_NOW)))
		node->mtime = overlay_now();
	return 0;
}

static int set_owner(struct overlay *overlay, struct node *node, const struct stat *attr,
		     unsigned set)
{
	if (set & OVERLAY_SET_UID)
		node->uid = attr->st_uid;
	if (set & OVERLAY_SET_GID)
		node->gid = attr->st_gid;
	if (node_is_dir(node) || set & OVERLAY_SET_MODE)
		return 0;
	return overlay_kill_priv(overlay, node);
}

/* A list of who may do what says the same as the mode. */
static int set_mode(struct overlay *overlay, struct node *node, uint16_t mode)
{
	int r = node->xattrs ? overlay_acl_follow(overlay, node, mode) : 0;

	if (r == 0)
		node->mode = mode;
	return r;
}

int overlay_setattr(struct overlay *overlay, struct node *node, const struct stat *attr,
		    unsigned set)
{
	int r = overlay_touch(overlay, node);

	if (r == 0 && set & OVERLAY_SET_SIZE)
		r = set_size(overlay, node, (uint64_t)attr->st_size, set);
	if (r == 0 && set & (OVERLAY_SET_UID | OVERLAY_SET_GID))
		r = set_owner(overlay, node, attr, set);
	if (r == 0 && set & OVERLAY_KILL_PRIV)
		r = overlay_kill_priv(overlay, node);
	if (r == 0 && set & OVERLAY_SET_MODE)
		r = set_mode(overlay, node, attr->st_mode & 07777);
	if (r < 0)
		return r;
	if (set & OVERLAY_SET_ATIME)
		node->atime = from_timespec(&attr->st_atim);
	if (set & OVERLAY_SET_MTIME)
		node->mtime = from_timespec(&attr->st_mtim);
	if (set & OVERLAY_SET_ATIME_NOW)
		node->atime = overlay_now();
	if (set & OVERLAY_SET_MTIME_NOW)
		node->mtime = overlay_now();
	if (set & OVERLAY_SET_CTIME)
		node->ctime = from_timespec(&attr->st_ctim);
	return 0;
}
