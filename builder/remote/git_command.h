/* SPDX-License-Identifier: Apache-2.0 */
/* Running git: what it prints, or what it complains of. */
#pragma once

#include "builder/remote/git.h"

struct buf;

/* In the directory `path` (NULL: wherever). `ret_output` gets what it prints; NULL: nobody asks.
 * -EREMOTEIO and its complaint when it fails. */
int git_command(const struct git_run *run, const char *path, const char *const *arguments,
		struct buf *ret_output, struct error *err);

/* The commit of `ref` in what ls-remote printed, which is changed. */
bool git_list_find(struct buf *list, const char *ref, char ret_commit[GIT_COMMIT_SIZE]);
