/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/run_mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/step/agent_proxy.h"
#include "builder/step/bind_mount.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"

/* One mount, open. */
struct in_use {
	const struct run_work_mount *work;
	struct filesystem *filesystem; /* of a bind, or of the cache; NULL for others */
	const char *source;            /* below its root */
	struct bind_mount bind;
	struct cache_mount *cache; /* NULL, also for the second use of one */
	bool directory;
	const struct secret *secret;
	const struct ssh_agent *agent;
	char *target; /* where it really is, once it has been attached */
	bool left_out;
};

struct run_mounts_in_use {
	struct step_task *task;
	struct filesystem *root;
	struct in_use *items;     /* in the order of the Dockerfile */
	struct in_use **attached; /* outer targets before inner ones */
	size_t count;
	struct agent_proxy **proxies;
	size_t proxy_count;
	size_t sockets;
};

/* ---- caches ---- */

static int compare_ids(const void *a, const void *b)
{
	const struct in_use *const *left = a;
	const struct in_use *const *right = b;

	return strcmp((*left)->work->mount.id, (*right)->work->mount.id);
}

/* Take them in order of their ids; the same one twice is mounted twice. */
static int open_caches(struct run_mounts_in_use *mounts, struct error *err)
{
	cleanup_free struct in_use **caches = xcalloc(mounts->count + 1, sizeof(struct in_use *));
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->items[i].work->mount.type == RUN_MOUNT_CACHE)
			caches[count++] = &mounts->items[i];
	}
	qsort(caches, count, sizeof(struct in_use *), compare_ids);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct in_use *use = caches[i];

		use->directory = true;
		use->source = "/";
		if (i && compare_ids(&caches[i - 1], &caches[i]) == 0) {
			use->filesystem = caches[i - 1]->filesystem;
			continue;
		}
		r = cache_mount_open(mounts->task, use->work, &use->cache, err);
		if (r == 0)
			use->filesystem = cache_mount_filesystem(use->cache);
	}
	return r;
}

/* ---- secrets and agents ---- */

static int find_secret(const struct step_env *env, struct in_use *use, struct error *err)
{
	const struct run_mount *spec = &use->work->mount;

	for (size_t i = 0; i < env->secret_count; i++) {
		if (strcmp(env->secrets[i].id, spec->id) == 0)
			use->secret = &env->secrets[i];
	}
	if (!use->secret && spec->required)
		return error_set(err, -ENOENT,
				 "secret %s: not found; give it with --secret id=%s,…", spec->id,
				 spec->id);
	use->left_out = !use->secret || !spec->target;
	return 0;
}

static int find_agent(const struct step_env *env, struct in_use *use, struct error *err)
{
	const struct run_mount *spec = &use->work->mount;

	for (size_t i = 0; i < env->agent_count; i++) {
		if (strcmp(env->agents[i].id, spec->id) == 0)
			use->agent = &env->agents[i];
	}
	if (!use->agent && spec->required)
		return error_set(err, -ENOENT,
				 "no ssh agent '%s' was forwarded from the client; give it with "
				 "--ssh %s",
				 spec->id, spec->id);
	use->left_out = !use->agent;
	return 0;
}

static int open_bind(struct run_mounts_in_use *mounts, struct in_use *use, struct error *err)
{
	int r = bind_mount_open(mounts->task, use->work, &use->bind, err);

	use->filesystem = use->bind.filesystem;
	use->source = use->bind.source;
	use->directory = use->bind.directory;
	return r;
}

static int open_one(struct run_mounts_in_use *mounts, struct in_use *use, struct error *err)
{
	switch (use->work->mount.type) {
	case RUN_MOUNT_BIND:
		return open_bind(mounts, use, err);
	case RUN_MOUNT_SECRET:
		return find_secret(mounts->task->env, use, err);
	case RUN_MOUNT_SSH:
		return find_agent(mounts->task->env, use, err);
	case RUN_MOUNT_TMPFS:
		use->directory = true;
		break;
	case RUN_MOUNT_CACHE:
		break;
	}
	return 0;
}

/* ---- attaching ---- */

static size_t depth_of(const char *path)
{
	size_t depth = 0, length;
	const char *name;

	while (path_next(&path, &name, &length))
		depth++;
	return depth;
}

/* Outer targets before inner ones, else as they stand in the Dockerfile. */
static void order_by_depth(struct run_mounts_in_use *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		struct in_use *use = &mounts->items[i];
		size_t at = i;

		while (at > 0 && !use->left_out && !mounts->attached[at - 1]->left_out &&
		       depth_of(mounts->attached[at - 1]->work->mount.target) >
			       depth_of(use->work->mount.target)) {
			mounts->attached[at] = mounts->attached[at - 1];
			at--;
		}
		mounts->attached[at] = use;
	}
}

