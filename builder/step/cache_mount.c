/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/cache_mount.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/sandbox/sandbox.h"
#include "builder/step/copy_select.h"
#include "builder/step/step_internal.h"
#include "builder/step/step_source.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/snapshot/cache.h"
#include "fs/snapshot/cache_ticket.h"
#include "fs/store/store.h"
#include "fs/tree/copy.h"
#include "fs/tree/edit.h"

/* Versions of a cache that are kept for going back to. */
#define VERSIONS_KEPT 5

struct cache_mount {
	struct step_env *env;
	struct cache *cache;
	struct cache_ticket *ticket; /* NULL for a private one */
	struct filesystem *filesystem;
	enum run_mount_sharing sharing;
	uint64_t base; /* number of the version it began with; 0: none */
	/* From a commit to cache_mount_unlock(), see cache_lock_server(); else 0. */
	int lock_fd;
	char *version; /* the ref to be set to `committed`; NULL: there is nothing new */
	struct object_id committed;
};

/* ---- waiting ---- */

struct turn {
	struct cache_waiter waiter;
	struct step_output *output;
	const char *id;
	char *waiting_for; /* the line that is being shown */
};

static void say_done(struct turn *turn)
{
	if (!turn->waiting_for)
		return;
	turn->output->status(turn->output, turn->waiting_for, 0, 0, false, true);
	free(take_ptr(&turn->waiting_for));
}

static void say_waiting(struct cache_waiter *waiter, const char *holder)
{
	struct turn *turn = (struct turn *)waiter;

	say_done(turn);
	turn->waiting_for = xasprintf("waiting for cache %s held by %s", turn->id, holder);
	turn->output->status(turn->output, turn->waiting_for, 0, 0, false, false);
}

static int wait_for_turn(struct step_task *task, struct cache_mount *cache, const char *id,
			 struct error *err)
{
	cleanup_free char *label = xasprintf("%s: %s", task->env->build_label, task->vertex->name);
	struct turn turn = { .waiter = { .label = label,
					 .waiting = say_waiting,
					 .cancel_fd = task->env->cancel_fd },
			     .output = task->output,
			     .id = id };
	enum cache_access access =
		cache->sharing == RUN_MOUNT_SHARED ? CACHE_TOGETHER : CACHE_ALONE;
	int r;

	if (cache->sharing == RUN_MOUNT_PRIVATE)
		return 0;
	r = cache_ticket_take(cache->cache, access, &turn.waiter, &cache->ticket, err);
	say_done(&turn);
	return r;
}

/* ---- what a new cache begins with ---- */

/* Everything at `path` of the source, or the directory with the owner and mode asked for. */
static int fill_seed(struct step_task *task, const struct run_work_mount *mount, struct tree *tree,
		     struct error *err)
{
	cleanup_with(step_source_close) struct step_source source = { 0 };
	struct tree_copier copier = { 0 };
	struct selected from;
	int r;

	if (mount->source.kind == SOURCE_EMPTY)
		return 0;
	r = step_source_open(task, &mount->source, &source, err);
	if (r == 0)
		r = select_path(&source.source, mount->mount.source, &from, err);
	if (r == 0 && !node_is_dir(from.node))
		r = error_set(err, -ENOTDIR, "a cache cannot begin with the file '%s'",
			      mount->mount.source);
	if (r == 0 && source.source.context)
		return step_source_copy(task, &source, mount->mount.source, "/", tree, err);
	return r < 0 ? r
		     : tree_copy_children(tree, tree_root_node(tree), source.source.tree, from.node,
					  &copier, err);
}

static int make_seed(struct step_task *task, const struct run_work_mount *mount,
		     struct object_id *ret, struct error *err)
{
	const struct run_mount *spec = &mount->mount;
	cleanup_with(tree_close) struct tree *tree = tree_open(task->env->store, NULL);
	cleanup_free char *lease = xstrdup(store_lease_name(task->env->lease));
	struct snapshot_intent intent = { .created_s = step_env_time(task->env), .hold = lease };
	struct node *root = tree_root_node(tree);
	struct snapshot_result result;
	int r = fill_seed(task, mount, tree, err);

