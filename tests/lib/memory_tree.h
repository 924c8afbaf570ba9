/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files in memory, for the FUSE server of tests: owners and devices are plain data. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

struct memory_entry {
	char *name;
	struct memory_node *node;
};

struct memory_xattr {
	char *name;
	void *value;
	size_t size;
};

struct memory_node {
	uint64_t inode; /* from 1, the root's */
	struct stat stat;
	char *data; /* content, or a link's target */
	size_t capacity;
	struct memory_entry *entries;
	size_t entry_count, entry_capacity;
	struct memory_xattr *xattrs;
	size_t xattr_count, xattr_capacity;
};

/* The tree as a host directory has it; all belongs to root. It stays until the process ends. */
void memory_tree_load(const char *path);
struct memory_node *memory_node(uint64_t inode);
struct memory_node *memory_find(const struct memory_node *dir, const char *name);
/* NULL and errno EEXIST when there is one. */
struct memory_node *memory_make(struct memory_node *dir, const char *name, mode_t mode, dev_t rdev,
				uid_t uid, gid_t gid);
void memory_link(struct memory_node *dir, const char *name, struct memory_node *node);
void memory_unlink(struct memory_node *dir, const char *name);
void memory_resize(struct memory_node *node, size_t size);
void memory_touch(struct memory_node *node);
/* A line for each path: type and mode, owner, device number. */
void memory_dump(FILE *file);
