/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel does not let a process in a user namespace do, asked of whoever serves the
 * filesystem: making a device node, or, where only root is mapped, giving a file to another user.
 * Requests come one at a time over a channel and each is answered before the next.
 *
 * The step's supervisor waits for the answer, so whoever answers must not wait for anything that
 * the step does; serving the step's FUSE requests meanwhile is fine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

enum owner_verb {
	/* Make `name` in directory `inode`: `mode` with type, `rdev` as makedev() has it, `uid`, `gid`.
	 * -EEXIST as mknod(2) has it; a negative entry that the kernel holds is to be invalidated. */
	OWNER_MKNOD = 1,
	/* Set owner and group of `inode`; UINT32_MAX leaves one as it is. Clears set-id bits of
	 * files as chown(2) does, and the kernel is to hear of it. Asked only where root alone is
	 * mapped; ids are below 65536 then, as they would be with all of them. */
	OWNER_CHOWN,
	/* The table of the filesystem's owners, see fs/ids/owner_table.h; answered with
	 * owner_answer_table(). Asked once, where root alone is mapped. */
	OWNER_TABLE,
};

struct owner_request {
	enum owner_verb verb;
	char *filesystem; /* as named to sandbox_mount() */
	uint64_t inode;   /* st_ino */
	/* OWNER_MKNOD: one component. OWNER_CHOWN: the path where the file was a moment ago if the
	 * filesystem is the root, or NULL; nothing to rely on. */
	char *name;
	uint32_t mode, uid, gid;
	uint64_t rdev;
};

void owner_request_release(struct owner_request *request);
DEFINE_CLEANUP_VALUE(struct owner_request, owner_request_release);

/* For who answers. 1 and *ret (to be released), 0: no more will come, negative errno. */
int owner_receive(int channel_fd, struct owner_request *ret);
/* `error`: 0 or a negative errno, for the process that asked. */
int owner_answer(int channel_fd, int error);
/* The descriptor stays the caller's. */
int owner_answer_table(int channel_fd, int table_fd);

/* For who asks: 0 and the answer, negative when there is none. */
int owner_ask(int channel_fd, const struct owner_request *request, int *ret_error);
/* OWNER_TABLE; negative also when there is no table. */
int owner_ask_table(int channel_fd, const char *filesystem, int *ret_fd);