	root->mode = (uint16_t)(spec->mode & 07777);
	root->uid = spec->uid;
	root->gid = spec->gid;
	root->mtime = step_now(task->env);
	if (r == 0)
		r = snapshot_commit_tree(tree, task->env->lease, &intent, &result, err);
	if (r == 0)
		*ret = result.id;
	return r;
}

/* The snapshot to begin with: the newest version, or a seed. */
static int find_base(struct step_task *task, struct cache_mount *cache,
		     const struct run_work_mount *mount, struct object_id *ret, struct error *err)
{
	struct cache_version version;
	int r = cache_newest(cache->cache, &version, err);

	if (r < 0)
		return r;
	cache->base = r ? version.number : 0;
	if (r == 0)
		return make_seed(task, mount, ret, err);
	*ret = version.snapshot;
	return store_lease_hold(task->env->lease, ret, err);
}

/* ---- mounting ---- */

static int start_shared(struct step_task *task, struct cache_mount *cache,
			const struct run_work_mount *mount, struct filesystem *filesystem,
			struct error *err)
{
	struct sandbox *sandbox = task->env->sandbox;
	struct workspace_options options = { .store = store_path(task->env->store),
					     .socket = cache_socket(cache->cache) };
	int r = find_base(task, cache, mount, &options.snapshot, err);

	if (r < 0)
		return r;
	/* What a dead server has left behind is in the way of a new mount. */
	(void)sandbox_unmount(sandbox, filesystem->name, true, NULL);
	options.root_only = sandbox_id_mode(sandbox) == SANDBOX_IDS_SINGLE;
	options.credentials_fd = sandbox_credentials_fd(sandbox);
	r = sandbox_mount(sandbox, filesystem->name, true, "varve", &options.fuse_fd, err);
	if (r > 0)
		r = error_set(err, -EBUSY,
			      "the mount of cache '%s' is in use, but nobody serves it",
			      cache_id(cache->cache));
	return r < 0 ? r : workspace_start(&options, &filesystem->workspace, err);
}

/* The one live tree of all who share the cache: join its server, or start it. */
static int open_shared(struct step_task *task, struct cache_mount *cache,
		       const struct run_work_mount *mount, struct error *err)
{
	struct filesystem *filesystem = xcalloc(1, sizeof *filesystem);
	cleanup_fd int lock_fd = -1;
	struct sandbox *sandbox;
	int r = step_env_sandbox(task->env, &sandbox, err);

	filesystem->env = task->env;
	filesystem->shared = true;
	cache->filesystem = filesystem;
	if (r == 0)
		r = cache_lock_server(cache->cache, &lock_fd, err);
	if (r < 0)
		return r;
	filesystem->name = xstrdup(cache_mount_name(cache->cache));
	r = workspace_join(store_dir_fd(task->env->store), cache_socket(cache->cache),
			   &filesystem->workspace);
	if (r < 0)
		r = start_shared(task, cache, mount, filesystem, err);
	if (r == 0)
		workspace_cancel_with(filesystem->workspace, task->env->cancel_fd);
	return r;
}

static int open_private(struct step_task *task, struct cache_mount *cache,
			const struct run_work_mount *mount, struct error *err)
{
	struct object_id base;
	int r = find_base(task, cache, mount, &base, err);

	return r < 0 ? r
		     : filesystem_open(task->env, "cache-private", &base, 0, &cache->filesystem,
				       err);
}

int cache_mount_open(struct step_task *task, const struct run_work_mount *mount,
		     struct cache_mount **ret, struct error *err)
{
	cleanup_with(cache_mount_close) struct cache_mount *cache = xcalloc(1, sizeof *cache);
	const char *id = mount->mount.id;
	int r;

