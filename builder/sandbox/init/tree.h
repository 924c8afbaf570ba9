/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;

/* Attach to a directory of the root filesystem, `name` in its top: no link, or refused. */
int tree_attach_own(int mount_fd, int root_fd, const char *name, struct error *err);
