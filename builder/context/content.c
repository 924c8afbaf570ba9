/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the files of a context: hashed, and put into the store. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/context/context_internal.h"
#include "builder/context/hash_cache.h"
#include "builder/context/scan.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/object/dir.h"
#include "fs/store/store.h"

#define BLOCK_SIZE ((size_t)128 << 10)

/* Open a file of the context that is to be read, and see that it is what the tree says. */
static int open_file(struct context *context, struct node *node, char **ret_path, int *ret_fd,
		     struct stat *ret_st, struct error *err)
{
	cleanup_free char *path = dentry_path(node->names);
	cleanup_fd int fd = -1;
	int r = scan_open(context->fd, path, O_RDONLY, &fd);

	if (r == 0 && fstat(fd, ret_st) < 0)
		r = -errno;
	if (r < 0)
		return context_cannot(context, r, "read", path, err);
	if (!S_ISREG(ret_st->st_mode) || (uint64_t)ret_st->st_size != node->size)
		return error_set(err, -ESTALE, "'%s/%s' was changed while it was being read",
				 context->path, path);
	*ret_fd = take_fd(&fd);
	*ret_path = take_ptr(&path);
	return 0;
}

int context_open_file(struct context *context, struct node *node, int *ret_fd, struct error *err)
{
	cleanup_free char *path = NULL;
	struct stat st;

	return open_file(context, node, &path, ret_fd, &st, err);
}

/* A block of the file at its position: how many bytes, 0 at the end, negative. */
static ssize_t read_block(const struct context *context, int fd, char *block, const char *path,
			  struct error *err)
{
	int r = cancel_check(context->cancel_fd, err);
	ssize_t n;

	if (r < 0)
		return r;
	do
		n = read(fd, block, BLOCK_SIZE);
	while (n < 0 && errno == EINTR);
	return n < 0 ? context_cannot(context, -errno, "read", path, err) : n;
}

static int digest_content(const struct context *context, int fd, const char *path,
			  struct object_id *ret, struct error *err)
{
	struct digest *digest = digest_new();
	cleanup_free char *block = xmalloc(BLOCK_SIZE);
	ssize_t n;

	while ((n = read_block(context, fd, block, path, err)) > 0)
		digest_update(digest, block, (size_t)n);
	if (n == 0)
		digest_peek(digest, ret->bytes);
	digest_free(digest);
	return (int)n;
}

static int hash_file(struct context *context, struct node *node, struct object_id *ret,
		     struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	bool xattrs = false;
	struct stat st;
	int r = open_file(context, node, &path, &fd, &st, err);

	if (r == 0)
		r = scan_xattrs(context->tree, node, fd, &xattrs, err);
	if (r < 0)
		return r;
	r = digest_content(context, fd, path, ret, err);
	if (r < 0)
		return r;
	context->counts.bytes_hashed += node->size;
	/* The cache knows nothing of attributes: files that have some are looked at each time. */
	if (!xattrs)
		hash_cache_add(context->hashes, &st, ret);
	return 0;
}

static int read_small(struct context *context, struct node *node, struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	char bytes[DIR_INLINE_MAX];
	bool xattrs;
	struct stat st;
	int r = open_file(context, node, &path, &fd, &st, err);

	if (r == 0)
		r = scan_xattrs(context->tree, node, fd, &xattrs, err);
	if (r < 0)
		return r;
	r = fd_pread_exactly(fd, bytes, node->size, 0);
	if (r < 0)
		return context_cannot(context, r, "read", path, err);
	node_set_inline(context->tree, node, bytes, node->size);
	return 0;
}

int context_resolve(struct content_resolver *resolver, struct node *node, struct error *err)
{
	struct context *context = (struct context *)resolver;
	struct object_id id;
	int r;

	if (node->content != CONTENT_STAGED)
		return 0;
	if (node->size <= DIR_INLINE_MAX)
		return read_small(context, node, err);
	r = hash_file(context, node, &id, err);
	if (r == 0)
		node_set_blob(context->tree, node, &id, node->size);
	return r;
}

/* Copy the open file into the store, and see that it still has the digest it had. */
static int store_file(struct context *context, struct store_txn *txn, const struct node *node,
		      int fd, const char *path, struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	cleanup_free char *block = xmalloc(BLOCK_SIZE);
	struct object_id id;
	uint64_t size;
	ssize_t n = 1;
	int r = blob_writer_begin(txn, &writer, err);

	while (r == 0 && n > 0) {
		n = read_block(context, fd, block, path, err);
		r = n > 0 ? blob_writer_add(writer, block, (size_t)n, err) : (int)n;
	}
	if (r == 0)
		r = blob_writer_finish(writer, &id, &size, err);
	if (r < 0)
		return r;
	context->counts.bytes_stored += size;
	if (!object_id_equal(&id, &node->blob))
		return error_set(err, -ESTALE, "'%s/%s' was changed while it was being copied",
				 context->path, path);
	return 0;
}

int context_ingest(struct context *context, struct store_txn *txn, struct node *node,
		   struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	struct stat st;
	int r = context_resolve(&context->resolver, node, err);

	if (r < 0 || node->content != CONTENT_BLOB)
		return r;
	r = store_txn_has(txn, &node->blob, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = open_file(context, node, &path, &fd, &st, err);
	return r < 0 ? r : store_file(context, txn, node, fd, path, err);
}
