/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ADD fetches from URLs and git repositories: found out once for a build, fetched when a step
 * has to be done. Of a URL that was fetched before only whether it has changed is asked; what has
 * not is taken from the store.
 */
#pragma once

#include "builder/step/copy_files.h"
#include "builder/step/step.h"

struct remotes;

struct remotes *remotes_new(void);
void remotes_free(struct remotes *remotes);

/* Has the task's ADD any sources of this kind? */
bool remote_files_any(const struct copy_work *work);

/* What makes the source with this index what it is, in words for a record: of a file its digest and
 * name, of a repository the commit. 1 and *ret, which the caller frees; 0: it is a path. */
int remote_files_identify(struct step_task *task, size_t index, char **ret, struct error *err);

/*
 * Have them all at hand: *ret, which the caller frees, has an item for each source of the task. The
 * files themselves stay as long as the build. -EBADMSG: it is not what --checksum says.
 */
int remote_files_fetch(struct step_task *task, struct copy_remote **ret, struct error *err);
/* The same array, in which they are left out. */
struct copy_remote *remote_files_none(const struct copy_work *work);
