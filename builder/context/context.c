/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "builder/context/hash_cache.h"
#include "builder/context/scan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "fs/store/store.h"

DEFINE_CLEANUP(DIR *, closedir);

/* A file of the host that has several names. */
struct linked_file {
	struct {
		dev_t device;
		ino_t inode;
	} key;
	struct node *node;
	UT_hash_handle hh;
};

struct context {
	struct content_resolver resolver;
	pthread_mutex_t mutex;
	char *path;
	int fd;
	struct tree *tree;
	struct patterns *ignore;
	struct hash_cache *hashes;
	struct linked_file *linked;
	struct context_counts counts;
};

static int resolve(struct content_resolver *resolver, struct node *node, struct error *err);

int context_open(struct store *store, const struct context_options *options, struct context **ret,
		 struct error *err)
{
	cleanup_with(context_close) struct context *context = xcalloc(1, sizeof *context);
	cleanup_free char *real = NULL, *cache = NULL;
	struct object_id name;
	struct stat st;
	int r;

	context->resolver.resolve = resolve;
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

static int cannot(const struct context *context, int r, const char *what, const char *path,
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
	struct node *node = tree_new_node(context->tree, scan_type(st), &mtime);
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
		return errno == ENOENT ? 0 : cannot(context, -errno, "look at", path, err);
	if (!scan_type(&st))
		return 0;
	hidden = ignored(context, path, S_ISDIR(st.st_mode), state, err);
	if (hidden < 0 || hidden == 1)
		return hidden < 0 ? hidden : 0;
	r = add_entry(context, dir, dir_fd, name, &st, &node, err);
	if (r < 0)
		return err && err->text[0] ? r : cannot(context, r, "look at", path, err);
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
		return cannot(context, r, "read the directory", path, err);
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return cannot(context, -errno, "read the directory", path, err);
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

	if (!node_is_dir(dir))
		return error_set(err, -ENOTDIR, "not a directory");
	if (dir->flags & NODE_MARKED)
		return 0;
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

/* ---- content ---- */

/* Open a file of the context that is to be read, and see that it is what the tree says. */
static int open_file(struct context *context, struct node *node, char **ret_path, int *ret_fd,
		     struct stat *ret_st, struct error *err)
{
	cleanup_free char *path = dentry_path(node->names);
	cleanup_fd int fd = -1;
	int r = scan_open(context->fd, path, O_RDONLY, &fd);

	if (r == 0 && fstat(fd, ret_st) < 0)
		r = -errno;
	if (r < 0)
		return cannot(context, r, "read", path, err);
	if (!S_ISREG(ret_st->st_mode) || (uint64_t)ret_st->st_size != node->size)
		return error_set(err, -ESTALE, "'%s/%s' was changed while it was being read",
				 context->path, path);
	*ret_fd = take_fd(&fd);
	*ret_path = take_ptr(&path);
	return 0;
}

int context_open_file(struct context *context, struct node *node, int *ret_fd, struct error *err)
{
	cleanup_free char *path = NULL;
	struct stat st;

	return open_file(context, node, &path, ret_fd, &st, err);
}

static int hash_file(struct context *context, struct node *node, struct object_id *ret,
		     struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	bool xattrs = false;
	struct stat st;
	int r = open_file(context, node, &path, &fd, &st, err);

	if (r == 0)
		r = scan_xattrs(context->tree, node, fd, &xattrs, err);
	if (r < 0)
		return r;
	r = digest_file(fd, ret->bytes);
	if (r < 0)
		return cannot(context, r, "read", path, err);
	context->counts.bytes_hashed += node->size;
	/* The cache knows nothing of attributes: files that have some are looked at each time. */
	if (!xattrs)
		hash_cache_add(context->hashes, &st, ret);
	return 0;
}

static int read_small(struct context *context, struct node *node, struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	char bytes[DIR_INLINE_MAX];
	bool xattrs;
	struct stat st;
	int r = open_file(context, node, &path, &fd, &st, err);

	if (r == 0)
		r = scan_xattrs(context->tree, node, fd, &xattrs, err);
	if (r < 0)
		return r;
	r = fd_pread_exactly(fd, bytes, node->size, 0);
	if (r < 0)
		return cannot(context, r, "read", path, err);
	node_set_inline(context->tree, node, bytes, node->size);
	return 0;
}

static int resolve(struct content_resolver *resolver, struct node *node, struct error *err)
{
	struct context *context = (struct context *)resolver;
	struct object_id id;
	int r;

	if (node->content != CONTENT_STAGED)
		return 0;
	if (node->size <= DIR_INLINE_MAX)
		return read_small(context, node, err);
	r = hash_file(context, node, &id, err);
	if (r == 0)
		node_set_blob(context->tree, node, &id, node->size);
	return r;
}

/* Copy the open file into the store, and see that it still has the digest it had. */
static int store_file(struct context *context, struct store_txn *txn, const struct node *node,
		      int fd, const char *path, struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	cleanup_free char *block = xmalloc(1 << 17);
	struct object_id id;
	uint64_t size;
	ssize_t n;
	int r = blob_writer_begin(txn, &writer, err);

	while (r == 0 && (n = read(fd, block, 1 << 17)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? cannot(context, -errno, "read", path, err)
			  : blob_writer_add(writer, block, (size_t)n, err);
	}
	if (r == 0)
		r = blob_writer_finish(writer, &id, &size, err);
	if (r < 0)
		return r;
	context->counts.bytes_stored += size;
	if (!object_id_equal(&id, &node->blob))
		return error_set(err, -ESTALE, "'%s/%s' was changed while it was being copied",
				 context->path, path);
	return 0;
}

int context_ingest(struct context *context, struct store_txn *txn, struct node *node,
		   struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	struct stat st;
	int r = resolve(&context->resolver, node, err);

	if (r < 0 || node->content != CONTENT_BLOB)
		return r;
	r = store_txn_has(txn, &node->blob, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = open_file(context, node, &path, &fd, &st, err);
	return r < 0 ? r : store_file(context, txn, node, fd, path, err);
}