/* The mount, among the first `before`, that `target` lies in; NULL for the root filesystem. */
static const struct in_use *mount_above(const struct run_mounts_in_use *mounts, size_t before,
					const char *target)
{
	const struct in_use *above = NULL;

	for (size_t i = 0; i < before; i++) {
		const struct in_use *use = mounts->attached[i];

		if (use->target && path_is_below(target, use->target) &&
		    (!above || strlen(use->target) >= strlen(above->target)))
			above = use;
	}
	return above;
}

/*
 * Have something to mount on, in the filesystem that shows at `path` below the first `before`
 * mounts. *ret_target, for the caller to free, is where it really is.
 */
static int make_place(struct run_mounts_in_use *mounts, size_t before, const char *path,
		      bool directory, char **ret_target, struct error *err)
{
	const struct in_use *above = mount_above(mounts, before, path);
	cleanup_free char *target = NULL, *inner = NULL, *real = NULL;
	int r = 0;

	/* Links of the root filesystem may lead into a mount, too. */
	if (above)
		target = xstrdup(path);
	else
		r = workspace_mountpoint(mounts->root->workspace, path, directory, &target, err);
	if (r < 0)
		return r;
	if (!above)
		above = mount_above(mounts, before, target);
	/* In memory the sandbox makes what is missing. */
	if (above && above->filesystem) {
		inner = path_join(above->source, target + strlen(above->target) +
							 (target[strlen(above->target)] == '/'));
		r = workspace_mountpoint(above->filesystem->workspace, inner, directory, &real,
					 err);
	}
	if (r == 0)
		*ret_target = take_ptr(&target);
	return r;
}

static int make_mountpoint(struct run_mounts_in_use *mounts, size_t index, struct error *err)
{
	struct in_use *use = mounts->attached[index];

	return make_place(mounts, index, use->work->mount.target, use->directory, &use->target,
			  err);
}

/* The directory that the process begins in. */
static int make_cwd(struct run_mounts_in_use *mounts, const struct spec *spec, struct error *err)
{
	cleanup_free char *target = NULL;
	int r;

	if (strcmp(spec->cwd, "/") == 0)
		return 0;
	r = make_place(mounts, mounts->count, spec->cwd, true, &target, err);
	return r < 0 ? error_prefix(err, r, "working directory") : 0;
}

static void fill_spec_mount(struct run_mounts_in_use *mounts, const struct in_use *use,
			    struct spec *spec)
{
	static const enum spec_mount_type types[] = { [RUN_MOUNT_BIND] = SPEC_MOUNT_FUSE,
						      [RUN_MOUNT_CACHE] = SPEC_MOUNT_FUSE,
						      [RUN_MOUNT_TMPFS] = SPEC_MOUNT_TMPFS,
						      [RUN_MOUNT_SECRET] = SPEC_MOUNT_FILE,
						      [RUN_MOUNT_SSH] = SPEC_MOUNT_SOCKET };
	const struct run_mount *from = &use->work->mount;
	struct spec_mount *mount = spec_add_mount(spec, types[from->type], use->target);

	mount->read_only = from->read_only;
	mount->mode = from->mode;
	mount->uid = from->uid;
	mount->gid = from->gid;
	mount->tmpfs_size = from->size_limit;
	if (from->type == RUN_MOUNT_TMPFS)
		mount->mode = 01777;
	if (use->filesystem) {
		mount->filesystem = xstrdup(use->filesystem->name);
		mount->source = xstrdup(use->source);
	}
	if (use->secret)
		buf_append(&mount->bytes, buf_string(&use->secret->value),
			   use->secret->value.length);
	if (use->agent && mounts->sockets++ == 0)
		strings_env_set(&spec->env, "SSH_AUTH_SOCK", use->target);
}

static int attach_all(struct run_mounts_in_use *mounts, struct spec *spec, struct error *err)
{
	int r = 0;

	order_by_depth(mounts);
	for (size_t i = 0; i < mounts->count && r == 0; i++) {
		const struct in_use *use = mounts->attached[i];

		if (use->secret && use->work->mount.env)
			strings_env_set(&spec->env,
					*use->work->mount.env ? use->work->mount.env
							      : use->work->mount.id,
					buf_string(&use->secret->value));
		if (use->left_out)
			continue;
		r = make_mountpoint(mounts, i, err);
		if (r < 0)
			return error_prefix(err, r, "mount at '%s'", use->work->mount.target);
		fill_spec_mount(mounts, use, spec);
	}
	return r;
}

