/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a state in a directory of the host. What is there already and not in the state
 * stays. Whatever symlinks stand in the directory, also those that were just made, nothing is
 * written through them: each directory is opened from the top without following any.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <uthash.h>

#include "builder/export/export_internal.h"
#include "builder/image/beneath.h"
#include "builder/image/layer/chain.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "fs/object/xattrs.h"
#include "fs/store/store.h"
#include "fs/tree/walk.h"

/* A directory whose mode and time are set when all below it is done. */
struct open_dir {
	char *path;
	struct dir_entry entry; /* without its name */
};

/* The first name of a file that has several. */
struct first_name {
	uint64_t id;
	char *path;
	UT_hash_handle hh;
};

struct to_directory {
	const struct export *export;
	const char *name; /* of the directory, for messages */
	int top_fd;
	struct open_dir *open;
	size_t open_count, open_capacity;
	int parent_fd; /* the directory that was used last; -1: none */
	char *parent;
	struct first_name *links;
	char tmp[64];
	size_t devices_left_out;
	uint64_t bytes;
};

static int complain(const struct to_directory *run, const char *path, int code, struct error *err)
{
	return error_errno(err, code, "cannot write '%s/%s'", run->name, path);
}

/* ---- attributes ---- */

static struct timespec time_of(const struct to_directory *run, const struct dir_entry *entry)
{
	const struct export *export = run->export;

	if (export->has_epoch && entry->mtime_s >= export->epoch_s)
		return (struct timespec){ .tv_sec = export->epoch_s };
	return (struct timespec){ .tv_sec = entry->mtime_s, .tv_nsec = (long)entry->mtime_ns };
}

/* Only what belongs to users: the others mean owners, or rights, that are not the caller's. */
static int set_xattrs(const struct to_directory *run, int fd, const struct object_id *id,
		      struct error *err)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	if (object_id_is_zero(id))
		return 0;
	r = store_read(run->export->store, id, OBJECT_XATTRS, XATTRS_MAX, &bytes, err);
	if (r == 0)
		r = xattrs_decode(bytes.data, bytes.length, &xattrs, err);
	for (size_t i = 0; i < xattrs.count && r == 0; i++) {
		const struct xattr *xattr = &xattrs.items[i];

		/* Not every filesystem takes them. */
		if (strncmp(xattr->key, "user.", 5) == 0)
			(void)fsetxattr(fd, xattr->key, xattr->value, xattr->size, 0);
	}
	return r;
}

static int set_attributes(const struct to_directory *run, int fd, const char *path,
			  const struct dir_entry *entry, struct error *err)
{
	const struct timespec times[2] = { time_of(run, entry), time_of(run, entry) };
	int r = set_xattrs(run, fd, &entry->xattrs, err);

	if (r < 0)
		return r;
	if (fchmod(fd, entry->mode) < 0 || futimens(fd, times) < 0)
		return complain(run, path, -errno, err);
	return 0;
}

/* ---- directories ---- */

