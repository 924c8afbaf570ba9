/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes; those that are access control lists go together with modes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/overlay/acl.h"
#include "fs/overlay/overlay_internal.h"

/* The kernel passes on every name; these are the ones that a filesystem for Linux has. */
static bool is_known(const char *key)
{
	static const char *const spaces[] = { "user.", "security.", "trusted." };

	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
		if (strncmp(key, spaces[i], strlen(spaces[i])) == 0)
			return true;
	}
	return strcmp(key, ACL_ACCESS) == 0 || strcmp(key, ACL_DEFAULT) == 0;
}

ssize_t overlay_getxattr(struct overlay *overlay, struct node *node, const char *key, void *value,
			 size_t size)
{
	const struct xattrs *list;
	const struct xattr *found;
	int r;

	if (!is_known(key))
		return -EOPNOTSUPP;
	if (!node->xattrs)
		return -ENODATA;
	r = overlay_io(node_xattrs_load(overlay->tree, node, &list, &overlay->why));
	if (r < 0)
		return r;
	found = xattrs_get(list, key);
	if (!found)
		return -ENODATA;
	if (size && found->size > size)
		return -ERANGE;
	if (size && found->size)
		memcpy(value, found->value, found->size);
	return (ssize_t)found->size;
}

ssize_t overlay_listxattr(struct overlay *overlay, struct node *node, char *list, size_t size)
{
	const struct xattrs *present;
	size_t used = 0;
	int r = overlay_io(node_xattrs_load(overlay->tree, node, &present, &overlay->why));

	if (r < 0)
		return r;
	for (size_t i = 0; i < present->count; i++) {
		size_t length = strlen(present->items[i].key) + 1;

		if (size && used + length > size)
			return -ERANGE;
		if (size)
			memcpy(list + used, present->items[i].key, length);
		used += length;
	}
	return (ssize_t)used;
}

/*
 * A file capability set in a nested user namespace arrives in the form that names the namespace's
 * root (version 3). When that is our own root, it is stored in the form that every system reads
 * (version 2), which is the same without the last field. Layout: linux/capability.h.
 */
static void plain_capability(const char *key, const void **value, size_t *size,
			     uint8_t plain[static 20])
{
	const uint8_t *bytes = *value;

	if (strcmp(key, "security.capability") != 0 || *size != 24 ||
	    (get_le32(bytes) & 0xff000000) != 0x03000000 || get_le32(bytes + 20) != 0)
		return;
	memcpy(plain, bytes, 20);
	put_le32(plain, (get_le32(bytes) & 0x00ffffff) | 0x02000000);
	*value = plain;
	*size = 20;
}

/* ---- access control lists ---- */

/* The list that goes by this name, in a copy that the caller frees; NULL: there is none. */
static int copy_list(struct overlay *overlay, struct node *node, const char *key, void **ret,
		     size_t *ret_size)
{
	const struct xattrs *present;
	const struct xattr *found;
	int r = overlay_io(node_xattrs_load(overlay->tree, node, &present, &overlay->why));

	if (r < 0)
		return r;
	found = xattrs_get(present, key);
	*ret = NULL;
	/* What came from elsewhere may be no list; then it is just bytes. */
	if (!found || acl_check(found->value, found->size) < 0)
		return 0;
	*ret = xmemdup(found->value, found->size);
	*ret_size = found->size;
	return 0;
}

static int set_bytes(struct overlay *overlay, struct node *node, const char *key, const void *list,
		     size_t size)
{
	return overlay_io(node_set_xattr(overlay->tree, node, key, list, size, &overlay->why));
}

int overlay_acl_follow(struct overlay *overlay, struct node *node, uint16_t mode)
{
	cleanup_free void *list = NULL;
	size_t size;
	int r = copy_list(overlay, node, ACL_ACCESS, &list, &size);

	if (r < 0 || !list)
		return r;
	acl_set_mode(list, size, mode);
	return set_bytes(overlay, node, ACL_ACCESS, list, size);
}

int overlay_acl_inherit(struct overlay *overlay, struct node *dir, struct node *node,
			uint32_t umask)
{
	cleanup_free void *list = NULL;
	size_t size;
	bool plain;
	int r = dir->xattrs ? copy_list(overlay, dir, ACL_DEFAULT, &list, &size) : 0;

	if (r < 0)
		return r;
	if (!list) {
		node->mode &= (uint16_t)~umask;
		return 0;
	}
	if (node_is_dir(node))
		r = set_bytes(overlay, node, ACL_DEFAULT, list, size);
	acl_limit(list, size, node->mode);
	node->mode = (uint16_t)((node->mode & ~0777) | acl_mode(list, size, &plain));
	if (r == 0 && !plain)
		r = set_bytes(overlay, node, ACL_ACCESS, list, size);
	return r;
}

/* What a list of access says, the mode says, too; when it says no more, it is not kept. */
static int set_access(struct overlay *overlay, struct node *node, const void *list, size_t size,
		      int flags)
{
	uint16_t mode;
	bool plain;
	int r = acl_check(list, size);

	if (r < 0)
		return r;
	mode = (uint16_t)((node->mode & ~0777) | acl_mode(list, size, &plain));
	if (flags & OVERLAY_XATTR_KILL_SGID)
		mode &= (uint16_t)~S_ISGID;
	r = set_bytes(overlay, node, ACL_ACCESS, plain ? NULL : list, size);
	if (r == -ENODATA)
		r = overlay_touch(overlay, node);
	if (r == 0)
		node->mode = mode;
	return r;
}

/* ---- setting ---- */

int overlay_setxattr(struct overlay *overlay, struct node *node, const char *key, const void *value,
		     size_t size, int flags)
{
	const struct xattrs *present;
	uint8_t plain[20];
	bool exists;
	int r;

	if (overlay->read_only)
		return -EROFS;
	if (!is_known(key))
		return -EOPNOTSUPP;
	r = overlay_io(node_xattrs_load(overlay->tree, node, &present, &overlay->why));
	if (r < 0)
		return r;
	exists = xattrs_get(present, key);
	if (flags & XATTR_CREATE && exists)
		return -EEXIST;
	if (flags & XATTR_REPLACE && !exists)
		return -ENODATA;
	plain_capability(key, &value, &size, plain);
	if (strcmp(key, ACL_ACCESS) == 0)
		r = set_access(overlay, node, value, size, flags);
	else if (strcmp(key, ACL_DEFAULT) == 0 && !node_is_dir(node))
		r = -EACCES;
	else
		r = set_bytes(overlay, node, key, value ? value : "", size);
	if (r == 0)
		node->ctime = overlay_now();
	return r;
}

int overlay_removexattr(struct overlay *overlay, struct node *node, const char *key)
{
	int r;

	if (overlay->read_only)
		return -EROFS;
	r = overlay_io(node_set_xattr(overlay->tree, node, key, NULL, 0, &overlay->why));
	if (r == 0)
		node->ctime = overlay_now();
	return r;
}
