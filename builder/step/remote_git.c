/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a git repository, and what both kinds of remote files need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/remote/git.h"
#include "builder/step/remote_internal.h"
#include "builder/step/step.h"
#include "fs/base/alloc.h"
#include "fs/base/base64.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/store/store.h"

int remote_make_directory(struct step_task *task, char **ret, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/tmp/%s/remote-XXXXXX", store_path(task->env->store),
					    store_lease_name(task->env->lease));

	if (!mkdtemp(path))
		return error_errno(err, -errno, "cannot make '%s'", path);
	*ret = take_ptr(&path);
	return 0;
}

/* ---- secrets ---- */

static const char *find_secret(const struct step_env *env, const char *id)
{
	for (size_t i = 0; i < env->secret_count; i++) {
		if (strcmp(env->secrets[i].id, id) == 0)
			return buf_string(&env->secrets[i].value);
	}
	return NULL;
}

const char *remote_secret(struct step_task *task, const char *prefix, char separator,
			  const char *host)
{
	cleanup_free char *special = xasprintf("%s%c%s", prefix, separator, host);
	const char *value = find_secret(task->env, special);

	/* Of files, only repositories have one for all hosts. */
	return value || separator == '_' ? value : find_secret(task->env, prefix);
}

char *remote_host(const char *url)
{
	const char *at = strstr(url, "://"), *user;
	size_t length;

	at = at ? at + 3 : url;
	length = strcspn(at, "/?#");
	user = memrchr(at, '@', length);
	if (user) {
		length -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	return xstrndup(at, length);
}

/* ---- git ---- */

/* What a secret says goes to that host alone, by way of the environment, where nobody sees it. */
static void add_authorization(struct step_task *task, const struct remote *remote,
			      struct strings *env)
{
	cleanup_free char *host = remote_host(remote->git.url);
	const char *header = remote_secret(task, "GIT_AUTH_HEADER", '.', host);
	const char *token = remote_secret(task, "GIT_AUTH_TOKEN", '.', host);
	const char *scheme = strstr(remote->git.url, "://");
	cleanup_with(buf_release) struct buf value = { 0 };
	cleanup_free char *plain = NULL;

	if ((!header && !token) || !scheme || strncmp(remote->git.url, "http", 4) != 0)
		return;
	if (header) {
		buf_add_string(&value, header);
	} else {
		plain = xasprintf("x-access-token:%s", token);
		buf_add_string(&value, "basic ");
		base64_append(&value, plain, strlen(plain));
	}
	strings_add(env, "GIT_CONFIG_COUNT=1");
	strings_add_format(env, "GIT_CONFIG_KEY_0=http.%.*s://%s/.extraheader",
			   (int)(scheme - remote->git.url), remote->git.url, host);
	strings_add_format(env, "GIT_CONFIG_VALUE_0=Authorization: %s", buf_string(&value));
}

static void add_agent(const struct step_task *task, struct strings *env)
{
	for (size_t i = 0; i < task->env->agent_count; i++) {
		if (strcmp(task->env->agents[i].id, "default") == 0)
			strings_env_set(env, "SSH_AUTH_SOCK", task->env->agents[i].socket);
	}
}

static void set_up(struct step_task *task, const struct remote *remote, struct strings *env,
		   struct git_run *ret)
{
	add_authorization(task, remote, env);
	add_agent(task, env);
	*ret = (struct git_run){ .cancel_fd = task->env->cancel_fd, .env = env };
}

static int understand(struct remote *remote, struct error *err)
{
	int r = git_source_parse(remote->text, 0, &remote->git, err);

	if (r <= 0)
		return r < 0 ? r
			     : error_set(err, -EINVAL, "'%s' is no git repository", remote->text);
	if (remote->checksum) {
		if (remote->git.checksum && strcmp(remote->git.checksum, remote->checksum) != 0)
			return error_set(err, -EINVAL, "checksum mismatch \"%s\" != \"%s\"",
					 remote->checksum, remote->git.checksum);
		free(remote->git.checksum);
		remote->git.checksum = xstrdup(remote->checksum);
	}
	if (remote->keep_git_dir >= 0 && remote->git.keep_git_dir >= 0 &&
	    remote->keep_git_dir != remote->git.keep_git_dir)
		return error_set(err, -EINVAL, "inconsistent keep-git-dir configuration");
	if (remote->keep_git_dir < 0)
		remote->keep_git_dir = remote->git.keep_git_dir == 1;
	free(remote->path);
	remote->path = xasprintf("/%s", remote->git.subdir ? remote->git.subdir : "");
	return 0;
}

int remote_git_identify(struct step_task *task, struct remote *remote, struct error *err)
{
	cleanup_with(strings_release) struct strings env = { 0 };
	struct git_run run;
	int r;

	if (remote->identified)
		return 0;
	r = understand(remote, err);
	if (r < 0)
		return r;
	set_up(task, remote, &env, &run);
	r = git_resolve(&run, &remote->git, remote->commit, err);
	remote->identified = r == 0;
	return r;
}

int remote_git_fetch(struct step_task *task, struct remote *remote, struct error *err)
{
	cleanup_with(strings_release) struct strings env = { 0 };
	cleanup_free char *parent = NULL;
	struct git_run run;
	int r = remote_git_identify(task, remote, err);

	if (r == 0)
		r = remote_make_directory(task, &parent, err);
	if (r < 0)
		return r;
	set_up(task, remote, &env, &run);
	remote->directory = xasprintf("%s/files", parent);
	task->output->status(task->output, remote->git.url, 0, 0, false, false);
	r = git_checkout(&run, &remote->git, remote->commit, remote->directory,
			 remote->keep_git_dir == 1, err);
	if (r < 0) {
		free(take_ptr(&remote->directory));
		return r;
	}
	task->output->status(task->output, remote->git.url, 0, 0, false, true);
	return 0;
}
