/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/remote_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/context/context.h"
#include "builder/plan/lower/remote.h"
#include "builder/step/remote_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

struct remotes {
	pthread_mutex_t lock;
	struct remote *first; /* guarded by lock */
};

struct remotes *remotes_new(void)
{
	struct remotes *remotes = xcalloc(1, sizeof *remotes);

	pthread_mutex_init(&remotes->lock, NULL);
	return remotes;
}

void remotes_free(struct remotes *remotes)
{
	if (!remotes)
		return;
	while (remotes->first) {
		struct remote *remote = remotes->first;

		remotes->first = remote->next;
		context_close(remote->context);
		git_source_release(&remote->git);
		pthread_mutex_destroy(&remote->lock);
		free(remote->key);
		free(remote->text);
		free(remote->checksum);
		free(remote->path);
		free(remote->directory);
		free(remote);
	}
	pthread_mutex_destroy(&remotes->lock);
	free(remotes);
}

static struct remote *make(const struct copy_work *work, const char *text, char *key)
{
	struct remote *remote = xcalloc(1, sizeof *remote);

	pthread_mutex_init(&remote->lock, NULL);
	remote->key = key;
	remote->text = xstrdup(text);
	remote->is_git = remote_kind_of(text) == REMOTE_GIT;
	remote->git = (struct git_source){ .keep_git_dir = -1, .submodules = -1 };
	remote->keep_git_dir = work->keep_git_dir;
	if (work->checksum)
		remote->checksum = xstrdup(work->checksum);
	return remote;
}

/* The one for a source: of equal ones there is one in a build. */
static struct remote *get(struct remotes *remotes, const struct copy_work *work, const char *text)
{
	char *key = xasprintf("%d %s %s", work->keep_git_dir, work->checksum ? work->checksum : "-",
			      text);
	struct remote *remote;

	pthread_mutex_lock(&remotes->lock);
	for (remote = remotes->first; remote; remote = remote->next) {
		if (strcmp(remote->key, key) == 0)
			break;
	}
	if (!remote) {
		remote = make(work, text, key);
		key = NULL;
		remote->next = remotes->first;
		remotes->first = remote;
	}
	pthread_mutex_unlock(&remotes->lock);
	free(key);
	return remote;
}

bool remote_files_any(const struct copy_work *work)
{
	for (size_t i = 0; work->add && i < work->sources.count; i++) {
		if (remote_kind_of(work->sources.items[i]) != REMOTE_NONE)
			return true;
	}
	return false;
}

struct copy_remote *remote_files_none(const struct copy_work *work)
{
	struct copy_remote *items = xcalloc(work->sources.count + 1, sizeof *items);

	for (size_t i = 0; work->add && i < work->sources.count; i++)
		items[i].is_remote = remote_kind_of(work->sources.items[i]) != REMOTE_NONE;
	return items;
}

static int identify(struct step_task *task, struct remote *remote, char **ret, struct error *err)
{
	bool keep;
	int r = remote->is_git ? remote_git_identify(task, remote, err)
			       : remote_url_identify(task, remote, err);

	if (r < 0)
		return r;
	if (!remote->is_git) {
		*ret = xasprintf("sha256:%s %s", object_id_hex(&remote->digest).text, remote->path);
		return 0;
	}
	/* Its URL is written down in .git. */
	keep = remote->keep_git_dir == 1;
	*ret = xasprintf("commit %s %s %s %s", remote->commit,
			 remote->git.submodules != 0 ? "submodules" : "-",
			 keep ? remote->git.url : "-", remote->path);
	return 0;
}

int remote_files_identify(struct step_task *task, size_t index, char **ret, struct error *err)
{
	const struct copy_work *work = &task->vertex->copy;
	const char *text = work->sources.items[index];
	struct remote *remote;
	int r;

	if (remote_kind_of(text) == REMOTE_NONE)
		return 0;
	remote = get(task->env->remotes, work, text);
	pthread_mutex_lock(&remote->lock);
	r = identify(task, remote, ret, err);
	pthread_mutex_unlock(&remote->lock);
	return r < 0 ? r : 1;
}

static int open_fetched(struct step_task *task, struct remote *remote, struct error *err)
{
	struct context_options options = { .path = remote->directory, .transient = true };
	int r = context_open(task->env->store, &options, &remote->context, err);

	if (r == 0)
		context_cancel_with(remote->context, task->env->cancel_fd);
	return r;
}

static int fetch(struct step_task *task, struct remote *remote, struct copy_remote *ret,
		 struct error *err)
{
	int r = 0;

	if (!remote->context) {
		r = remote->is_git ? remote_git_fetch(task, remote, err)
				   : remote_url_fetch(task, remote, err);
		if (r == 0)
			r = open_fetched(task, remote, err);
	}
	if (r < 0)
		return r;
	ret->source = (struct copy_source){ .tree = context_tree(remote->context),
					    .context = remote->context,
					    .name = remote->text };
	ret->path = remote->path;
	return 0;
}

int remote_files_fetch(struct step_task *task, struct copy_remote **ret, struct error *err)
{
	const struct copy_work *work = &task->vertex->copy;
	cleanup_free struct copy_remote *items = remote_files_none(work);
	int r = 0;

	for (size_t i = 0; i < work->sources.count && r == 0; i++) {
		struct remote *remote;

		if (!items[i].is_remote)
			continue;
		remote = get(task->env->remotes, work, work->sources.items[i]);
		pthread_mutex_lock(&remote->lock);
		r = fetch(task, remote, &items[i], err);
		pthread_mutex_unlock(&remote->lock);
	}
	if (r == 0)
		*ret = take_ptr(&items);
	return r;
}