static int leave_dir(struct to_directory *run, struct error *err)
{
	struct open_dir *dir = &run->open[--run->open_count];
	cleanup_free char *path = dir->path;
	cleanup_fd int fd = -1;
	int r = open_beneath(run->top_fd, path, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (r < 0)
		return complain(run, path, r, err);
	return set_attributes(run, fd, path, &dir->entry, err);
}

/* Set what is left to be set of the directories that `path` (NULL: the end) is not in. */
static int leave_dirs(struct to_directory *run, const char *path, struct error *err)
{
	int r = 0;

	while (r == 0 && run->open_count &&
	       !(path && path_is_below(path, run->open[run->open_count - 1].path)))
		r = leave_dir(run, err);
	return r;
}

/* Have the directory that `path` is in at hand. */
static int enter_parent(struct to_directory *run, const char *path, struct error *err)
{
	const char *base = path_base(path);
	cleanup_free char *parent = xstrndup(path, base > path ? (size_t)(base - path - 1) : 0);
	int fd, r;

	if (run->parent_fd >= 0 && strcmp(parent, run->parent) == 0)
		return 0;
	r = open_beneath(run->top_fd, parent, O_RDONLY | O_DIRECTORY, 0, &fd);
	if (r < 0)
		return complain(run, parent, r, err);
	if (run->parent_fd >= 0)
		close(run->parent_fd);
	free(run->parent);
	run->parent_fd = fd;
	run->parent = take_ptr(&parent);
	return 0;
}

static int make_dir(struct to_directory *run, const char *path, const struct dir_entry *entry,
		    struct error *err)
{
	const char *name = path_base(path);
	struct open_dir *dir;
	struct stat st;

	if (mkdirat(run->parent_fd, name, 0700) < 0) {
		if (errno != EEXIST || fstatat(run->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return complain(run, path, -errno, err);
		if (!S_ISDIR(st.st_mode) && (unlinkat(run->parent_fd, name, 0) < 0 ||
					     mkdirat(run->parent_fd, name, 0700) < 0))
			return complain(run, path, -errno, err);
		/* Its own mode may forbid to write into it; it gets another one at the end. */
		if (S_ISDIR(st.st_mode) && (st.st_mode & 0700) != 0700 &&
		    fchmodat(run->parent_fd, name, st.st_mode | 0700, 0) < 0)
			return complain(run, path, -errno, err);
	}
	array_reserve_one(run->open, run->open_count, run->open_capacity);
	dir = &run->open[run->open_count++];
	*dir = (struct open_dir){ .path = xstrdup(path), .entry = *entry };
	dir->entry.name = NULL;
	return 0;
}

/* ---- everything else: made beside its place, then put there ---- */

static int put_in_place(struct to_directory *run, const char *path, struct error *err)
{
	const char *name = path_base(path);
	int r = 0;

	if (renameat(run->parent_fd, run->tmp, run->parent_fd, name) < 0)
		r = -errno;
	/* An empty directory may go; what is in others is not ours. */
	if (r == -EISDIR && unlinkat(run->parent_fd, name, AT_REMOVEDIR) == 0)
		r = renameat(run->parent_fd, run->tmp, run->parent_fd, name) < 0 ? -errno : 0;
	/* Also when it worked: two names of one file are left as they are by rename. */
	(void)unlinkat(run->parent_fd, run->tmp, 0);
	if (r == -EISDIR)
		return error_set(err, r,
				 "cannot write '%s/%s': there is a directory with files in it in "
				 "its place",
				 run->name, path);
	return r < 0 ? complain(run, path, r, err) : 0;
}

static int write_content(struct to_directory *run, int fd, const char *path,
			 const struct dir_entry *entry, struct error *err)
{
	int r;

	if (!entry->size)
		return 0;
	if (entry->flags & DIR_ENTRY_INLINE) {
		r = fd_write_all(fd, entry->inline_data, entry->size);
		return r < 0 ? complain(run, path, r, err) : 0;
	}
	r = store_copy_to_fd(run->export->store, &entry->id, fd, 0, err);
	if (r < 0)
		return error_prefix(err, r, "cannot write '%s/%s'", run->name, path);
	run->bytes += entry->size;
	progress_report(run->export->progress, "copying files", run->bytes, 0);
	return 0;
}

static int make_file(struct to_directory *run, const char *path, const struct dir_entry *entry,
		     struct error *err)
{
	cleanup_fd int fd = openat(run->parent_fd, run->tmp,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return complain(run, path, -errno, err);
	r = write_content(run, fd, path, entry, err);
	return r < 0 ? r : set_attributes(run, fd, path, entry, err);
}

static int make_symlink(struct to_directory *run, const char *path, const struct dir_entry *entry,
			struct error *err)
{
	const struct timespec times[2] = { time_of(run, entry), time_of(run, entry) };
	cleanup_free char *target = xstrndup((const char *)entry->inline_data, entry->size);

	if (symlinkat(target, run->parent_fd, run->tmp) < 0 ||
	    utimensat(run->parent_fd, run->tmp, times, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(run, path, -errno, err);
	return 0;
}

/* 1 made, 0 left out: devices can be made by root only. */
static int make_special(struct to_directory *run, const char *path, const struct dir_entry *entry,
			struct error *err)
{
	const struct timespec times[2] = { time_of(run, entry), time_of(run, entry) };
	bool device = entry->type != DIR_ENTRY_FIFO;
	mode_t type = S_IFIFO;
	dev_t number = 0;

	if (device) {
		type = entry->type == DIR_ENTRY_BLOCK ? S_IFBLK : S_IFCHR;
		number = makedev((unsigned)(entry->size >> 32), (unsigned)entry->size);
	}
	if (mknodat(run->parent_fd, run->tmp, type | 0600, number) < 0) {
		if (!device || errno != EPERM)
			return complain(run, path, -errno, err);
		run->devices_left_out++;
		return 0;
	}
	if (fchmodat(run->parent_fd, run->tmp, entry->mode, 0) < 0 ||
	    utimensat(run->parent_fd, run->tmp, times, AT_SYMLINK_NOFOLLOW) < 0)
		return complain(run, path, -errno, err);
	return 1;
}

static int make_link(struct to_directory *run, const char *path, const char *first,
		     struct error *err)
{
	const char *base = path_base(first);
	cleanup_free char *parent = xstrndup(first, base > first ? (size_t)(base - first - 1) : 0);
	cleanup_fd int fd = -1;
	int r = open_beneath(run->top_fd, parent, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (r == 0 && linkat(fd, base, run->parent_fd, run->tmp, 0) < 0)
		r = -errno;
	return r < 0 ? complain(run, path, r, err) : 0;
}

/* The name that the file of this entry has already; NULL when it is the first. */
static const char *first_name(struct to_directory *run, const char *path,
			      const struct dir_entry *entry)
{
	struct first_name *known;

	if (!(entry->flags & DIR_ENTRY_HARDLINK))
		return NULL;
	HASH_FIND(hh, run->links, &entry->link_id, sizeof entry->link_id, known);
	if (known)
		return known->path;
	known = xcalloc(1, sizeof *known);
	known->id = entry->link_id;
	known->path = xstrdup(path);
	HASH_ADD(hh, run->links, id, sizeof known->id, known);
	return NULL;
}

/* 1 made under the temporary name, 0 left out. */
static int make_thing(struct to_directory *run, const char *path, const struct dir_entry *entry,
		      struct error *err)
{
	const char *first = first_name(run, path, entry);
	int r;

	if (entry->type == DIR_ENTRY_SOCKET)
		return 0;
	if (entry->type != DIR_ENTRY_FILE && entry->type != DIR_ENTRY_SYMLINK)
		return make_special(run, path, entry, err);
	if (first)
		r = make_link(run, path, first, err);
	else if (entry->type == DIR_ENTRY_SYMLINK)
		r = make_symlink(run, path, entry, err);
	else
		r = make_file(run, path, entry, err);
	return r < 0 ? r : 1;
}

static int make_entry(struct to_directory *run, const char *path, const struct dir_entry *entry,
		      struct error *err)
{
	int r = leave_dirs(run, path, err);

	if (r == 0)
		r = enter_parent(run, path, err);
	if (r < 0)
		return r;
	if (entry->type == DIR_ENTRY_DIR)
		return make_dir(run, path, entry, err);
	r = make_thing(run, path, entry, err);
	if (r > 0)
		return put_in_place(run, path, err);
	(void)unlinkat(run->parent_fd, run->tmp, 0);
	return r;
}

/* ---- the whole ---- */

static int make_all(struct to_directory *run, const struct object_id *dir, struct error *err)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	struct dir_entry entry;
	const char *path;
	int r = tree_walk_begin(&walk, run->export->store, dir, err);

	while (r >= 0 && (r = tree_walk_next(&walk, &entry, &path, err)) > 0) {
		r = progress_check(run->export->progress, err);
		if (r == 0)
			r = make_entry(run, path, &entry, err);
	}
	return r < 0 ? r : leave_dirs(run, NULL, err);
}

static void release(struct to_directory *run)
{
	struct first_name *link, *next;

	HASH_ITER(hh, run->links, link, next) {
		HASH_DEL(run->links, link);
		free(link->path);
		free(link);
	}
	while (run->open_count)
		free(run->open[--run->open_count].path);
	free(run->open);
	if (run->parent_fd >= 0)
		close(run->parent_fd);
	free(run->parent);
}

static int write_state(const struct export *export, const struct object_id *snapshot,
		       const char *path, size_t *devices_left_out, struct error *err)
{
	struct to_directory run = { .export = export, .name = path, .parent_fd = -1 };
	struct snapshot_record record;
	int r = snapshot_read(export->store, snapshot, &record, err);

	if (r < 0)
		return r;
	r = dir_make_all(path, 0777);

	cleanup_fd int fd = r < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (r == 0 && fd < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot make the directory '%s'", path);
	run.top_fd = fd;
	snprintf(run.tmp, sizeof run.tmp, ".varve-%d-out", (int)getpid());
	r = make_all(&run, &record.root.dir, err);
	*devices_left_out += run.devices_left_out;
	release(&run);
	return r;
}

int export_to_directory(const struct export *export, struct export_result *result,
			struct error *err)
{
	const char *dest = export->output->dest;
	size_t devices_left_out = 0;

	for (size_t i = 0; i < export->count; i++) {
		cleanup_free char *dir = export_platform_dir(export, i);
		cleanup_free char *path = dir ? xasprintf("%s/%s", dest, dir) : xstrdup(dest);
		int r = write_state(export, &export->images[i].snapshot, path, &devices_left_out,
				    err);

		if (r < 0)
			return r;
	}
	if (devices_left_out)
		strings_add_format(&result->warnings,
				   "%zu device nodes were left out: only root can make them; "
				   "type=tar has them",
				   devices_left_out);
	return 0;
}
