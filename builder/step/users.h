/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups by the files of an image: its /etc/passwd and /etc/group, read as data, with a
 * limit, and only when they are regular files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct error;
struct tree;

/* Who a process runs as. */
struct user {
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary, without `gid` */
	size_t group_count;
	char *home; /* never NULL */
	char *name; /* NULL: the image knows no name for it */
};

/*
 * `text` as USER has it: a name or number, and behind a colon a group. "" is root. An unknown name
 * is -ENOENT; an unknown number is a user without a home of its own.
 */
int user_find(struct tree *tree, const char *text, struct user *ret, struct error *err);
void user_release(struct user *user);
DEFINE_CLEANUP_VALUE(struct user, user_release);

/* `text` as --chown has it: without a group, that of the same number or the user's own. */
int owner_find(struct tree *tree, const char *text, uint32_t *ret_uid, uint32_t *ret_gid,
	       struct error *err);
