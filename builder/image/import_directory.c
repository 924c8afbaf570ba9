/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <uthash.h>

#include "builder/image/beneath.h"
#include "builder/image/import_internal.h"
#include "builder/image/layer_apply.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"
#include "fs/tree/edit.h"

#define BUFFER_SIZE ((size_t)1 << 20)

DEFINE_CLEANUP(DIR *, closedir);

/* A file that has several names, by its inode. */
struct linked_file {
	struct {
		dev_t device;
		ino_t inode;
	} key;
	struct node *node;
	UT_hash_handle hh;
};

/* A directory that is still to be read; "" is the top. */
struct pending_dir {
	struct node *node;
	char *path;
};

struct directory_import {
	const struct image_import *import;
	const char *name; /* of the whole */
	int top_fd;
	struct tree *tree;
	struct store_txn *txn;
	struct pending_dir *pending;
	size_t count, capacity;
	struct linked_file *linked;
	uint64_t bytes;
	char *buffer;
};

static int complain(const struct directory_import *run, const char *path, int code,
		    struct error *err)
{
	return error_errno(err, code, "cannot read '%s%s%s'", run->name, *path ? "/" : "", path);
}

/* ---- attributes ---- */

static struct tree_attr attr_of(const struct stat *st)
{
	bool root = geteuid() == 0;

	return (struct tree_attr){
		.mode = st->st_mode & 07777,
		.uid = !root && st->st_uid == geteuid() ? 0 : st->st_uid,
		.gid = !root && st->st_gid == getegid() ? 0 : st->st_gid,
		.mtime = { st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec },
	};
}

