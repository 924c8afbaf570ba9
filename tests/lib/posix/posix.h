/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a filesystem promises, said in small tests that hold on ext4 as well: so what they want can
 * be told from what we do. Each runs as root in a process and an empty directory of its own.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

struct posix_test {
	const char *name;
	void (*run)(void);
};

/* Groups of tests, each ended by one without a name. */
extern const struct posix_test tests_of_acls[], tests_of_attributes[], tests_of_content[],
	tests_of_listing[], tests_of_locks[], tests_of_maps[], tests_of_names[], tests_of_ranges[],
	tests_of_renames[], tests_of_special[], tests_of_xattrs[];

/* One of everything, and whether all of it is still what it was. */
void kept_make(void);
void kept_verify(void);

__attribute__((noreturn)) void posix_failed(const char *file, int line, const char *what);
/* The rest of this test cannot be done here. */
__attribute__((noreturn)) void posix_skip(const char *why);

#define CHECK(what)                                              \
	do {                                                     \
		if (!(what))                                     \
			posix_failed(__FILE__, __LINE__, #what); \
	} while (0)
/* The call returns -1 with this error. */
#define CHECK_ERROR(code, call) CHECK((errno = 0, (call) == -1) && errno == (code))

/* A new file with this text, and what a file holds. */
void write_text(const char *path, const char *text);
bool holds_text(const char *path, const char *text);
struct stat stat_of(const char *path);
bool exists(const char *path);
int open_file(const char *path, int flags);
/* `size` bytes that depend on where they lie; and whether bytes are these. */
void fill_pattern(void *data, size_t size, uint64_t offset);
bool is_pattern(const void *data, size_t size, uint64_t offset);
bool is_zero(const void *data, size_t size);
/* Is the file on the filesystem under test, rather than on the one it is compared with? */
bool on_varve(void);

/* Are there more users here than root, and is root the host's? */
bool has_users(void);
/* Skips where users are played to steps: they are told apart, but all of them may do what root may. */
void need_users(void);
bool is_host_root(void);

/* Be an ordinary user for the rest of the test, in groups `gid` and (unless 0) `other_gid`. */
void become(uid_t uid, gid_t gid, gid_t other_gid);
/* Run it in a child as that user; -1 and errno, or what it returns. */
int as_user(uid_t uid, gid_t gid, int (*run)(const char *path), const char *path);
/* After this, times of the filesystem are later than those before. */
void let_time_pass(void);
/* `a` is later than `b`. */
bool later(const struct timespec *a, const struct timespec *b);
/* The file's time is later than it was. */
bool mtime_later(const char *path, const struct stat *before);
bool ctime_later(const char *path, const struct stat *before);
bool same_time(const struct timespec *a, const struct timespec *b);
