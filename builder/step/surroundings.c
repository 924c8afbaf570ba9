/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/surroundings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/step/owner_channel.h"
#include "builder/step/run_mounts.h"
#include "builder/step/users.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/tree.h"

/* Directories, then files of /etc that are the sandbox's, whatever the image says; see sandbox.h. */
#define SANDBOX_DIRS 3
static const char *const sandbox_places[] = {
	"/proc", "/sys", "/dev", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname"
};

const char *surroundings_place(size_t index)
{
	return index < sizeof sandbox_places / sizeof sandbox_places[0] ? sandbox_places[index]
									: NULL;
}

static int check_allowed(const struct step_env *env, const struct run_work *run, struct error *err)
{
	if (run->security == RUN_SECURITY_INSECURE && !env->allow_insecure)
		return error_set(err, -EPERM,
				 "RUN --security=insecure is not allowed; say --allow "
				 "security.insecure to permit it");
	if (run->network == RUN_NETWORK_HOST && !env->allow_host_network)
		return error_set(err, -EPERM,
				 "RUN --network=host is not allowed; say --allow network.host to "
				 "permit it");
	return 0;
}

/* User, groups and home directory, by the files of the state that the step starts from. */
static int set_user(struct surroundings *around, struct error *err)
{
	const struct step_result *parent = &around->task->parent;
	const struct run_work *run = &around->task->vertex->run;
	struct spec *spec = &around->spec;
	bool empty = object_id_is_zero(&parent->root.dir);
	cleanup_with(tree_close) struct tree *tree =
		tree_open(around->task->env->store, empty ? NULL : &parent->root);
	struct user user;
	int r = user_find(tree, run->user ? run->user : "", &user, err);

	if (r < 0)
		return r;
	spec->uid = user.uid;
	spec->gid = user.gid;
	spec->groups = take_ptr(&user.groups);
	spec->group_count = user.group_count;
	if (!strings_env_get(&spec->env, "HOME"))
		strings_env_set(&spec->env, "HOME", user.home);
	user_release(&user);
	return 0;
}

static int make_spec(struct surroundings *around, struct error *err)
{
	static const enum spec_network networks[] = { [RUN_NETWORK_DEFAULT] = SPEC_NETWORK_DEFAULT,
						      [RUN_NETWORK_NONE] = SPEC_NETWORK_NONE,
						      [RUN_NETWORK_HOST] = SPEC_NETWORK_HOST };
	const struct run_work *run = &around->task->vertex->run;
	const struct step_env *env = around->task->env;
	struct spec *spec = &around->spec;

	strings_add_all(&spec->argv, &run->argv);
	for (size_t i = 0; i < run->hidden_env.count; i++)
		strings_add(&spec->env, run->hidden_env.items[i]);
	for (size_t i = 0; i < run->env.count; i++) {
		cleanup_free char *name = xstrdup(run->env.items[i]);
		char *equals = strchr(name, '=');

		if (equals)
			*equals = '\0';
		strings_env_set(&spec->env, name, equals ? equals + 1 : "");
	}
	spec->root = xstrdup(around->root->name);
	spec->cwd = xstrdup(run->cwd && *run->cwd ? run->cwd : "/");
	if (run->hostname)
		spec->hostname = xstrdup(run->hostname);
	if (env->extra_hosts)
		strings_add_all(&spec->extra_hosts, env->extra_hosts);
	spec->network = networks[run->network];
	spec->insecure = run->security == RUN_SECURITY_INSECURE;
	spec->shm_size = env->shm_size;
	if (env->ulimit_count)
		spec->ulimits = xmemdup(env->ulimits, env->ulimit_count * sizeof *env->ulimits);
	spec->ulimit_count = env->ulimit_count;
	return set_user(around, err);
}

/* What every step has mounted has to be there to be seen. */
static int make_places(struct surroundings *around, struct error *err)
{
	struct workspace *workspace = around->root->workspace;
	const char *path;
	int r = 0;

	for (size_t i = 0; r == 0 && (path = surroundings_place(i)); i++) {
		cleanup_free char *real = NULL;

		r = workspace_mountpoint(workspace, path, i < SANDBOX_DIRS, &real, err);
		/* An image may well have something odd in the place of these; that of directories
		 * is for the sandbox to judge. */
		if (r < 0 && r != -ENOTCONN && r != -EIO && r != -ECANCELED)
			r = 0;
	}
	return r;
}

static int open_root(struct surroundings *around, struct error *err)
{
	const struct object_id *snapshot = &around->task->parent.snapshot;

	struct step_env *env = around->task->env;

	/* What the kernel remembers of the step before would be missing in a trace. */
	if (!env->precise)
		around->root = filesystem_take(env, snapshot);
	if (around->root)
		return 0;
	return filesystem_open(env, "root", snapshot, filesystem_traced(env), &around->root, err);
}

/* All filesystems that the step sees, and somebody who answers for them. */
static int open_owners(struct surroundings *around, struct error *err)
{
	size_t count = run_mounts_filesystems(around->mounts, &around->filesystems);

	/* There is room for one more. */
	around->filesystems[count++] = around->root;
	around->filesystem_count = count;
	return owner_channel_open(around->filesystems, count, &around->owners, err);
}

int surroundings_open(struct step_task *task, struct surroundings *ret, struct error *err)
{
	int r = check_allowed(task->env, &task->vertex->run, err);

	*ret = (struct surroundings){ .task = task };
	if (r == 0)
		r = open_root(ret, err);
	if (r == 0)
		r = make_spec(ret, err);
	if (r == 0)
		r = make_places(ret, err);
	if (r == 0)
		r = run_mounts_open(task, ret->root, &ret->spec, &ret->mounts, err);
	if (r == 0)
		r = open_owners(ret, err);
	return r;
}

void surroundings_end_owners(struct surroundings *around)
{
	owner_channel_close(take_ptr(&around->owners));
}

int surroundings_failures(const struct surroundings *around, struct strings *ret)
{
	for (size_t i = 0; i < around->filesystem_count; i++) {
		if (workspace_failures(around->filesystems[i]->workspace, ret, NULL) == -ENOTCONN)
			return -ENOTCONN;
	}
	return 0;
}

void surroundings_release(struct surroundings *around)
{
	owner_channel_close(around->owners);
	free(around->filesystems);
	run_mounts_close(around->mounts);
	spec_release(&around->spec);
	filesystem_close(around->root);
	*around = (struct surroundings){ 0 };
}
