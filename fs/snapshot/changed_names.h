/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that somebody other than the kernel has made or removed in a mount: the kernel is told, and
 * only then is the answer given that they are there.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct buf;
struct changed_names;
struct node;
struct session;

struct changed_names *changed_names_new(struct session *session);
void changed_names_free(struct changed_names *names);
DEFINE_CLEANUP(struct changed_names *, changed_names_free);
void changed_names_add(struct changed_names *names, struct node *dir, const char *name);
/* Processes are at work in the mount, whoever the server's own users are. */
void changed_names_in_use(struct changed_names *names);

/*
 * Tell the kernel, then give the answer to `fd`; both are taken over. The kernel takes a directory's
 * lock for this; when others are at work in the mount, one of them may hold it while it waits for an
 * answer of ours. So another thread does the waiting, unless there is nobody else (`alone`).
 */
int changed_names_tell(struct changed_names *names, int fd, struct buf *answer, bool alone);
/* Is there such a thread? It uses the session. */
bool changed_names_being_told(void);
