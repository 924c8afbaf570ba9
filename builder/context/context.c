/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "builder/context/context_internal.h"
#include "builder/context/hash_cache.h"
#include "builder/context/scan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "fs/store/store.h"

DEFINE_CLEANUP(DIR *, closedir);

int context_open(struct store *store, const struct context_options *options, struct context **ret,
		 struct error *err)
{
	cleanup_with(context_close) struct context *context = xcalloc(1, sizeof *context);
	cleanup_free char *real = NULL, *cache = NULL;
	struct object_id name;
	struct stat st;
	int r;

	context->resolver.resolve = context_resolve;
	context->cancel_fd = -1;
	context->ignore = options->ignore;
	pthread_mutex_init(&context->mutex, NULL);
	context->path = xstrdup(options->path);
	context->fd = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (context->fd < 0 || fstat(context->fd, &st) < 0)
		return error_errno(err, -errno, "cannot open the build context '%s'",
				   options->path);
	context->tree = tree_open(store, NULL);
	scan_set_attributes(tree_root_node(context->tree), &st);
	if (options->transient) {
		context->hashes = hash_cache_open(-1, "");
		*ret = take_ptr(&context);
		return 0;
	}
	real = realpath(options->path, NULL);
	name = object_id_of(real ? real : options->path, strlen(real ? real : options->path));
	r = dir_make(store_dir_fd(store), "contexts", 0700);
	if (r < 0)
		return error_errno(err, r, "cannot make '%s/contexts'", store_path(store));
	cache = xasprintf("contexts/%s", object_id_hex(&name).text);
	context->hashes = hash_cache_open(store_dir_fd(store), cache);
	*ret = take_ptr(&context);
	return 0;
}

void context_close(struct context *context)
{
	struct linked_file *file, *next;

	if (!context)
		return;
	HASH_ITER(hh, context->linked, file, next) {
		HASH_DEL(context->linked, file);
		free(file);
	}
	hash_cache_close(context->hashes);
	tree_close(context->tree);
	patterns_free(context->ignore);
	if (context->fd >= 0)
		close(context->fd);
	pthread_mutex_destroy(&context->mutex);
	free(context->path);
	free(context);
}

void context_lock(struct context *context)
{
	pthread_mutex_lock(&context->mutex);
}

void context_unlock(struct context *context)
{
	pthread_mutex_unlock(&context->mutex);
}

struct tree *context_tree(const struct context *context)
{
	return context->tree;
}

int context_fd(const struct context *context)
{
	return context->fd;
}

const char *context_path(const struct context *context)
{
	return context->path;
}

const struct patterns *context_ignored(const struct context *context)
{
	return context->ignore;
}

struct content_resolver *context_resolver(struct context *context)
{
	return &context->resolver;
}

struct context_counts context_counts(const struct context *context)
{
	return context->counts;
}

void context_cancel_with(struct context *context, int cancel_fd)
{
	context->cancel_fd = cancel_fd;
}

int context_cannot(const struct context *context, int r, const char *what, const char *path,
		   struct error *err)
{
	return error_errno(err, r, "cannot %s '%s%s%s'", what, context->path, *path ? "/" : "",
			   path);
}

/* ---- reading directories ---- */

/* What the patterns say to the directory at `path`, worked out from the top. */
static int state_of(const struct context *context, const char *path, struct pattern_state *ret,
		    struct error *err)
{
	cleanup_free char *copy = xstrdup(path);
	struct pattern_state state = { 0 };
	const char *at = path, *name;
	size_t length;
	int r = 0;

	while (r >= 0 && path_next(&at, &name, &length)) {
		struct pattern_state next = { 0 };
		size_t end = (size_t)(name - path) + length;

		copy[end] = '\0';
		r = patterns_match_in(context->ignore, copy, state.matched ? &state : NULL, &next,
				      err);
		copy[end] = path[end];
		pattern_state_release(&state);
		state = next;
	}
	if (r < 0) {
		pattern_state_release(&state);
		return r;
	}
	*ret = state;
	return 0;
}

/* Is the entry left out? 1, 0, or for a directory 2: only something below it may be wanted. */
static int ignored(const struct context *context, const char *path, bool directory,
		   const struct pattern_state *parent, struct error *err)
{
	struct pattern_state state = { 0 };
	int r;

	if (!context->ignore)
		return 0;
	r = patterns_match_in(context->ignore, path, parent->matched ? parent : NULL,
			      directory ? &state : NULL, err);
	pattern_state_release(&state);
	if (r > 0 && directory && patterns_may_match_below(context->ignore, path, true))
		return 2;
	return r;
}

/* The node that another name of the same file has got already, or NULL. */
static struct node *known_file(struct context *context, const struct stat *st)
{
	struct linked_file probe = { 0 }, *found;

	probe.key.device = st->st_dev;
	probe.key.inode = st->st_ino;
	HASH_FIND(hh, context->linked, &probe.key, sizeof probe.key, found);
	return found ? found->node : NULL;
}

static void remember_file(struct context *context, const struct stat *st, struct node *node)
{
	struct linked_file *file = xcalloc(1, sizeof *file);

	file->key.device = st->st_dev;
	file->key.inode = st->st_ino;
	file->node = node;
	HASH_ADD(hh, context->linked, key, sizeof file->key, file);
}

