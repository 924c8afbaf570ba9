/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/cache/bundle.h"
#include "builder/image/decompress.h"
#include "builder/image/json.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

enum group_state { GROUP_UNTOUCHED, GROUP_TAKEN, GROUP_BROKEN };

struct cache_remote {
	struct repository *repository;
	struct cache_index index;
	enum group_state *groups;
	bool gone; /* nobody answers any more */
	int cancel_fd;
};

/* ---- what it says of itself ---- */

static int fetch_config(struct repository *repository, struct cache_index *ret, struct error *err)
{
	cleanup_fd int fd = memfd_create("cache-config", MFD_CLOEXEC);
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = fd < 0 ? error_errno(err, -errno, "cannot keep a document")
		       : repository_get_blob(repository, &ret->config, fd, NULL, err);

	if (r < 0)
		return r;
	r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_to_end(fd, JSON_DOCUMENT_MAX, &text);
	if (r < 0)
		return error_errno(err, r, "cannot keep a document");
	return cache_config_parse(buf_string(&text), text.length, "its configuration", ret, err);
}

static int read_documents(struct repository *repository, const struct buf *manifest,
			  struct cache_index *ret, struct error *err)
{
	int r = cache_manifest_parse(buf_string(manifest), manifest->length, "its manifest", ret,
				     err);

	if (r == 0)
		r = fetch_config(repository, ret, err);
	if (r < 0)
		cache_index_release(ret);
	return r;
}

int cache_index_fetch(struct repository *repository, const char *name, struct cache_index *ret,
		      struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(descriptor_release) struct descriptor top = { 0 };
	int r = repository_manifest(repository, name, &top, &text, err);

	return r < 0 ? r : read_documents(repository, &text, ret, err);
}

int cache_remote_open(struct repository *repository, const struct buf *manifest, int cancel_fd,
		      struct cache_remote **ret, struct error *err)
{
	struct cache_remote *remote = xcalloc(1, sizeof *remote);
	int r;

	remote->repository = repository;
	remote->cancel_fd = cancel_fd;
	r = read_documents(repository, manifest, &remote->index, err);
	remote->groups = xcalloc(remote->index.group_count + 1, sizeof *remote->groups);
	if (r < 0)
		cache_remote_close(remote);
	else
		*ret = remote;
	return r;
}

void cache_remote_close(struct cache_remote *remote)
{
	if (!remote)
		return;
	repository_free(remote->repository);
	cache_index_release(&remote->index);
	free(remote->groups);
	free(remote);
}

/* ---- steps ---- */

bool cache_remote_find(const struct cache_remote *remote, const struct object_id *key,
		       struct step_record *ret, size_t *ret_group)
{
	const struct cache_step *step = cache_index_find(&remote->index, key);

	if (!step)
		return false;
	*ret = (struct step_record){ .key = *key,
				     .snapshot = remote->index.groups[step->group].id,
				     .created_s = step->created_s,
				     .cost_ms = step->cost_ms };
	*ret_group = step->group;
	return true;
}

static int compare_sizes(const void *a, const void *b, void *context)
{
	const struct cache_remote *remote = context;
	const struct cache_group *groups = remote->index.groups;
	uint64_t one = cache_group_size(&remote->index, &groups[*(const size_t *)a]);
	uint64_t other = cache_group_size(&remote->index, &groups[*(const size_t *)b]);

	return one < other ? -1 : one > other;
}

void cache_remote_order(struct cache_remote *remote, size_t group, struct positions *ret)
{
	const struct positions *needs = &remote->index.groups[group].needs;

	positions_append(ret, group);
	for (size_t i = 0; i < needs->count; i++)
		positions_append(ret, needs->items[i]);
	if (needs->count > 1)
		qsort_r(ret->items + 1, needs->count, sizeof *ret->items, compare_sizes, remote);
}

/* ---- groups ---- */

/* The layers of a bundle on their way here. */
struct layers {
	int *fds;
	size_t count;
};

static void layers_release(struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		close(layers->fds[i]);
	free(layers->fds);
}
DEFINE_CLEANUP_VALUE(struct layers, layers_release);

static int fetch_layers(struct cache_remote *remote, const struct cache_group *group, int tmp_fd,
			struct layers *ret, struct error *err)
{
	int r = 0;

	ret->fds = xcalloc(group->blobs.count, sizeof *ret->fds);
	for (size_t i = 0; i < group->blobs.count && r == 0; i++) {
		int fd = file_unnamed(tmp_fd, "cache-layer");

		if (fd < 0)
			return error_errno(err, fd, "cannot make a temporary file");
		ret->fds[ret->count++] = fd;
		r = repository_get_blob(remote->repository,
					&remote->index.blobs[group->blobs.items[i]], fd, NULL, err);
		/* What is not there is another thing than an object that is in another bundle. */
		if (r == -ENOENT)
			r = -EBADMSG;
	}
	return r;
}

static int take_layers(struct cache_remote *remote, const struct layers *layers,
		       struct store *store, struct store_lease *lease, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(decompress_close) struct decompress *decompress = NULL;
	struct parts_source parts;
	int r;

	parts_source_init(&parts, layers->fds, layers->count);
	r = decompress_open(&parts.base, &decompress, err);
	if (r == 0)
		r = store_txn_begin(store, lease, &txn, err);
	if (r == 0)
		r = bundle_take(decompress_source(decompress), txn, remote->cancel_fd, err);
	return r < 0 ? r : store_txn_commit(txn, err);
}

int cache_remote_take(struct cache_remote *remote, size_t position, struct store *store,
		      struct store_lease *lease, struct error *err)
{
	cleanup_with(layers_release) struct layers layers = { 0 };
	const struct cache_group *group = &remote->index.groups[position];
	int r;

	if (remote->groups[position] == GROUP_TAKEN)
		return 0;
	/* Each try takes its time. */
	if (remote->gone)
		return error_set(err, -EIO, "its registry did not answer before");
	if (remote->groups[position] == GROUP_BROKEN)
		return error_set(err, -EBADMSG, "what it is made of could not be read before");
	/* What is fetched may take its time, in which nothing is locked. */
	r = fetch_layers(remote, group, store_lease_tmp_fd(lease), &layers, err);
	if (r == 0 && layers.count)
		r = take_layers(remote, &layers, store, lease, err);
	if (r == 0)
		remote->groups[position] = GROUP_TAKEN;
	remote->gone = r == -EIO;
	if (r < 0 && r != -ENOENT && r != -ECANCELED) {
		remote->groups[position] = GROUP_BROKEN;
		store_mention_full(store, err);
	}
	return r < 0 ? r : 1;
}
