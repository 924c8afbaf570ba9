/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/memory_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"

static struct memory_node **nodes;
static size_t node_count, node_capacity;

struct memory_node *memory_node(uint64_t inode)
{
	return nodes[inode - 1];
}

void memory_touch(struct memory_node *node)
{
	clock_gettime(CLOCK_REALTIME, &node->stat.st_mtim);
	node->stat.st_ctim = node->stat.st_mtim;
}

static struct memory_node *new_node(mode_t mode, dev_t rdev, uid_t uid, gid_t gid)
{
	struct memory_node *node = xcalloc(1, sizeof *node);

	array_reserve_one(nodes, node_count, node_capacity);
	nodes[node_count++] = node;
	node->inode = node_count;
	node->stat = (struct stat){ .st_ino = node_count,
				    .st_mode = mode,
				    .st_rdev = rdev,
				    .st_uid = uid,
				    .st_gid = gid,
				    .st_blksize = 4096,
				    .st_nlink = S_ISDIR(mode) ? 2 : 0 };
	memory_touch(node);
	node->stat.st_atim = node->stat.st_mtim;
	return node;
}

struct memory_node *memory_find(const struct memory_node *dir, const char *name)
{
	for (size_t i = 0; i < dir->entry_count; i++) {
		if (strcmp(dir->entries[i].name, name) == 0)
			return dir->entries[i].node;
	}
	return NULL;
}

void memory_link(struct memory_node *dir, const char *name, struct memory_node *node)
{
	array_reserve_one(dir->entries, dir->entry_count, dir->entry_capacity);
	dir->entries[dir->entry_count++] = (struct memory_entry){ xstrdup(name), node };
	if (S_ISDIR(node->stat.st_mode))
		dir->stat.st_nlink++;
	else
		node->stat.st_nlink++;
	memory_touch(dir);
}

void memory_unlink(struct memory_node *dir, const char *name)
{
	for (size_t i = 0; i < dir->entry_count; i++) {
		struct memory_node *node = dir->entries[i].node;

		if (strcmp(dir->entries[i].name, name) != 0)
			continue;
		if (S_ISDIR(node->stat.st_mode))
			dir->stat.st_nlink--;
		else
			node->stat.st_nlink--;
		free(dir->entries[i].name);
		memmove(dir->entries + i, dir->entries + i + 1,
			(dir->entry_count - i - 1) * sizeof *dir->entries);
		dir->entry_count--;
		memory_touch(dir);
		return;
	}
}

struct memory_node *memory_make(struct memory_node *dir, const char *name, mode_t mode, dev_t rdev,
				uid_t uid, gid_t gid)
{
	struct memory_node *node;

	if (memory_find(dir, name)) {
		errno = EEXIST;
		return NULL;
	}
	if (dir->stat.st_mode & S_ISGID) {
		gid = dir->stat.st_gid;
		mode |= S_ISDIR(mode) ? S_ISGID : 0;
	}
	node = new_node(mode, rdev, uid, gid);
	memory_link(dir, name, node);
	return node;
}

void memory_resize(struct memory_node *node, size_t size)
{
	size_t old = (size_t)node->stat.st_size;

	if (size > node->capacity) {
		node->capacity = size + size / 2;
		node->data = xrealloc(node->data, node->capacity);
	}
	if (size > old)
		memset(node->data + old, 0, size - old);
	node->stat.st_size = (off_t)size;
	node->stat.st_blocks = (blkcnt_t)((size + 511) / 512);
}

/* A directory of the host whose entries are still to come. */
struct pending {
	char *path;
	struct memory_node *node;
};

static struct pending *pending;
static size_t pending_count, pending_capacity;

static void add_pending(char *path, struct memory_node *node)
{
	array_reserve_one(pending, pending_count, pending_capacity);
	pending[pending_count++] = (struct pending){ path, node };
}

static void load_entry(struct memory_node *dir, char *path, const char *name)
{
	struct memory_node *node;
	struct buf data = { 0 };
	struct stat facts;

	if (lstat(path, &facts) < 0) {
		free(path);
		return;
	}
	node = memory_make(dir, name, facts.st_mode, facts.st_rdev, 0, 0);
	if (S_ISDIR(facts.st_mode)) {
		add_pending(path, node);
		return;
	}
	if (S_ISREG(facts.st_mode)) {
		(void)file_read(AT_FDCWD, path, (size_t)1 << 30, &data);
	} else if (S_ISLNK(facts.st_mode)) {
		buf_add_zeros(&data, 4096);
		buf_truncate(&data, (size_t)readlink(path, data.data, 4095));
	}
	memory_resize(node, data.length + 1);
	memcpy(node->data, buf_string(&data), data.length + 1);
	node->stat.st_size = (off_t)data.length;
	buf_release(&data);
	free(path);
}

void memory_tree_load(const char *path)
{
	add_pending(xstrdup(path), new_node(S_IFDIR | 0755, 0, 0, 0));
	while (pending_count > 0) {
		struct pending at = pending[--pending_count];
		DIR *dir = opendir(at.path);
		const struct dirent *entry;

		while (dir && (entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe) */
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				load_entry(at.node, xasprintf("%s/%s", at.path, entry->d_name),
					   entry->d_name);
		}
		if (dir)
			closedir(dir);
		free(at.path);
	}
}

void memory_dump(FILE *file)
{
	pending_count = 0;
	add_pending(xstrdup(""), memory_node(1));
	while (pending_count > 0) {
		struct pending at = pending[--pending_count];
		const struct stat *facts = &at.node->stat;

		fprintf(file, "%s/ %o %u:%u %u,%u\n", at.path, facts->st_mode, facts->st_uid,
			facts->st_gid, major(facts->st_rdev), minor(facts->st_rdev));
		for (size_t i = 0; i < at.node->entry_count; i++)
			add_pending(xasprintf("%s/%s", at.path, at.node->entries[i].name),
				    at.node->entries[i].node);
		free(at.path);
	}
}
