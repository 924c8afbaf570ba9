/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/step_env.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "builder/sandbox/group.h"
#include "builder/sandbox/sandbox.h"
#include "builder/step/filesystem.h"
#include "builder/step/remote_files.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store.h"
#include "fs/tree/content_digest.h"

void step_env_init(struct step_env *env)
{
	*env = (struct step_env){
		.cancel_fd = -1, .interrupt_fd = -1, .created_s = -1, .build_label = "a build"
	};
	pthread_mutex_init(&env->lock, NULL);
	pthread_mutex_init(&env->memo_lock, NULL);
	env->memo = content_memo_new();
	env->remotes = remotes_new();
}

void step_env_release(struct step_env *env)
{
	filesystem_close_kept(env);
	sandbox_close(env->sandbox);
	groups_close(env->groups);
	content_memo_free(env->memo);
	remotes_free(env->remotes);
	pthread_mutex_destroy(&env->lock);
	pthread_mutex_destroy(&env->memo_lock);
}

/* Before the sandbox, whose processes would be in the way of a group with groups in it. */
static int open_groups(struct step_env *env, struct error *err)
{
	cleanup_with(buf_release) struct buf warning = { 0 };
	int r;

	if (!env->limits || env->groups || !group_limits_any(env->limits))
		return 0;
	r = groups_open(env->limits, &env->groups, &warning, err);
	if (warning.length && env->warn)
		env->warn(env->warn_context, buf_string(&warning));
	return r < 0 ? error_prefix(err, r, "--resource") : 0;
}

static int open_sandbox(struct step_env *env, struct error *err)
{
	struct sandbox_options options = { .warn = env->warn,
					   .warn_context = env->warn_context,
					   .open_files = env->open_files };
	int store_fd = store_dir_fd(env->store);
	cleanup_fd int fd = -1;
	int r = dir_make(store_fd, "run", 0700);

	if (r == 0) {
		fd = openat(store_fd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (r < 0)
		return error_errno(err, r, "cannot open '%s/run'", store_path(env->store));
	options.runtime_dir_fd = fd;
	return sandbox_open(&options, &env->sandbox, err);
}

int step_env_sandbox(struct step_env *env, struct sandbox **ret, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&env->lock);
	if (!env->sandbox)
		r = open_groups(env, err);
	if (!env->sandbox && r == 0)
		r = open_sandbox(env, err);
	*ret = env->sandbox;
	pthread_mutex_unlock(&env->lock);
	return r;
}

char *step_env_mount_name(struct step_env *env, const char *prefix)
{
	unsigned number;

	pthread_mutex_lock(&env->lock);
	number = env->next_mount++;
	pthread_mutex_unlock(&env->lock);
	return xasprintf("%s-%u", prefix, number);
}

int step_env_content(struct step_env *env, struct tree *tree, struct node *node,
		     struct object_id *ret, struct error *err)
{
	int r;

	pthread_mutex_lock(&env->memo_lock);
	r = content_digest_node(tree, node, env->memo, NULL, ret, err);
	pthread_mutex_unlock(&env->memo_lock);
	return r;
}

int64_t step_env_time(const struct step_env *env)
{
	return env->created_s >= 0 ? env->created_s : clock_realtime_ns() / 1000000000;
}
