/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places that files of a build come from and that are no directory of this host: git repositories,
 * archives behind a URL, archives on standard input.
 */
#pragma once

#include "builder/step/step_env.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"

struct byte_source;
struct error;
struct news;
struct store;
struct store_lease;

struct place_options {
	struct store *store;
	struct store_lease *lease; /* what is fetched stays as long as it */
	struct news *news;
	int cancel_fd;
	bool keep_git_dir;
};

/* What is there: files, or a text that is no archive. All zero is nothing. */
struct place {
	struct given_files files;
	bool is_text;
	struct buf text;
};

/* A URL, or the name of a repository. */
bool place_is_remote(const char *name);
/* Fetch it. -EINVAL when it is neither; -E2BIG: a text that is no Dockerfile for its length. */
int place_fetch(const struct place_options *options, const char *name, struct place *ret,
		struct error *err);
/* The same for what comes from a descriptor; `name` is for messages. */
int place_read(const struct place_options *options, int fd, const char *name, struct place *ret,
	       struct error *err);
void place_release(struct place *place);
DEFINE_CLEANUP_VALUE(struct place, place_release);

/* Append a file of it. -ENOENT: there is none. Links are followed inside. */
int place_read_file(struct store *store, const struct given_files *files, const char *path,
		    size_t limit, struct buf *ret, struct error *err);
