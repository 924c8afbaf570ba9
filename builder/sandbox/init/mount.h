/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's mounts by descriptor: made detached, attached last, so that no path of an image is
 * ever resolved in the builder's tree. Functions return a descriptor or 0, else a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* `value` NULL: a flag. */
struct mount_option {
	const char *key, *value;
};

/* A new filesystem, detached. The options end with a NULL key, "source" comes first if at all;
 * `attributes` are MOUNT_ATTR_. */
int mount_new(const char *type, const struct mount_option *options, unsigned attributes);

/* A detached second view of what `path` (may be "") below `dir_fd` is, with all below it if
 * `recursive`. */
int mount_clone(int dir_fd, const char *path, bool recursive);

/* Set MOUNT_ATTR_ on a detached or attached mount. */
int mount_restrict(int mount_fd, uint64_t attributes, bool recursive);

/* Put a mount on what `target_fd` is. */
int mount_attach(int mount_fd, int target_fd);

/* Put it on `path` below `dir_fd`, which is our own directory. */
int mount_attach_at(int mount_fd, int dir_fd, const char *path);

/* openat2(2) with O_PATH | O_CLOEXEC | `flags` and RESOLVE_ flags. */
int mount_open_path(int dir_fd, const char *path, int flags, uint64_t resolve);

/* Make the mount the root of this mount namespace and drop what was there. */
int mount_become_root(int mount_fd);
