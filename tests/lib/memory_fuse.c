/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory-fuse FD DIR [--owner FD] [--dump FILE] [--hang NAME]: serve a copy of DIR on a mounted
 * /dev/fuse descriptor, for tests. --owner answers requests of owner.h there. --dump writes what
 * it is like in the end. --hang: reading a file of that name is never answered.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "builder/sandbox/owner.h"
#include "fs/base/alloc.h"
#include "tests/lib/memory_tree.h"

#define FOREVER 86400.0

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the tree */
static const char *hang_name = "";
static struct fuse_session *session;

static void reply_entry(fuse_req_t req, const struct memory_node *node)
{
	struct fuse_entry_param entry = { .ino = node->inode,
					  .attr = node->stat,
					  .attr_timeout = 1.0,
					  .entry_timeout = FOREVER };

	fuse_reply_entry(req, &entry);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct memory_node *node = memory_find(memory_node(parent), name);

	if (node)
		reply_entry(req, node);
	else
		fuse_reply_err(req, ENOENT);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	fuse_reply_attr(req, &memory_node(ino)->stat, 1.0);
}

static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct memory_node *node = memory_node(ino);
	struct stat *stat = &node->stat;

	(void)fi;
	if (to_set & FUSE_SET_ATTR_MODE)
		stat->st_mode = (stat->st_mode & S_IFMT) | (attr->st_mode & 07777);
	if (to_set & FUSE_SET_ATTR_UID)
		stat->st_uid = attr->st_uid;
	if (to_set & FUSE_SET_ATTR_GID)
		stat->st_gid = attr->st_gid;
	if (to_set & FUSE_SET_ATTR_SIZE)
		memory_resize(node, (size_t)attr->st_size);
	if (to_set & FUSE_SET_ATTR_MTIME)
		stat->st_mtim = attr->st_mtim;
	if (to_set & (FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_SIZE))
		memory_touch(node);
	fuse_reply_attr(req, stat, 1.0);
}

static void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
	fuse_reply_readlink(req, memory_node(ino)->data);
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev,
		 const char *target)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct memory_node *node =
		memory_make(memory_node(parent), name, mode, rdev, ctx->uid, ctx->gid);

	if (!node) {
		fuse_reply_err(req, EEXIST);
		return;
	}
	if (target) {
		memory_resize(node, strlen(target) + 1);
		memcpy(node->data, target, strlen(target) + 1);
		node->stat.st_size--;
	}
	reply_entry(req, node);
}

static void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	make(req, parent, name, mode, rdev, NULL);
}

static void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make(req, parent, name, S_IFDIR | mode, 0, NULL);
}

static void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	make(req, parent, name, S_IFLNK | 0777, 0, target);
}

static void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	memory_unlink(memory_node(parent), name);
	fuse_reply_err(req, 0);
}

static void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct memory_node *node = memory_find(memory_node(parent), name);

	if (node && node->entry_count) {
		fuse_reply_err(req, ENOTEMPTY);
		return;
	}
	on_unlink(req, parent, name);
}

static void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned flags)
{
	struct memory_node *from = memory_node(parent), *to = memory_node(new_parent);
	struct memory_node *node = memory_find(from, name), *old = memory_find(to, new_name);

	if (flags & ~1u || !node || (old && flags) || (old && old->entry_count)) {
		fuse_reply_err(req, flags & ~1u ? EINVAL
				    : !node     ? ENOENT
				    : flags     ? EEXIST
						: ENOTEMPTY);
		return;
	}
	memory_unlink(to, new_name);
	memory_link(to, new_name, node);
	memory_unlink(from, name);
	fuse_reply_err(req, 0);
}

static void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	memory_link(memory_node(parent), name, memory_node(ino));
	reply_entry(req, memory_node(ino));
}

static bool is_hanging(uint64_t ino)
{
	const struct memory_node *node = *hang_name ? memory_find(memory_node(1), hang_name) : NULL;

	return node && node->inode == ino;
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	const struct memory_node *node = memory_node(ino);
	size_t have = offset < node->stat.st_size ? (size_t)(node->stat.st_size - offset) : 0;

	(void)fi;
	if (!is_hanging(ino))
		fuse_reply_buf(req, have ? node->data + offset : NULL, have < size ? have : size);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	struct memory_node *node = memory_node(ino);

	(void)fi;
	if (offset + (off_t)size > node->stat.st_size)
		memory_resize(node, (size_t)offset + size);
	memcpy(node->data + offset, data, size);
	memory_touch(node);
	fuse_reply_write(req, size);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	const struct memory_node *node = memory_node(ino);
	char *data = xmalloc(size);
	size_t used = 0;

	(void)fi;
	for (size_t i = (size_t)offset; i < node->entry_count; i++) {
		const struct memory_entry *entry = &node->entries[i];
		size_t more = fuse_add_direntry(req, data + used, size - used, entry->name,
						&entry->node->stat, (off_t)i + 1);

		if (more > size - used)
			break;
		used += more;
	}
	fuse_reply_buf(req, data, used);
	free(data);
}

