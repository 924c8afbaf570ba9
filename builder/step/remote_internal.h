/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that ADD fetches: shared by the files that do it. */
#pragma once

#include <pthread.h>

#include "builder/remote/git.h"
#include "builder/remote/git_source.h"
#include "fs/object/id.h"

struct context;
struct error;
struct step_task;

struct remote {
	struct remote *next;
	char *key;
	pthread_mutex_t lock; /* guards what follows; held while it is fetched */
	char *text;           /* as ADD has it */
	char *checksum;       /* NULL: none */
	bool is_git;
	bool identified;
	char *path;              /* of the file, or the directory to copy from, below `directory` */
	char *directory;         /* where it was fetched to; NULL: it was not */
	struct context *context; /* ... opened */

	/* Of a URL. */
	struct object_id digest;
	int64_t mtime_s;
	bool at_hand; /* `directory` has the file already */

	/* Of a repository. */
	struct git_source git;
	int keep_git_dir; /* -1: not said */
	char commit[GIT_COMMIT_SIZE];
};

/* Find out what it is, if that is not known yet. */
int remote_url_identify(struct step_task *task, struct remote *remote, struct error *err);
int remote_git_identify(struct step_task *task, struct remote *remote, struct error *err);
/* Fetch what has been identified. */
int remote_url_fetch(struct step_task *task, struct remote *remote, struct error *err);
int remote_git_fetch(struct step_task *task, struct remote *remote, struct error *err);

/* A new directory of the build's own; the caller frees. -errno in *ret_r with NULL. */
int remote_make_directory(struct step_task *task, char **ret, struct error *err);
/* A secret's bytes as text, or NULL: PREFIX, or before that PREFIX and the host behind a dot or
 * underscore, `separator`. */
const char *remote_secret(struct step_task *task, const char *prefix, char separator,
			  const char *host);
/* Of a URL; the caller frees. */
char *remote_host(const char *url);
