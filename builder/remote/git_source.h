/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of git repositories as ADD and docker build have them:
 *
 *	https://host/path.git#ref:directory   git://host/path   ssh://git@host/path
 *	git@host:path.git                     https://host/path.git?branch=x&subdir=y
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct error;

/* What is not said is NULL, or -1. All zero but for the numbers is none. */
struct git_source {
	char *url;      /* what git is given */
	char *ref;      /* branch, tag, commit, or a whole name "refs/…" */
	char *subdir;   /* clean and relative */
	char *checksum; /* of the commit, or its beginning; small hex digits */
	int keep_git_dir, submodules;
};

/* Names that only the user himself may give, not a Dockerfile: repositories of this host. */
enum git_source_flags {
	GIT_SOURCE_CONTEXT = 1 << 0, /* also file://…, and github.com/… without a scheme */
};

/* 1 and *ret, 0 when it names no repository, -EINVAL when what it says of one makes no sense. */
int git_source_parse(const char *text, unsigned flags, struct git_source *ret, struct error *err);
void git_source_release(struct git_source *source);
DEFINE_CLEANUP_VALUE(struct git_source, git_source_release);
