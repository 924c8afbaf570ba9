/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workspace that is mounted in namespaces of our own, with the process that serves it: what a
 * RUN has, without a sandbox around it. For programs whose main() calls live_main() first. What
 * fails ends the program.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "fs/base/error.h"
#include "fs/snapshot/snapshot.h"
#include "fs/snapshot/workspace.h"
#include "fs/store/store.h"
#include "fs/tree/tree.h"

struct live {
	char *directory, *at; /* of all of it; where it is mounted */
	struct store *store;
	struct store_lease *lease;
	struct workspace *workspace;
	pid_t server;
};

/* The program may be meant to be the server: it does not come back then. */
void live_main(int argc, char *const *argv);
/* Be root of a user namespace, where one may mount; exits with 77 where that is not allowed. */
void live_enter(void);

void live_open(struct live *live);
/* Commit the tree, close it, and mount a workspace on it. */
void live_start(struct live *live, struct tree *tree);
struct snapshot_result live_commit(struct live *live);
/* Unmount, and mount a workspace on this snapshot in its place. */
void live_remount(struct live *live, const struct object_id *snapshot);
/* Unmount, and remove everything. */
void live_close(struct live *live);

/* "at/NAME"; the caller frees. */
char *live_path(const struct live *live, const char *name);
/* Add a file with `size` bytes of what depends on where it lies to a tree that is being made. */
void live_add_file(struct live *live, struct tree *tree, struct node *dir, const char *name,
		   size_t size);
struct node *live_add_dir(struct tree *tree, struct node *dir, const char *name);
/* The byte of such a file at `offset`. */
static inline unsigned char live_byte(size_t offset)
{
	return (unsigned char)(offset * 7 + offset / 4096 + 1);
}

__attribute__((noreturn, format(printf, 1, 2))) void live_fail(const char *format, ...);
#define LIVE_CHECK(what)                                                                     \
	do {                                                                                 \
		if (!(what))                                                                 \
			live_fail("%s:%d: %s (errno %d)", __FILE__, __LINE__, #what, errno); \
	} while (0)
