/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/git.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/remote/git_command.h"
#include "builder/remote/git_source.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define COMMIT_LENGTH 40

/* Where in the fetched repository the commit is kept. */
#define KEPT "refs/varve/commit"

/* ---- which commit ---- */

static bool is_commit(const char *ref)
{
	size_t length = strlen(ref);

	return (length == 40 || length == 64) && strspn(ref, "0123456789abcdef") == length;
}

/* A line of ls-remote: "COMMIT\tNAME". The name, or NULL. */
static const char *name_of(char *line)
{
	char *tab = strchr(line, '\t');

	if (!tab)
		return NULL;
	*tab = '\0';
	return is_commit(line) ? tab + 1 : NULL;
}

/* How good an answer it is to what was asked for; 0: none. As git has it, a branch goes before a
 * tag of the same name, and a tag means what it points to. */
static unsigned rank_of(const char *name, const char *ref)
{
	static const char *const prefixes[] = { "refs/tags/", "refs/heads/", "" };
	size_t length = strlen(ref);

	for (unsigned i = 0; i < 3; i++) {
		size_t prefix = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], prefix) != 0 ||
		    strncmp(name + prefix, ref, length) != 0)
			continue;
		if (!name[prefix + length])
			return 2 * i + 1;
		if (strcmp(name + prefix + length, "^{}") == 0)
			return 2 * i + 2;
	}
	return 0;
}

bool git_list_find(struct buf *output, const char *ref, char ret[GIT_COMMIT_SIZE])
{
	char *line = output->length ? output->data : NULL;
	unsigned best = 0;

	while (line) {
		char *next = strchr(line, '\n');
		const char *name;
		unsigned rank;

		if (next)
			*next++ = '\0';
		name = name_of(line);
		rank = name ? rank_of(name, ref) : 0;
		if (rank > best) {
			best = rank;
			snprintf(ret, GIT_COMMIT_SIZE, "%s", line);
		}
		line = next;
	}
	return best > 0;
}

static int ask(const struct git_run *run, const struct git_source *source, const char *ref,
	       char ret[GIT_COMMIT_SIZE], struct error *err)
{
	cleanup_with(buf_release) struct buf output = { 0 };
	cleanup_free char *peeled = xasprintf("%s^{}", ref);
	const char *const arguments[] = { "ls-remote", "--", source->url, ref, peeled, NULL };
	int r = git_command(run, NULL, arguments, &output, err);

	if (r < 0)
		return error_prefix(err, r, "cannot look into '%s'", source->url);
	if (!git_list_find(&output, ref, ret))
		return error_set(err, -ENOENT, "repository '%s' does not contain ref '%s'",
				 source->url, ref);
	return 0;
}

int git_resolve(const struct git_run *run, const struct git_source *source,
		char ret_commit[GIT_COMMIT_SIZE], struct error *err)
{
	const char *ref = source->ref;
	char commit[GIT_COMMIT_SIZE] = "";
	int r = 0;

	if (!ref && source->checksum && is_commit(source->checksum))
		ref = source->checksum;
	if (ref && is_commit(ref))
		snprintf(commit, sizeof commit, "%s", ref);
	else
		r = ask(run, source, ref ? ref : "HEAD", commit, err);
	if (r < 0)
		return r;
	if (source->checksum && strncmp(commit, source->checksum, strlen(source->checksum)) != 0)
		return error_set(err, -EBADMSG, "expected checksum to match %s, got %s",
				 source->checksum, commit);
	memcpy(ret_commit, commit, sizeof commit);
	return 0;
}

/* ---- its files ---- */

static int fetch(const struct git_run *run, const struct git_source *source, const char *commit,
		 const char *path, struct error *err)
{
	cleanup_free char *alone = xasprintf("+%s:" KEPT, commit);
	const char *const shallow[] = {
		"fetch", "--quiet", "--no-tags", "--depth=1", "--no-recurse-submodules",
		"--",    "origin",  alone,       NULL
	};
	const char *const whole[] = { "fetch",
				      "--quiet",
				      "--tags",
				      "--no-recurse-submodules",
				      "--",
				      "origin",
				      "+refs/heads/*:refs/remotes/origin/*",
				      NULL };
	const char *const keep[] = { "update-ref", KEPT, commit, NULL };
	int r = git_command(run, path, shallow, NULL, err);

	/* Not every server gives out what has no name, nor a part of the history. */
	if (r == -EREMOTEIO)
		r = git_command(run, path, whole, NULL, err);
	else
		return r;
	if (r == 0)
		r = git_command(run, path, keep, NULL, err);
	return r < 0 ? error_prefix(err, r, "cannot fetch commit %s of '%s'", commit, source->url)
		     : 0;
}

static bool has_submodules(const char *path)
{
	cleanup_free char *list = xasprintf("%s/.gitmodules", path);
	struct stat st;

	return lstat(list, &st) == 0 && S_ISREG(st.st_mode);
}

static int fetch_submodules(const struct git_run *run, const char *path, struct error *err)
{
	static const char *const update[] = { "submodule",   "--quiet",   "update", "--init",
					      "--recursive", "--depth=1", NULL };

	return has_submodules(path) ? git_command(run, path, update, NULL, err) : 0;
}

/* Those of submodules are files that say where their own is. */
static int remove_git_dirs(const struct git_run *run, const char *path, struct error *err)
{
	static const char *const list[] = { "submodule",   "--quiet",
					    "foreach",     "--quiet",
					    "--recursive", "printf '%s\\n' \"$toplevel/$sm_path\"",
					    NULL };
	cleanup_with(buf_release) struct buf output = { 0 };
	cleanup_free char *own = xasprintf("%s/.git", path);
	char *line;
	int r = 0;

	if (has_submodules(path))
		r = git_command(run, path, list, &output, err);
	line = output.length ? output.data : NULL;
	while (r == 0 && line && *line) {
		char *next = strchrnul(line, '\n');
		cleanup_free char *file = NULL;

		if (*next)
			*next++ = '\0';
		file = xasprintf("%s/.git", line);
		r = dir_remove_all(AT_FDCWD, file);
		line = next;
	}
	if (r == 0)
		r = dir_remove_all(AT_FDCWD, own);
	return r < 0 && r != -EREMOTEIO ? error_errno(err, r, "cannot remove '%s'", own) : r;
}

int git_checkout(const struct git_run *run, const struct git_source *source, const char *commit,
		 const char *path, bool keep_git_dir, struct error *err)
{
	const char *const init[] = { "init",
				     "--quiet",
				     strlen(commit) > COMMIT_LENGTH ? "--object-format=sha256"
								    : "--object-format=sha1",
				     "--",
				     path,
				     NULL };
	const char *const origin[] = { "remote", "add", "--", "origin", source->url, NULL };
	const char *const checkout[] = { "checkout", "--quiet", "--detach", KEPT, NULL };
	int r = git_command(run, NULL, init, NULL, err);

	if (r == 0)
		r = git_command(run, path, origin, NULL, err);
	if (r == 0)
		r = fetch(run, source, commit, path, err);
	if (r == 0)
		r = git_command(run, path, checkout, NULL, err);
	if (r == 0 && source->submodules != 0)
		r = fetch_submodules(run, path, err);
	if (r == 0 && !keep_git_dir)
		r = remove_git_dirs(run, path, err);
	return r < 0 ? error_prefix(err, r, "git repository '%s'", source->url) : 0;
}
