/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/tree_internal.h"

int node_xattrs_load(struct tree *tree, struct node *node, const struct xattrs **ret,
		     struct error *err)
{
	static const struct xattrs none;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	*ret = node->xattrs ? &node->xattrs->list : &none;
	if (!node->xattrs || node->xattrs->list.count || object_id_is_zero(&node->xattrs->id))
		return 0;
	r = store_read(tree->store, &node->xattrs->id, OBJECT_XATTRS, XATTRS_MAX, &bytes, err);
	if (r == 0)
		r = xattrs_decode(bytes.data, bytes.length, &node->xattrs->list, err);
	return r;
}

static int check_room(const struct xattrs *present, const char *key, size_t size, struct error *err)
{
	if (size > XATTR_VALUE_MAX ||
	    xattrs_encoded_size(present) + 6 + strlen(key) + size > XATTRS_MAX)
		return error_set(err, -ENOSPC, "too many or too large extended attributes");
	return 0;
}

int node_set_xattr(struct tree *tree, struct node *node, const char *key, const void *value,
		   size_t size, struct error *err)
{
	const struct xattrs *present;
	int r = node_xattrs_load(tree, node, &present, err);

	if (r == 0 && !value && !xattrs_get(present, key))
		r = error_set(err, -ENODATA, "no extended attribute '%s'", key);
	if (r == 0 && value)
		r = check_room(present, key, size, err);
	if (r == 0)
		r = tree_touch(tree, node, err);
	if (r < 0)
		return r;
	if (!node->xattrs)
		node->xattrs = xcalloc(1, sizeof *node->xattrs);
	if (value)
		xattrs_set(&node->xattrs->list, key, value, size);
	else
		(void)xattrs_remove(&node->xattrs->list, key);
	node->xattrs->id = (struct object_id){ 0 };
	if (node->xattrs->list.count)
		return 0;
	xattrs_release(&node->xattrs->list);
	free(node->xattrs);
	node->xattrs = NULL;
	return 0;
}