static void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs facts = { .f_bsize = 4096,
				       .f_frsize = 4096,
				       .f_blocks = 1 << 20,
				       .f_bfree = 1 << 19,
				       .f_bavail = 1 << 19,
				       .f_namemax = 255 };

	(void)ino;
	fuse_reply_statfs(req, &facts);
}

static struct memory_xattr *find_xattr(struct memory_node *node, const char *name)
{
	for (size_t i = 0; i < node->xattr_count; i++) {
		if (strcmp(node->xattrs[i].name, name) == 0)
			return &node->xattrs[i];
	}
	return NULL;
}

static void on_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			size_t size, int flags)
{
	struct memory_node *node = memory_node(ino);
	struct memory_xattr *xattr = find_xattr(node, name);

	(void)flags;
	if (!xattr) {
		array_reserve_one(node->xattrs, node->xattr_count, node->xattr_capacity);
		xattr = &node->xattrs[node->xattr_count++];
		*xattr = (struct memory_xattr){ .name = xstrdup(name) };
	}
	free(xattr->value);
	xattr->value = xmemdup(value, size);
	xattr->size = size;
	fuse_reply_err(req, 0);
}

static void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	const struct memory_xattr *xattr = find_xattr(memory_node(ino), name);

	if (!xattr)
		fuse_reply_err(req, ENODATA);
	else if (size == 0)
		fuse_reply_xattr(req, xattr->size);
	else if (size < xattr->size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, xattr->value, xattr->size);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = on_readlink,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.symlink = on_symlink,
	.unlink = on_unlink,
	.rmdir = on_rmdir,
	.open = on_open,
	.rename = on_rename,
	.link = on_link,
	.read = on_read,
	.write = on_write,
	.readdir = on_readdir,
	.statfs = on_statfs,
	.setxattr = on_setxattr,
	.getxattr = on_getxattr,
};

static int answer(const struct owner_request *request)
{
	struct memory_node *node =
		request->verb == OWNER_TABLE ? NULL : memory_node(request->inode);

	if (request->verb == OWNER_MKNOD)
		return memory_make(node, request->name, request->mode, request->rdev, request->uid,
				   request->gid)
			       ? 0
			       : -EEXIST;
	if (request->verb != OWNER_CHOWN)
		return -EOPNOTSUPP;
	if (request->uid != UINT32_MAX)
		node->stat.st_uid = request->uid;
	if (request->gid != UINT32_MAX)
		node->stat.st_gid = request->gid;
	if (S_ISREG(node->stat.st_mode))
		node->stat.st_mode &= ~(mode_t)(S_ISUID | S_ISGID);
	return 0;
}

static void *serve_owner(void *argument)
{
	int fd = *(int *)argument;
	struct owner_request request;

	while (owner_receive(fd, &request) > 0) {
		int error;

		pthread_mutex_lock(&lock);
		error = answer(&request);
		pthread_mutex_unlock(&lock);
		/* Not under the lock: the kernel may wait for a request that is being served. */
		if (request.verb == OWNER_MKNOD && error == 0)
			(void)fuse_lowlevel_notify_inval_entry(session, request.inode, request.name,
							       strlen(request.name));
		owner_request_release(&request);
		if (owner_answer(fd, error) < 0)
			break;
	}
	return NULL;
}

/* One request at a time, under the lock. */
static void serve(void)
{
	struct fuse_buf buf = { 0 };

	while (!fuse_session_exited(session)) {
		int n = fuse_session_receive_buf(session, &buf);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		pthread_mutex_lock(&lock);
		fuse_session_process_buf(session, &buf);
		pthread_mutex_unlock(&lock);
	}
	free(buf.mem);
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	const char *dump = NULL;
	pthread_t thread;
	int owner_fd = -1;
	char *where;

	if (argc < 3)
		return 2;
	memory_tree_load(argv[2]);
	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--owner") == 0)
			owner_fd = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--dump") == 0)
			dump = argv[i + 1];
		else if (strcmp(argv[i], "--hang") == 0)
			hang_name = argv[i + 1];
	}
	where = xasprintf("/dev/fd/%s", argv[1]);
	session = fuse_session_new(&args, &operations, sizeof operations, NULL);
	if (!session || fuse_session_mount(session, where) != 0)
		return 1;
	if (owner_fd >= 0)
		pthread_create(&thread, NULL, serve_owner, &owner_fd);
	serve();
	if (dump) {
		FILE *file = fopen(dump, "we");

		if (file) {
			memory_dump(file);
			fclose(file);
		}
	}
	return 0;
}
