/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/image/assemble.h"
#include "builder/image/docker_archive.h"
#include "builder/image/json.h"
#include "builder/image/layout_internal.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"

#define TMP_NAME "blobs/.varve-tmp"

/* So much is copied before it is asked whether to go on. */
#define COPY_PART ((uint64_t)32 << 20)

struct directory_place {
	struct layout_place base;
	int fd;
	const char *path;
	const struct progress *progress;
};

/* A blob is what its name says: there is no need to write it twice. */
static bool is_there(const struct directory_place *place, const char *name, uint64_t size)
{
	struct stat st;

	return fstatat(place->fd, name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

static int directory_put_bytes(struct layout_place *base, const char *name, const void *data,
			       size_t size, struct error *err)
{
	struct directory_place *place = (struct directory_place *)base;
	int r = file_replace(place->fd, name, data, size, 0644, false);

	return r < 0 ? error_errno(err, r, "cannot write '%s/%s'", place->path, name) : 0;
}

static int copy_blob(const struct directory_place *place, int from_fd, uint64_t size)
{
	cleanup_fd int fd = openat(place->fd, TMP_NAME,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : 0;

	for (uint64_t at = 0; at < size && r == 0; at += COPY_PART) {
		r = progress_check(place->progress, NULL);
		if (r == 0)
			r = fd_copy_range(from_fd, at, fd, at,
					  size - at < COPY_PART ? size - at : COPY_PART);
	}
	return r;
}

static int directory_put_file(struct layout_place *base, const char *name, int from_fd,
			      uint64_t size, struct error *err)
{
	struct directory_place *place = (struct directory_place *)base;
	int r;

	if (is_there(place, name, size))
		return 0;
	r = copy_blob(place, from_fd, size);
	if (r == 0 && renameat(place->fd, TMP_NAME, place->fd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(place->fd, TMP_NAME, 0);
		if (r == -ECANCELED)
			return error_set(err, r, "cancelled");
		return error_errno(err, r, "cannot write '%s/%s'", place->path, name);
	}
	return 0;
}

/* The index that is there, or an empty one. */
static int read_index(const struct directory_place *place, struct image_index *ret,
		      struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(place->fd, LAYOUT_INDEX_NAME, JSON_DOCUMENT_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, r, "cannot read '%s/" LAYOUT_INDEX_NAME "'", place->path);
	r = image_index_parse(text.data, text.length, LAYOUT_INDEX_NAME, ret, err);
	return r < 0 ? error_prefix(err, r, "'%s' is no OCI layout", place->path) : 0;
}

static int write_index(const struct layout_write *write, struct directory_place *place,
		       struct error *err)
{
	cleanup_with(image_index_release) struct image_index index = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = read_index(place, &index, err);

	if (r < 0)
		return r;
	layout_add_to_index(write, &index);
	image_index_write(&index, &text);
	return directory_put_bytes(&place->base, LAYOUT_INDEX_NAME, text.data, text.length, err);
}

static int write_all(const struct layout_write *write, struct directory_place *place,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = layout_put_blobs(write, &place->base, err);

	if (r == 0)
		r = directory_put_bytes(&place->base, LAYOUT_MARK_NAME, layout_mark,
					strlen(layout_mark), err);
	if (r == 0)
		r = write_index(write, place, err);
	if (r < 0 || !write->docker_archive)
		return r;
	docker_manifest_write(write, &text);
	return directory_put_bytes(&place->base, LAYOUT_DOCKER_NAME, text.data, text.length, err);
}

int layout_write_directory(const struct layout_write *write, const char *path, struct error *err)
{
	struct directory_place place = { .base = { directory_put_bytes, directory_put_file },
					 .path = path,
					 .progress = write->progress };
	int r = dir_make_all(path, 0777);

	cleanup_fd int fd = r < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (r == 0 && fd < 0)
		r = -errno;
	if (r == 0)
		r = dir_make(fd, "blobs", 0777);
	if (r == 0)
		r = dir_make(fd, "blobs/sha256", 0777);
	/* Others may be adding to the index at this time. */
	if (r == 0)
		r = lockfile_lock(fd, LOCKFILE_EXCLUSIVE);
	if (r < 0)
		return error_errno(err, r, "cannot make the layout '%s'", path);
	place.fd = fd;
	return write_all(write, &place, err);
}
