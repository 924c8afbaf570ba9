/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes on descriptors, and the few calls that glibc leaves raw. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct error;
struct strings;

/* All of `size`: 0, or -EIO-like errno; a file that ends early is -ENODATA. */
int fd_read_exactly(int fd, void *data, size_t size);
int fd_pread_exactly(int fd, void *data, size_t size, uint64_t offset);
int fd_write_all(int fd, const void *data, size_t size);
int fd_pwrite_all(int fd, const void *data, size_t size, uint64_t offset);

/* Append everything up to the end of file to `buf`, -E2BIG past `limit` bytes. */
int fd_read_to_end(int fd, size_t limit, struct buf *buf);

/* Append a whole file below `dir_fd` (AT_FDCWD for the working directory). */
int file_read(int dir_fd, const char *path, size_t limit, struct buf *buf);

/* Replace or make `path` so that readers see the old bytes or the new ones: written beside it
 * and renamed. `sync` makes it durable as well. */
int file_replace(int dir_fd, const char *path, const void *data, size_t size, mode_t mode,
		 bool sync);

/* Copy `size` bytes between files at the offsets given, by reference where the filesystem can. */
int fd_copy_range(int from_fd, uint64_t from_offset, int to_fd, uint64_t to_offset, uint64_t size);

/* An empty file to read and write, in whose place `name` stands for a moment only: its descriptor or
 * -errno. Not every filesystem makes files without one. */
int file_unnamed(int dir_fd, const char *name);

/* mkdir where an existing directory is fine. */
int dir_make(int dir_fd, const char *path, mode_t mode);
/* mkdir -p. */
int dir_make_all(const char *path, mode_t mode);
/* Names in a directory but "." and "..", in no order, appended. */
int dir_list(int dir_fd, const char *path, struct strings *ret);
/* rm -rf of `path` below `dir_fd`, not following links; 0 when it is absent. */
int dir_remove_all(int dir_fd, const char *path);

int fd_set_cloexec(int fd, bool on);
int fd_set_nonblocking(int fd, bool on);

/* Raise this process's soft limit of open files to the hard one; returns the old soft limit. */
uint64_t fd_limit_raise(void);
