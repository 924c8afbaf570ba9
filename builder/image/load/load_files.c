/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/load/load_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <uthash.h>

#include "builder/image/decompress.h"
#include "builder/image/descriptor.h"
#include "builder/image/layout_internal.h"
#include "builder/image/load.h"
#include "builder/image/tar/tar_read.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"

#define LINKS_MAX 8

struct member {
	char *name; /* clean */
	char *link; /* of a link: where it leads, clean; else NULL */
	uint64_t offset, size;
	UT_hash_handle hh;
};

struct load_files {
	char *name;
	int fd;
	bool archive;
	struct member *members;       /* of an archive, by name */
	struct blob_fetcher *fetcher; /* NULL: a file or a directory */
	struct buf index;             /* of what is fetched */
};

/* ---- an archive's members ---- */

/* Without slashes in front; NULL for the top. */
static char *clean_name(const char *name)
{
	cleanup_free char *absolute = path_join("/", name);

	return absolute[1] ? xstrdup(absolute + 1) : NULL;
}

/* Symbolic links are relative to where they stand, others to the top. */
static char *link_target(const struct tar_entry *entry, const char *name)
{
	cleanup_free char *dir = NULL, *absolute = NULL;

	if (entry->type == TAR_HARDLINK)
		return clean_name(entry->link);
	dir = xasprintf("/%.*s", (int)(path_base(name) - name), name);
	absolute = path_join(dir, entry->link);
	return absolute[1] ? xstrdup(absolute + 1) : NULL;
}

static void free_member(struct member *member)
{
	free(member->name);
	free(member->link);
	free(member);
}

static void add_member(struct load_files *files, const struct tar_entry *entry, uint64_t offset)
{
	char *name = clean_name(entry->name);
	struct member *member, *old;

	/* a file with holes is none that can be read in one piece */
	if (!name || entry->sparse) {
		free(name);
		return;
	}
	member = xcalloc(1, sizeof *member);
	*member = (struct member){ .name = name, .offset = offset, .size = entry->size };
	if (entry->type != TAR_FILE)
		member->link = link_target(entry, name);
	/* as when unpacked, the last one of a name holds */
	HASH_FIND_STR(files->members, name, old);
	if (old) {
		HASH_DEL(files->members, old);
		free_member(old);
	}
	HASH_ADD_KEYPTR(hh, files->members, member->name, strlen(member->name), member);
}

static int index_archive(struct load_files *files, struct error *err)
{
	cleanup_with(tar_reader_free) struct tar_reader *reader = NULL;
	const struct tar_entry *entry;
	struct file_source source;
	struct stat st;
	int r;

	if (fstat(files->fd, &st) < 0)
		return error_errno(err, -errno, "cannot read the archive");
	file_source_init(&source, files->fd, 0, (uint64_t)st.st_size);
	reader = tar_reader_new(&source.base);
	while ((r = tar_reader_next(reader, &entry, err)) > 0) {
		if (entry->type != TAR_FILE && entry->type != TAR_HARDLINK &&
		    entry->type != TAR_SYMLINK)
			continue;
		if (HASH_COUNT(files->members) >= LOAD_MEMBERS_MAX)
			return error_set(err, -E2BIG, "more than %zu members", LOAD_MEMBERS_MAX);
		add_member(files, entry, tar_reader_offset(reader));
	}
	return r;
}

/* ---- opening ---- */

