/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/build/news.h"
#include "builder/context/context.h"
#include "builder/dockerfile/parser.h"
#include "builder/image/decompress.h"
#include "builder/image/layer_apply.h"
#include "builder/image/stream.h"
#include "builder/remote/git.h"
#include "builder/remote/git_source.h"
#include "builder/remote/http.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/lookup.h"

/* Enough to tell an archive from a text: the first header of one that is not compressed. */
#define HEAD_SIZE 512
#define USTAR_AT  257

void place_release(struct place *place)
{
	context_close(place->files.context);
	buf_release(&place->text);
	*place = (struct place){ 0 };
}

bool place_is_remote(const char *name)
{
	cleanup_with(git_source_release) struct git_source source = { 0 };

	return strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0 ||
	       git_source_parse(name, GIT_SOURCE_CONTEXT, &source, NULL) != 0;
}

/* ---- archives ---- */

/* What has been read of a stream already, and then the rest of it. */
struct headed_source {
	struct byte_source base;
	const char *head;
	size_t left;
	struct byte_source *rest;
};

static ssize_t read_headed(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct headed_source *source = (struct headed_source *)base;

	if (!source->left)
		return source->rest->read(source->rest, data, size, err);
	if (size > source->left)
		size = source->left;
	memcpy(data, source->head, size);
	source->head += size;
	source->left -= size;
	return (ssize_t)size;
}

static bool is_archive(const char *head, size_t size)
{
	return compression_sniff(head, size) != SEEN_PLAIN ||
	       (size >= USTAR_AT + 5 && memcmp(head + USTAR_AT, "ustar", 5) == 0);
}

/* Owners do not count in a build context. */
static int unpack(const struct place_options *options, struct byte_source *archive,
		  struct object_id *ret, struct error *err)
{
	static const struct layer_owner root;
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = tree_open(options->store, NULL);
	cleanup_with(layer_apply_release) struct layer_apply run = { .tree = tree,
								     .plain = true,
								     .owner = &root };
	cleanup_free char *hold = xstrdup(store_lease_name(options->lease));
	struct snapshot_intent intent = { .hold = hold };
	struct snapshot_result result;
	int r = store_txn_begin(options->store, options->lease, &txn, err);

	run.txn = txn;
	if (r == 0)
		r = decompress_open(archive, &plain, err);
	if (r == 0)
		r = layer_apply(&run, decompress_source(plain), err);
	if (r == 0)
		r = snapshot_commit_txn(tree, txn, &intent, &result, err);
	if (r == 0)
		*ret = result.id;
	return r;
}

static int read_text(struct byte_source *source, struct buf *ret, struct error *err)
{
	for (;;) {
		char block[4096];
		ssize_t n = source->read(source, block, sizeof block, err);

		if (n <= 0)
			return (int)n;
		if (ret->length + (size_t)n > DOCKERFILE_SIZE_MAX)
			return error_set(err, -E2BIG,
					 "it is no archive, and longer than a Dockerfile may be");
		buf_append(ret, block, (size_t)n);
	}
}

int place_read(const struct place_options *options, int fd, const char *name, struct place *ret,
	       struct error *err)
{
	char head[HEAD_SIZE];
	struct pipe_source rest;
	struct headed_source source = { .base = { .read = read_headed }, .head = head };
	ssize_t n;
	int r;

	pipe_source_init(&rest, fd);
	source.rest = &rest.base;
	n = source_read_full(&rest.base, head, sizeof head, err);
	if (n < 0)
		return error_prefix(err, (int)n, "%s", name);
	source.left = (size_t)n;
	ret->is_text = !is_archive(head, source.left);
	r = ret->is_text ? read_text(&source.base, &ret->text, err)
			 : unpack(options, &source.base, &ret->files.snapshot, err);
	return r < 0 ? error_prefix(err, r, "%s", name) : 0;
}

/* ---- fetching ---- */

static int make_directory(const struct place_options *options, char **ret, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/tmp/%s/context-XXXXXX", store_path(options->store),
					    store_lease_name(options->lease));

	if (!mkdtemp(path))
		return error_errno(err, -errno, "cannot make '%s'", path);
	*ret = take_ptr(&path);
	return 0;
}

struct telling {
	struct news *news;
	unsigned number;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct telling *telling = context;

	news_status(telling->news, telling->number, "transferring context:", current, total, true,
		    false);
}

