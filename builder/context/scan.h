/* SPDX-License-Identifier: Apache-2.0 */
/* One directory of the host, and what the facts about its entries become in a tree. */
#pragma once

#include <sys/stat.h>

#include "fs/tree/tree.h"

/* Open `path` ("" for the top) below `top_fd` without following a link anywhere. */
int scan_open(int top_fd, const char *path, int flags, int *ret_fd);

/* Type, mode and times of `node`; its owner is root. */
void scan_set_attributes(struct node *node, const struct stat *st);
/* Take over the extended attributes that a build context has: user.* and file capabilities. */
int scan_xattrs(struct tree *tree, struct node *node, int fd, bool *ret_any, struct error *err);
/* The target of the symlink `name` in `dir_fd`. */
int scan_symlink(int dir_fd, const char *name, struct node *node);
