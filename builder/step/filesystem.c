/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/filesystem.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/sandbox/sandbox.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

unsigned filesystem_traced(const struct step_env *env)
{
	return env->precise ? FILESYSTEM_TRACED : 0;
}

int filesystem_open(struct step_env *env, const char *prefix, const struct object_id *snapshot,
		    unsigned flags, struct filesystem **ret, struct error *err)
{
	cleanup_with(filesystem_close) struct filesystem *filesystem =
		xcalloc(1, sizeof *filesystem);
	struct workspace_options options = { .store = store_path(env->store),
					     .snapshot = *snapshot,
					     .read_only = flags & FILESYSTEM_READ_ONLY,
					     .traced = flags & FILESYSTEM_TRACED };
	struct sandbox *sandbox;
	int r = step_env_sandbox(env, &sandbox, err);

	filesystem->env = env;
	filesystem->snapshot = *snapshot;
	if (r < 0)
		return r;
	filesystem->name = step_env_mount_name(env, prefix);
	options.root_only = sandbox_id_mode(sandbox) == SANDBOX_IDS_SINGLE;
	options.credentials_fd = sandbox_credentials_fd(sandbox);
	r = sandbox_mount(sandbox, filesystem->name, false, "varve", &options.fuse_fd, err);
	if (r < 0) {
		free(take_ptr(&filesystem->name));
		return r;
	}
	r = workspace_start(&options, &filesystem->workspace, err);
	if (r < 0)
		return r;
	workspace_cancel_with(filesystem->workspace, env->cancel_fd);
	*ret = take_ptr(&filesystem);
	return 0;
}

void filesystem_close(struct filesystem *filesystem)
{
	if (!filesystem)
		return;
	if (filesystem->name)
		(void)sandbox_unmount(filesystem->env->sandbox, filesystem->name,
				      filesystem->shared, NULL);
	workspace_free(filesystem->workspace);
	free(filesystem->name);
	free(filesystem);
}

/* The one that has waited longest, when there are too many: its stage has ended, or its next step
 * was no RUN. */
static struct filesystem *take_oldest(struct step_env *env)
{
	struct filesystem **at = &env->idle, *oldest;
	size_t count = 1;

	for (; *at && (*at)->next; at = &(*at)->next)
		count++;
	if (count <= FILESYSTEMS_KEPT)
		return NULL;
	oldest = *at;
	*at = NULL;
	return oldest;
}

void filesystem_keep(struct filesystem *filesystem)
{
	struct step_env *env = filesystem->env;
	struct filesystem *oldest;

	pthread_mutex_lock(&env->lock);
	filesystem->next = env->idle;
	env->idle = filesystem;
	oldest = take_oldest(env);
	pthread_mutex_unlock(&env->lock);
	filesystem_close(oldest);
}

struct filesystem *filesystem_take(struct step_env *env, const struct object_id *snapshot)
{
	struct filesystem **at, *found = NULL;

	pthread_mutex_lock(&env->lock);
	for (at = &env->idle; *at; at = &(*at)->next) {
		if (object_id_equal(&(*at)->snapshot, snapshot)) {
			found = *at;
			*at = found->next;
			break;
		}
	}
	pthread_mutex_unlock(&env->lock);
	if (found && !workspace_alive(found->workspace)) {
		filesystem_close(found);
		return NULL;
	}
	if (found)
		workspace_cancel_with(found->workspace, env->cancel_fd);
	return found;
}

void filesystem_close_kept(struct step_env *env)
{
	while (env->idle) {
		struct filesystem *filesystem = env->idle;

		env->idle = filesystem->next;
		filesystem_close(filesystem);
	}
}