/* The heredoc that is a program of its own. */
static int attach_script(struct run_mounts_in_use *mounts, struct spec *spec, struct error *err)
{
	const struct run_work *run = &mounts->task->vertex->run;
	struct spec_mount *mount;

	(void)err;
	if (!run->script_path)
		return 0;
	mount = spec_add_mount(spec, SPEC_MOUNT_FILE, run->script_path);
	mount->mode = 0755;
	mount->read_only = true;
	buf_append(&mount->bytes, run->script, run->script_size);
	return 0;
}

int run_mounts_open(struct step_task *task, struct filesystem *root, struct spec *spec,
		    struct run_mounts_in_use **ret, struct error *err)
{
	const struct run_work *run = &task->vertex->run;
	cleanup_with(run_mounts_close) struct run_mounts_in_use *mounts =
		xcalloc(1, sizeof *mounts);
	int r = 0;

	mounts->task = task;
	mounts->root = root;
	mounts->count = run->mount_count;
	mounts->items = xcalloc(mounts->count + 1, sizeof *mounts->items);
	mounts->attached = xcalloc(mounts->count + 1, sizeof(struct in_use *));
	mounts->proxies = xcalloc(mounts->count + 1, sizeof(struct agent_proxy *));
	for (size_t i = 0; i < mounts->count; i++)
		mounts->items[i].work = &run->mounts[i];
	r = open_caches(mounts, err);
	for (size_t i = 0; i < mounts->count && r == 0; i++)
		r = open_one(mounts, &mounts->items[i], err);
	if (r == 0)
		r = attach_all(mounts, spec, err);
	if (r == 0)
		r = make_cwd(mounts, spec, err);
	if (r == 0)
		r = attach_script(mounts, spec, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&mounts);
	return 0;
}

/* ---- while it runs, and afterwards ---- */

size_t run_mounts_sockets(const struct run_mounts_in_use *mounts)
{
	return mounts->sockets;
}

int run_mounts_serve(struct run_mounts_in_use *mounts, const int *listen_fds, struct error *err)
{
	size_t next = 0;
	int r = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct in_use *use = mounts->attached[i];

		if (!use->agent)
			continue;
		if (r == 0)
			r = agent_proxy_start(listen_fds[next], use->agent->socket,
					      &mounts->proxies[mounts->proxy_count], err);
		else
			close(listen_fds[next]);
		if (r == 0)
			mounts->proxy_count++;
		next++;
	}
	return r;
}

const char *run_mounts_bound(const struct run_mounts_in_use *mounts, size_t index,
			     struct object_id *ret_snapshot)
{
	const struct in_use *use = &mounts->items[index];

	if (use->work->mount.type != RUN_MOUNT_BIND)
		return NULL;
	*ret_snapshot = use->bind.snapshot;
	return use->source;
}

struct filesystem *run_mounts_bind_filesystem(const struct run_mounts_in_use *mounts, size_t index)
{
	return mounts->items[index].bind.filesystem;
}

bool run_mounts_secret(const struct run_mounts_in_use *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->items[i].secret || mounts->items[i].agent)
			return true;
	}
	return false;
}

size_t run_mounts_filesystems(const struct run_mounts_in_use *mounts, struct filesystem ***ret)
{
	struct filesystem **list = xcalloc(mounts->count + 1, sizeof(struct filesystem *));
	size_t count = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->items[i].filesystem)
			list[count++] = mounts->items[i].filesystem;
	}
	*ret = list;
	return count;
}

int run_mounts_commit(struct run_mounts_in_use *mounts, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < mounts->count && r == 0; i++) {
		const struct in_use *use = &mounts->items[i];

		if (use->cache && !use->work->mount.read_only)
			r = cache_mount_commit(use->cache, err);
		if (r < 0)
			return error_prefix(err, r, "cache '%s'", use->work->mount.id);
	}
	return r;
}

void run_mounts_close(struct run_mounts_in_use *mounts)
{
	if (!mounts)
		return;
	for (size_t i = 0; i < mounts->proxy_count; i++)
		agent_proxy_stop(mounts->proxies[i]);
	for (size_t i = 0; i < mounts->count; i++) {
		struct in_use *use = &mounts->items[i];

		cache_mount_close(use->cache);
		bind_mount_close(&use->bind);
		free(use->target);
	}
	free(mounts->items);
	free(mounts->attached);
	free(mounts->proxies);
	free(mounts);
}