/* Copy the plain bytes of what `from_fd` has into a file without a name. */
static int spool(int from_fd, int tmp_fd, int *ret_fd, struct error *err)
{
	static const char name[] = "load-archive";
	cleanup_with(decompress_close) struct decompress *decompress = NULL;
	struct pipe_source source;
	struct file_sink sink;
	cleanup_fd int fd =
		openat(tmp_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "cannot make a temporary file");
	(void)unlinkat(tmp_fd, name, 0);
	pipe_source_init(&source, from_fd);
	file_sink_init(&sink, fd, "temporary file");
	r = decompress_open(&source.base, &decompress, err);
	if (r == 0)
		r = sink_copy(&sink.base, decompress_source(decompress), err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* Can it be read where it is? */
static bool is_plain_file(int fd, const struct stat *st)
{
	uint8_t magic[COMPRESSION_MAGIC_SIZE];
	ssize_t n;

	if (!S_ISREG(st->st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	n = pread(fd, magic, sizeof magic, 0);
	return n >= 0 && compression_sniff(magic, (size_t)n) == SEEN_PLAIN;
}

static int open_archive(struct load_files *files, int fd, int tmp_fd, struct error *err)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot read it");
	if (S_ISDIR(st.st_mode)) {
		files->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return files->fd < 0 ? error_errno(err, -errno, "cannot open it") : 0;
	}
	files->archive = true;
	if (!is_plain_file(fd, &st)) {
		r = spool(fd, tmp_fd, &files->fd, err);
	} else {
		files->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (files->fd < 0)
			r = error_errno(err, -errno, "cannot open it");
	}
	return r < 0 ? r : index_archive(files, err);
}

int load_files_open(const char *path, int fd, int tmp_fd, struct load_files **ret,
		    struct error *err)
{
	cleanup_with(load_files_close) struct load_files *files = xcalloc(1, sizeof *files);
	cleanup_fd int own_fd = -1;
	int r;

	files->name = xstrdup(path ? path : "standard input");
	files->fd = -1;
	if (path) {
		own_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (own_fd < 0)
			return error_errno(err, -errno, "cannot open '%s'", path);
	}
	r = open_archive(files, path ? own_fd : fd, tmp_fd, err);
	if (r < 0)
		return error_prefix(err, r, "'%s'", files->name);
	*ret = take_ptr(&files);
	return 0;
}

struct load_files *load_files_fetched(struct blob_fetcher *fetcher, const struct descriptor *top)
{
	cleanup_with(image_index_release) struct image_index index = { 0 };
	struct load_files *files = xcalloc(1, sizeof *files);

	descriptor_copy(image_index_add(&index), top);
	image_index_write(&index, &files->index);
	files->name = xstrdup(fetcher->name);
	files->fd = -1;
	files->fetcher = fetcher;
	return files;
}

const char *load_files_name(const struct load_files *files)
{
	return files->name;
}

void load_files_close(struct load_files *files)
{
	struct member *member, *next;

	if (!files)
		return;
	HASH_ITER(hh, files->members, member, next) {
		HASH_DEL(files->members, member);
		free_member(member);
	}
	if (files->fd >= 0)
		close(files->fd);
	buf_release(&files->index);
	free(files->name);
	free(files);
}

/* ---- reading ---- */

static int find_member(struct load_files *files, const char *name, struct load_file *ret,
		       struct error *err)
{
	cleanup_free char *clean = clean_name(name);
	const char *at = clean;

	for (unsigned i = 0; i < LINKS_MAX && at; i++) {
		struct member *member;

		HASH_FIND_STR(files->members, at, member);
		if (!member)
			return 0;
		if (!member->link) {
			ret->fd = fcntl(files->fd, F_DUPFD_CLOEXEC, 3);
			ret->offset = member->offset;
			ret->size = member->size;
			return ret->fd < 0 ? error_errno(err, -errno, "cannot read '%s'", name) : 1;
		}
		at = member->link;
	}
	return 0;
}

static int find_file(struct load_files *files, const char *name, struct load_file *ret,
		     struct error *err)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH };
	cleanup_fd int fd = (int)syscall(SYS_openat2, files->fd, name, &how, sizeof how);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot read '%s'", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EINVAL, "'%s' is no file", name);
	*ret = (struct load_file){ .fd = take_fd(&fd), .size = (uint64_t)st.st_size };
	return 1;
}

int load_files_find(struct load_files *files, const char *name, struct load_file *ret,
		    struct error *err)
{
	if (files->fetcher)
		return 0;
	return files->archive ? find_member(files, name, ret, err)
			      : find_file(files, name, ret, err);
}

static int read_file(const struct load_file *file, const char *name, size_t limit, struct buf *ret,
		     struct error *err)
{
	int r;

	if (file->size > limit)
		return error_set(err, -E2BIG, "'%s' has more than %zu bytes", name, limit);
	buf_reserve(ret, file->size);
	r = fd_pread_exactly(file->fd, ret->data + ret->length, file->size, file->offset);
	if (r < 0)
		return error_errno(err, r, "cannot read '%s'", name);
	ret->length += file->size;
	ret->data[ret->length] = '\0';
	return 1;
}

int load_files_read(struct load_files *files, const char *name, size_t limit, struct buf *ret,
		    struct error *err)
{
	struct load_file file;
	int r;

	if (files->fetcher && strcmp(name, LAYOUT_INDEX_NAME) == 0) {
		buf_append(ret, files->index.data, files->index.length);
		return 1;
	}
	r = load_files_find(files, name, &file, err);
	if (r <= 0)
		return r;
	r = read_file(&file, name, limit, ret, err);
	close(file.fd);
	return r;
}

/* ---- blobs ---- */

int load_files_find_blob(struct load_files *files, const struct descriptor *blob,
			 struct load_file *ret, struct error *err)
{
	char name[LAYOUT_BLOB_NAME_SIZE];
	struct load_file file = { 0 };
	int r;

	if (files->fetcher) {
		r = files->fetcher->open(files->fetcher, blob, &file.fd, err);
		if (r < 0)
			return r;
		file.size = blob->size;
		*ret = file;
		return 0;
	}
	layout_blob_name(&blob->digest, name);
	r = load_files_find(files, name, ret, err);
	if (r == 0)
		return error_set(err, -ENOENT, "'%s' is missing", name);
	return r < 0 ? r : 0;
}

int load_files_read_blob(struct load_files *files, const struct descriptor *blob, size_t limit,
			 struct buf *ret, struct error *err)
{
	char name[LAYOUT_BLOB_NAME_SIZE];
	size_t start = ret->length;
	struct load_file file;
	struct object_id got;
	int r = load_files_find_blob(files, blob, &file, err);

	if (r < 0)
		return r;
	layout_blob_name(&blob->digest, name);
	r = read_file(&file, name, limit, ret, err);
	close(file.fd);
	if (r < 0)
		return r;
	got = object_id_of(ret->data + start, ret->length - start);
	if (ret->length - start != blob->size || !object_id_equal(&got, &blob->digest))
		return error_set(err, -EBADMSG, "'%s' is not what its name says", name);
	return 0;
}

void load_files_expect(struct load_files *files, const struct descriptor *layers, size_t count)
{
	if (files->fetcher && files->fetcher->expect)
		files->fetcher->expect(files->fetcher, layers, count);
}
