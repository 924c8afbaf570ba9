/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a directory, those inside of an archive, by their names, or what is fetched: of that
 * there is an index of one entry, and blobs.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/buf.h"

struct blob_fetcher;
struct descriptor;
struct error;
struct load_files;

/* Members of one archive that are looked at. */
#define LOAD_MEMBERS_MAX ((size_t)1 << 20)

/*
 * What `path` is, or (NULL) what can be read from `fd`. An archive that is compressed, or comes
 * through a pipe, is first written to a nameless file in the directory `tmp_fd`.
 */
int load_files_open(const char *path, int fd, int tmp_fd, struct load_files **ret,
		    struct error *err);
/* The image that the manifest or index `top` stands for; both are kept by reference. */
struct load_files *load_files_fetched(struct blob_fetcher *fetcher, const struct descriptor *top);
/* For messages. */
const char *load_files_name(const struct load_files *files);
void load_files_close(struct load_files *files);
DEFINE_CLEANUP(struct load_files *, load_files_close);

/* One of them: a part of an open file, which the caller closes. */
struct load_file {
	int fd;
	uint64_t offset, size;
};

/* 1 and *ret, or 0 when there is no file of that name. Links are followed inside. */
int load_files_find(struct load_files *files, const char *name, struct load_file *ret,
		    struct error *err);
/* The whole of one, appended: 1, or 0; -E2BIG past `limit`. */
int load_files_read(struct load_files *files, const char *name, size_t limit, struct buf *ret,
		    struct error *err);
/* A blob of an OCI layout, which has to be there. */
int load_files_find_blob(struct load_files *files, const struct descriptor *blob,
			 struct load_file *ret, struct error *err);
/* That of one, with its size and its digest. */
int load_files_read_blob(struct load_files *files, const struct descriptor *blob, size_t limit,
			 struct buf *ret, struct error *err);
/* These layers will be wanted, in this order. */
void load_files_expect(struct load_files *files, const struct descriptor *layers, size_t count);