static int copy_xattrs(struct directory_import *run, struct node *node, int fd, struct error *err)
{
	cleanup_free char *list = xmalloc(XATTR_LIST_MAX), *value = NULL;
	ssize_t length = flistxattr(fd, list, XATTR_LIST_MAX);

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1) {
		ssize_t size;
		int r;

		if (!layer_keeps_xattr(list + at, node->type))
			continue;
		if (!value)
			value = xmalloc(XATTR_VALUE_MAX);
		size = fgetxattr(fd, list + at, value, XATTR_VALUE_MAX);
		if (size < 0)
			continue; /* gone meanwhile, or not for us to read */
		r = node_set_xattr(run->tree, node, list + at, value, (size_t)size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- content ---- */

static int read_large(struct directory_import *run, struct node *node, int fd, const char *path,
		      size_t have, struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	ssize_t n = (ssize_t)have;
	struct object_id id;
	uint64_t size;
	int r = blob_writer_begin(run->txn, &writer, err);

	while (r == 0 && n > 0) {
		r = blob_writer_add(writer, run->buffer, (size_t)n, err);
		run->bytes += (uint64_t)n;
		progress_report(run->import->progress, "importing", run->bytes, 0);
		if (r < 0)
			break;
		do
			n = read(fd, run->buffer, BUFFER_SIZE);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return complain(run, path, -errno, err);
	}
	if (r == 0)
		r = blob_writer_finish(writer, &id, &size, err);
	if (r == 0)
		node_set_blob(run->tree, node, &id, size);
	return r;
}

static int read_content(struct directory_import *run, struct node *node, int fd, const char *path,
			struct error *err)
{
	size_t have = 0;
	ssize_t n;

	/* As much as tells whether it is so little that it stands in the directory itself. */
	while (have <= DIR_INLINE_MAX &&
	       ((n = read(fd, run->buffer + have, BUFFER_SIZE - have)) != 0)) {
		if (n < 0 && errno != EINTR)
			return complain(run, path, -errno, err);
		if (n > 0)
			have += (size_t)n;
	}
	if (have > DIR_INLINE_MAX)
		return read_large(run, node, fd, path, have, err);
	if (have)
		node_set_inline(run->tree, node, run->buffer, have);
	return 0;
}

static int read_file(struct directory_import *run, int dir_fd, const char *name, struct node *node,
		     const char *path, struct error *err)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return complain(run, path, -errno, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -ESTALE, "'%s/%s' was replaced while it was read", run->name,
				 path);
	r = read_content(run, node, fd, path, err);
	return r < 0 ? r : copy_xattrs(run, node, fd, err);
}

static int read_symlink(struct directory_import *run, int dir_fd, const char *name,
			struct node *node, const char *path, struct error *err)
{
	char target[DIR_SYMLINK_MAX + 1];
	ssize_t length = readlinkat(dir_fd, name, target, sizeof target);

	if (length <= 0)
		return complain(run, path, length < 0 ? -errno : -EINVAL, err);
	if ((size_t)length == sizeof target)
		return complain(run, path, -ENAMETOOLONG, err);
	node_set_target(node, target, (size_t)length);
	return 0;
}

/* ---- names ---- */

/* 1 when it is another name of a file that was there already. */
static int link_known(struct directory_import *run, struct node *dir, const char *name,
		      const struct stat *st, struct linked_file **ret_new, struct error *err)
{
	struct linked_file *known;
	struct linked_file *file = xcalloc(1, sizeof *file);
	int r;

	/* the whole key is compared, holes in it as well: it came zeroed */
	file->key.device = st->st_dev;
	file->key.inode = st->st_ino;
	HASH_FIND(hh, run->linked, &file->key, sizeof file->key, known);
	if (!known) {
		HASH_ADD(hh, run->linked, key, sizeof file->key, file);
		*ret_new = file;
		return 0;
	}
	free(file);
	r = tree_put_link(run->tree, dir, name, strlen(name), known->node, err);
	return r < 0 ? r : 1;
}

static void add_pending(struct directory_import *run, struct node *node, char *path)
{
	array_reserve_one(run->pending, run->count, run->capacity);
	run->pending[run->count++] = (struct pending_dir){ node, path };
}

static int fill_node(struct directory_import *run, int dir_fd, const char *name, struct node *node,
		     const struct stat *st, char **path, struct error *err)
{
	switch (node->type) {
	case DIR_ENTRY_FILE:
		return read_file(run, dir_fd, name, node, *path, err);
	case DIR_ENTRY_SYMLINK:
		return read_symlink(run, dir_fd, name, node, *path, err);
	case DIR_ENTRY_DIR:
		add_pending(run, node, take_ptr(path));
		return 0;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
		node->rdev = (uint64_t)major(st->st_rdev) << 32 | minor(st->st_rdev);
		return 0;
	default:
		return 0;
	}
}

static int read_name(struct directory_import *run, const struct pending_dir *dir, int dir_fd,
		     const char *name, struct error *err)
{
	cleanup_free char *path = *dir->path ? xasprintf("%s/%s", dir->path, name) : xstrdup(name);
	struct linked_file *fresh = NULL;
	struct tree_attr attr;
	struct node *node;
	struct stat st;
	int type, r;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(run, path, -errno, err);
	type = dir_entry_type_of(st.st_mode);
	if (!type || type == DIR_ENTRY_SOCKET)
		return 0;
	if (type != DIR_ENTRY_DIR && st.st_nlink > 1) {
		r = link_known(run, dir->node, name, &st, &fresh, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	attr = attr_of(&st);
	r = tree_put(run->tree, dir->node, name, strlen(name), (enum dir_entry_type)type, &attr,
		     &node, err);
	if (r < 0)
		return r;
	if (fresh)
		fresh->node = node;
	return fill_node(run, dir_fd, name, node, &st, &path, err);
}

static int read_names(struct directory_import *run, const struct pending_dir *dir, DIR *stream,
		      struct error *err)
{
	const struct dirent *entry;

	for (;;) {
		int r;

		errno = 0;
		entry = readdir(stream); /* NOLINT(concurrency-mt-unsafe): the stream is our own */
		if (!entry)
			return errno ? complain(run, dir->path, -errno, err) : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = read_name(run, dir, dirfd(stream), entry->d_name, err);
		if (r < 0)
			return r;
	}
}

static void set_root(struct directory_import *run, const struct stat *st)
{
	struct node *root = tree_root_node(run->tree);
	struct tree_attr attr = attr_of(st);

	root->mode = (uint16_t)attr.mode;
	root->uid = attr.uid;
	root->gid = attr.gid;
	root->mtime = attr.mtime;
}

static int read_dir(struct directory_import *run, const struct pending_dir *dir, struct error *err)
{
	cleanup_with(closedir) DIR *stream = NULL;
	cleanup_fd int fd = -1;
	struct stat st;
	int r = open_beneath(run->top_fd, dir->path, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return complain(run, dir->path, r, err);
	r = tree_touch(run->tree, dir->node, err);
	if (r == 0)
		r = copy_xattrs(run, dir->node, fd, err);
	if (r < 0)
		return r;
	if (!*dir->path)
		set_root(run, &st);
	stream = fdopendir(fd);
	if (!stream)
		return complain(run, dir->path, -errno, err);
	take_fd(&fd);
	return read_names(run, dir, stream, err);
}

static int read_all(struct directory_import *run, struct error *err)
{
	add_pending(run, tree_root_node(run->tree), xstrdup(""));
	while (run->count) {
		struct pending_dir dir = run->pending[--run->count];
		int r = read_dir(run, &dir, err);

		free(dir.path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the whole ---- */

static int put_state(struct directory_import *run, struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = { .created_s = 0 };
	struct tree_commit *commit = NULL;
	int r = tree_commit_write(run->tree, run->txn, NULL, &commit, err);

	if (r < 0)
		return r;
	record.root = *tree_commit_root(commit);
	snapshot_record_encode(&record, &bytes);
	r = store_txn_put(run->txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, ret, err);
	if (r == 0)
		r = store_txn_hold(run->txn, store_lease_name(run->import->lease), ret, err);
	if (r == 0)
		r = store_txn_commit(run->txn, err);
	if (r < 0)
		tree_commit_abort(commit);
	else
		tree_commit_apply(commit);
	return r;
}

static void release(struct directory_import *run)
{
	struct linked_file *file, *next;

	HASH_ITER(hh, run->linked, file, next) {
		HASH_DEL(run->linked, file);
		free(file);
	}
	while (run->count)
		free(run->pending[--run->count].path);
	free(run->pending);
	free(run->buffer);
	tree_close(run->tree);
	store_txn_free(run->txn);
}

int image_import_directory(const struct image_import *import, const char *path,
			   struct object_id *ret, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory_import run = { .import = import, .name = path, .top_fd = fd };
	struct object_id state;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "cannot open the directory '%s'", path);
	run.tree = tree_open(import->store, NULL);
	run.buffer = xmalloc(BUFFER_SIZE);
	r = store_txn_begin(import->store, import->lease, &run.txn, err);
	if (r == 0)
		r = read_all(&run, err);
	if (r == 0)
		r = put_state(&run, &state, err);
	release(&run);
	return r < 0 ? r : import_finish(import, &state, NULL, ret, err);
}
