/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of a context: context.c reads its directories, content.c its files. */
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <uthash.h>

#include "builder/context/context.h"
#include "fs/tree/content_digest.h"

/* A file of the host that has several names. */
struct linked_file {
	struct {
		dev_t device;
		ino_t inode;
	} key;
	struct node *node;
	UT_hash_handle hh;
};

struct context {
	struct content_resolver resolver;
	pthread_mutex_t mutex;
	char *path;
	int fd;
	struct tree *tree;
	struct patterns *ignore;
	struct hash_cache *hashes;
	struct linked_file *linked;
	struct context_counts counts;
	int cancel_fd; /* -1: nobody gives up */
};

/* The resolver's function. */
int context_resolve(struct content_resolver *resolver, struct node *node, struct error *err);

/* "cannot READ 'CONTEXT/PATH': …" */
int context_cannot(const struct context *context, int r, const char *what, const char *path,
		   struct error *err);