	cache->env = task->env;
	cache->sharing = mount->mount.sharing;
	r = cache_open(task->env->store, id, &cache->cache, err);
	if (r == 0)
		r = wait_for_turn(task, cache, id, err);
	if (r == 0)
		r = cache_touch(cache->cache, err);
	if (r == 0)
		r = cache->sharing == RUN_MOUNT_SHARED ? open_shared(task, cache, mount, err)
						       : open_private(task, cache, mount, err);
	if (r < 0)
		return r == -ECANCELED ? r : error_prefix(err, r, "cache '%s'", id);
	*ret = take_ptr(&cache);
	return 0;
}

struct filesystem *cache_mount_filesystem(const struct cache_mount *cache)
{
	return cache->filesystem;
}

/* ---- afterwards ---- */

/* The version there will be: 1, or 0 when it stays with what there is. */
static int find_version(struct cache_mount *cache, uint64_t *ret, struct error *err)
{
	struct cache_version newest = { 0 };
	int changed = workspace_changed(cache->filesystem->workspace, err);
	int r = changed < 0 ? changed : cache_newest(cache->cache, &newest, err);

	/* An unused cache keeps its version; one that has none yet gets its first. */
	if (r < 0 || (r > 0 && !changed))
		return r < 0 ? r : 0;
	/* Somebody else's version has come in between: a private copy does not replace it. */
	if (cache->sharing == RUN_MOUNT_PRIVATE && newest.number != cache->base)
		return 0;
	*ret = newest.number + 1;
	return 1;
}

int cache_mount_commit(struct cache_mount *cache, struct error *err)
{
	cleanup_free char *lease = xstrdup(store_lease_name(cache->env->lease));
	struct snapshot_intent intent = { .created_s = step_env_time(cache->env), .hold = lease };
	cleanup_free char *ref = NULL;
	struct snapshot_result result;
	uint64_t number = 0;
	int r;

	r = cache_lock_server(cache->cache, &cache->lock_fd, err);
	if (r == 0)
		r = find_version(cache, &number, err);
	if (r <= 0)
		return r;
	ref = cache_ref(cache->cache, number);
	if (cache->sharing == RUN_MOUNT_SHARED)
		intent.ref = ref;
	r = workspace_commit(cache->filesystem->workspace, &intent, &result, err);
	if (r < 0)
		return r;
	cache->committed = result.id;
	cache->version = take_ptr(&ref);
	return 0;
}

int cache_mount_publish(struct cache_mount *cache, struct store_txn *txn, struct error *err)
{
	if (!cache->version || cache->sharing == RUN_MOUNT_SHARED)
		return 0;
	return store_txn_set_ref(txn, cache->version, &cache->committed, err);
}

int cache_mount_trim(struct cache_mount *cache, struct error *err)
{
	return cache->version ? cache_trim(cache->cache, VERSIONS_KEPT, err) : 0;
}

void cache_mount_unlock(struct cache_mount *cache)
{
	if (cache->lock_fd > 0)
		close(cache->lock_fd);
	cache->lock_fd = 0;
}

static void forget_shared(struct filesystem *filesystem)
{
	workspace_free(filesystem->workspace);
	free(filesystem->name);
	free(filesystem);
}

/* The last one to leave a shared cache ends its server and takes the mount away. */
static void leave_shared(struct cache_mount *cache)
{
	struct filesystem *filesystem = cache->filesystem;
	cleanup_fd int lock_fd = -1;
	unsigned others = 0;
	int r = -ENOTCONN;

	if (filesystem->workspace) {
		(void)cache_lock_server(cache->cache, &lock_fd, NULL);
		r = workspace_leave(filesystem->workspace, &others, NULL);
	}
	/* A server that has no time for an answer has others to work for. */
	if (!filesystem->workspace || (r == 0 && others) || r == -ECANCELED)
		forget_shared(filesystem);
	else
		filesystem_close(filesystem);
}

void cache_mount_close(struct cache_mount *cache)
{
	if (!cache)
		return;
	free(cache->version);
	if (cache->filesystem && cache->filesystem->shared)
		leave_shared(cache);
	else
		filesystem_close(cache->filesystem);
	cache_ticket_free(cache->ticket);
	cache_close(cache->cache);
	free(cache);
}
