/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree is made of in memory: nodes (inodes), and the dentries that are their names. Fields
 * may be read by anybody who holds the tree; they are changed through tree.h, which keeps track
 * of what has to be written at the next commit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/object/dir.h"
#include "fs/object/id.h"
#include "fs/object/xattrs.h"

struct name_table;
struct dentry;
struct link_set;

enum node_content {
	CONTENT_EMPTY,  /* a file of zero bytes, or no file at all */
	CONTENT_INLINE, /* 1 to DIR_INLINE_MAX bytes, kept in the node */
	CONTENT_BLOB,   /* in the store */
	CONTENT_STAGED, /* not stored yet: belongs to whoever wrote it, see struct tree_staging */
};

enum node_flags {
	NODE_CHANGED = 1 << 0,     /* the entries that name it must be written again */
	NODE_DIR_CHANGED = 1 << 1, /* a directory whose object must be written again */
	NODE_GHOST = 1 << 2,       /* shown, but no part of the state: mount points */
	NODE_MARKED = 1 << 4,      /* whatever the owner of the tree means by it */
	NODE_DETACHED = 1 << 3,    /* has no name left, lives while it is in use */
	NODE_LISTED = 1 << 5,      /* a directory that is not stored, see show.h */
	NODE_SHOWN = 1 << 6,       /* the root of a stored tree, shown in another, likewise */
};

/* Seconds since 1970 and nanoseconds below 1e9. */
struct node_time {
	int64_t s;
	uint32_t ns;
} __attribute__((packed, aligned(4)));

struct node_xattrs {
	struct object_id id; /* zero until stored */
	struct xattrs list;
};

struct node {
	uint64_t ino;         /* the same in every mount of a state */
	struct dentry *names; /* those that are loaded; one for a directory, none for the root */
	union {
		struct object_id blob;         /* CONTENT_BLOB */
		uint8_t bytes[DIR_INLINE_MAX]; /* CONTENT_INLINE */
		void *staged;                  /* CONTENT_STAGED */
		char *target;                  /* symlinks */
		uint64_t rdev;                 /* devices: major << 32 | minor */
		struct {
			struct name_table *children; /* NULL: not loaded */
			struct object_id id;         /* as last stored; zero: nothing there */
		} dir;
	};
	uint64_t size;              /* bytes of a file or of a symlink's target */
	struct node_xattrs *xattrs; /* NULL: none; see node_xattrs_load() */
	struct link_set *links;     /* of a file with several names, else NULL */
	struct node_time mtime, ctime, atime;
	uint32_t uid, gid;
	uint32_t link_count; /* names in the whole tree, loaded or not; 1 for a directory */
	uint32_t lookups;    /* references of whoever uses the tree: it is not unloaded */
	uint16_t mode;       /* permission bits, 07777 */
	uint8_t type;        /* enum dir_entry_type */
	uint8_t content;     /* enum node_content */
	uint16_t flags;
};

struct dentry {
	struct node *node;
	struct node *parent;
	struct dentry *next_name; /* of the same node */
	uint64_t position;        /* in its directory: grows with every name that is added */
	uint32_t hash;
	uint16_t length;
	char name[]; /* ended by NUL */
};

static inline bool node_is_dir(const struct node *node)
{
	return node->type == DIR_ENTRY_DIR;
}

static inline bool node_is_file(const struct node *node)
{
	return node->type == DIR_ENTRY_FILE;
}

/* Sub-directories of a directory, ghosts not counted; known without loading it. */
uint32_t node_subdirs(const struct node *dir);

/* The directory that a directory is in; of the root itself. */
static inline struct node *node_parent(struct node *dir)
{
	return dir->names ? dir->names->parent : dir;
}
