/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching from git repositories, by the git command. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct git_source;
struct strings;

/* Room for the name of a commit, of either kind of hash. */
#define GIT_COMMIT_SIZE 65

struct git_run {
	int cancel_fd; /* readable: give up; -1: none */
	/* More of the environment, "NAME=value"; NULL: none. */
	const struct strings *env;
	bool host_files; /* repositories of this host's filesystem may be named */
};

/*
 * The commit that the source's ref leads to; HEAD without one. Asks the server, unless the ref is
 * the whole name of a commit. -ENOENT: there is no such ref; -EBADMSG: it is not the commit that
 * the source says it has to be; -EOPNOTSUPP: git is not installed.
 */
int git_resolve(const struct git_run *run, const struct git_source *source,
		char ret_commit[GIT_COMMIT_SIZE], struct error *err);

/*
 * Put the files of a commit into `path`, which does not exist yet, those of submodules included
 * unless the source says otherwise; with .git, or (`keep_git_dir` 0) without.
 */
int git_checkout(const struct git_run *run, const struct git_source *source, const char *commit,
		 const char *path, bool keep_git_dir, struct error *err);