static int make_node(struct context *context, int dir_fd, const char *name, const struct stat *st,
		     struct node **ret)
{
	struct node_time mtime = { st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec };
	struct node *node = tree_new_node(context->tree, dir_entry_type_of(st->st_mode), &mtime);
	struct object_id id;
	int r = 0;

	scan_set_attributes(node, st);
	if (node->type == DIR_ENTRY_SYMLINK)
		r = scan_symlink(dir_fd, name, node);
	else if (node->size > DIR_INLINE_MAX && hash_cache_find(context->hashes, st, &id))
		node_set_blob(context->tree, node, &id, node->size);
	else if (node_is_file(node) && node->size)
		node_set_staged(context->tree, node, NULL);
	if (r < 0) {
		tree_free_node(context->tree, node);
		return r;
	}
	context->counts.files++;
	*ret = node;
	return 0;
}

static int add_entry(struct context *context, struct node *dir, int dir_fd, const char *name,
		     const struct stat *st, struct node **ret, struct error *err)
{
	bool shared = S_ISREG(st->st_mode) && st->st_nlink > 1;
	struct node *node = shared ? known_file(context, st) : NULL;
	bool known = node;
	int r = 0;

	if (!node)
		r = make_node(context, dir_fd, name, st, &node);
	if (r < 0)
		return r;
	r = tree_link(context->tree, dir, name, strlen(name), node, err);
	if (r < 0) {
		if (!known)
			tree_free_node(context->tree, node);
		return r;
	}
	if (shared && !known)
		remember_file(context, st, node);
	*ret = node;
	return 0;
}

static int load_dir(struct context *context, struct node *dir, const char *path, struct error *err);

/*
 * A directory that is ignored itself: it is seen only when something below it is not, so all of
 * it has to be read now.
 */
static int keep_if_needed(struct context *context, struct node *node, struct error *err)
{
	int r = context_load_all(context, node, err);

	if (r == 0 && !node->dir.children->count)
		r = tree_unlink(context->tree, node->names, err);
	return r;
}

static int load_entry(struct context *context, struct node *dir, int dir_fd, const char *name,
		      const char *path, const struct pattern_state *state, struct error *err)
{
	struct node *node = NULL;
	struct stat st;
	int hidden, r;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : context_cannot(context, -errno, "look at", path, err);
	if (!dir_entry_type_of(st.st_mode))
		return 0;
	hidden = ignored(context, path, S_ISDIR(st.st_mode), state, err);
	if (hidden < 0 || hidden == 1)
		return hidden < 0 ? hidden : 0;
	r = add_entry(context, dir, dir_fd, name, &st, &node, err);
	if (r < 0)
		return err && err->text[0] ? r : context_cannot(context, r, "look at", path, err);
	return hidden == 2 ? keep_if_needed(context, node, err) : 0;
}

static int load_dir(struct context *context, struct node *dir, const char *path, struct error *err)
{
	cleanup_with(pattern_state_release) struct pattern_state state = { 0 };
	cleanup_with(buf_release) struct buf child = { 0 };
	cleanup_with(closedir) DIR *stream = NULL;
	const struct dirent *entry;
	bool any;
	int fd, r;

	r = scan_open(context->fd, path, O_RDONLY | O_DIRECTORY, &fd);
	if (r < 0)
		return context_cannot(context, r, "read the directory", path, err);
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return context_cannot(context, -errno, "read the directory", path, err);
	}
	r = scan_xattrs(context->tree, dir, fd, &any, err);
	if (r == 0 && context->ignore)
		r = state_of(context, path, &state, err);
	while (r == 0 && (entry = readdir(stream))) { /* NOLINT(concurrency-mt-unsafe) */
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		buf_clear(&child);
		buf_add_format(&child, "%s%s%s", path, *path ? "/" : "", name);
		r = load_entry(context, dir, fd, name, buf_string(&child), &state, err);
	}
	return r;
}

int context_load(struct context *context, struct node *dir, struct error *err)
{
	cleanup_free char *path = NULL;
	int r;

	if (!node_is_dir(dir))
		return error_set(err, -ENOTDIR, "not a directory");
	if (dir->flags & NODE_MARKED)
		return 0;
	r = cancel_check(context->cancel_fd, err);
	if (r < 0)
		return r;
	dir->flags |= NODE_MARKED;
	path = node_path(dir);
	return load_dir(context, dir, path, err);
}

int context_load_all(struct context *context, struct node *node, struct error *err)
{
	struct node *at = node;
	uint64_t position = 0;
	int r;

	if (!node_is_dir(node))
		return 0;
	r = context_load(context, node, err);
	while (r == 0) {
		struct dentry *child = name_table_from(at->dir.children, position);

		if (child && node_is_dir(child->node)) {
			at = child->node;
			position = 0;
			r = context_load(context, at, err);
			continue;
		}
		if (child) {
			position = child->position + 1;
			continue;
		}
		if (at == node)
			break;
		position = at->names->position + 1;
		at = at->names->parent;
	}
	return r;
}