static int fetch_url(const struct place_options *options, const char *name, unsigned number,
		     struct place *ret, struct error *err)
{
	cleanup_with(http_response_release) struct http_response response = { 0 };
	cleanup_free char *directory = NULL, *path = NULL;
	struct telling telling = { options->news, number };
	struct http_request request = {
		.url = name, .cancel_fd = options->cancel_fd, .progress = tell, .context = &telling
	};
	cleanup_fd int fd = -1;
	int r = make_directory(options, &directory, err);

	if (r < 0)
		return r;
	path = xasprintf("%s/archive", directory);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, -errno, "cannot make '%s'", path);
	(void)unlink(path);
	r = http_get(&request, fd, &response, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = error_errno(err, -errno, "cannot read what was fetched from '%s'", name);
	if (r < 0)
		return r;
	news_status(options->news, number, "transferring context:", response.size, response.size,
		    true, true);
	return place_read(options, fd, name, ret, err);
}

/* No link of the repository may lead out of it. */
static int open_below(const char *top, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve };
	cleanup_fd int top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long fd;

	if (top_fd < 0)
		return -errno;
	fd = syscall(SYS_openat2, top_fd, path, &how, sizeof how);
	return fd < 0 ? -errno : (int)fd;
}

static int open_files(const struct place_options *options, const struct git_source *source,
		      const char *top, struct place *ret, struct error *err)
{
	struct context_options how = { .transient = true };
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;

	if (source->subdir) {
		fd = open_below(top, source->subdir, O_PATH | O_DIRECTORY,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		if (fd < 0)
			return error_errno(err, fd, "there is no directory '%s' in '%s'",
					   source->subdir, source->url);
	}
	path = xasprintf("%s%s%s", top, source->subdir ? "/" : "",
			 source->subdir ? source->subdir : "");
	how.path = path;
	return context_open(options->store, &how, &ret->files.context, err);
}

static int fetch_git(const struct place_options *options, const struct git_source *source,
		     struct place *ret, struct error *err)
{
	struct git_run run = { .cancel_fd = options->cancel_fd,
			       .host_files = strncmp(source->url, "file:", 5) == 0 };
	cleanup_free char *directory = NULL, *top = NULL;
	char commit[GIT_COMMIT_SIZE];
	int r = make_directory(options, &directory, err);

	if (r == 0)
		r = git_resolve(&run, source, commit, err);
	if (r < 0)
		return r;
	top = xasprintf("%s/files", directory);
	r = git_checkout(&run, source, commit, top,
			 options->keep_git_dir || source->keep_git_dir == 1, err);
	return r < 0 ? r : open_files(options, source, top, ret, err);
}

int place_fetch(const struct place_options *options, const char *name, struct place *ret,
		struct error *err)
{
	cleanup_with(git_source_release) struct git_source source = { 0 };
	cleanup_free char *title = NULL;
	unsigned number;
	int r = git_source_parse(name, GIT_SOURCE_CONTEXT, &source, err);

	if (r < 0)
		return r;
	if (r == 0 && !place_is_remote(name))
		return error_set(err, -EINVAL, "'%s' is neither a URL nor a repository", name);
	title = xasprintf("[internal] load %s %s", r ? "git source" : "remote build context", name);
	number = news_begin(options->news, title);
	r = r ? fetch_git(options, &source, ret, err) : fetch_url(options, name, number, ret, err);
	return news_end(options->news, number, r, err);
}

/* ---- single files ---- */

static int read_stored(struct store *store, const struct object_id *snapshot, const char *path,
		       size_t limit, struct buf *ret, struct error *err)
{
	cleanup_with(tree_close) struct tree *tree = NULL;
	struct snapshot_record record;
	struct node *node;
	int r = snapshot_load(store, snapshot, &record, err);

	if (r < 0)
		return r;
	tree = tree_open(store, object_id_is_zero(&record.root.dir) ? NULL : &record.root);
	r = tree_lookup(tree, path, 0, &node, err);
	if (r == 0 || r == -ENOTDIR || (r > 0 && !node_is_file(node)))
		return -ENOENT;
	return r < 0 ? r : tree_read_file(tree, node, limit, ret, err);
}

int place_read_file(struct store *store, const struct given_files *files, const char *path,
		    size_t limit, struct buf *ret, struct error *err)
{
	cleanup_fd int fd = -1;
	int r;

	if (!files->context)
		return read_stored(store, &files->snapshot, path, limit, ret, err);
	fd = open_below(context_path(files->context), path, O_RDONLY | O_NONBLOCK, RESOLVE_IN_ROOT);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	r = fd < 0 ? fd : fd_read_to_end(fd, limit, ret);
	return r < 0 ? error_errno(err, r, "cannot read '%s'", path) : 0;
}
