/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;

/* A directory of the root filesystem that we mount on, `name` in its top: no link, or refused. */
int tree_open_own(int root_fd, const char *name, struct error *err);
