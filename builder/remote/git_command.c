/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/git_command.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/remote/command.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

#define OUTPUT_MAX ((size_t)16 << 20)

extern char **environ;

/* Nobody is there to be asked; hooks of others do not run; only these ways lead to a repository. */
static void make_environment(const struct git_run *run, struct strings *ret)
{
	for (char **at = environ; *at; at++) {
		if (strncmp(*at, "GIT_", 4) != 0 || strncmp(*at, "GIT_SSL_", 8) == 0)
			strings_add(ret, *at);
	}
	strings_env_set(ret, "GIT_TERMINAL_PROMPT", "0");
	strings_env_set(ret, "GIT_ASKPASS", "true");
	strings_env_set(ret, "SSH_ASKPASS", "true");
	strings_env_set(ret, "GIT_ALLOW_PROTOCOL",
			run->host_files ? "http:https:git:ssh:file" : "http:https:git:ssh");
	strings_env_set(ret, "LC_ALL", "C");
	for (size_t i = 0; run->env && i < run->env->count; i++)
		strings_add(ret, run->env->items[i]);
}

static void make_arguments(const char *path, const char *const *arguments, struct strings *ret)
{
	static const char *const first[] = { "git",
					     "-c",
					     "core.hooksPath=/dev/null",
					     "-c",
					     "core.fsmonitor=false",
					     "-c",
					     "gc.auto=0",
					     "-c",
					     "maintenance.auto=false",
					     "-c",
					     "advice.detachedHead=false",
					     "-c",
					     "init.defaultBranch=main",
					     "-c",
					     "core.autocrlf=false" };

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		strings_add(ret, first[i]);
	if (path) {
		strings_add(ret, "-C");
		strings_add(ret, path);
	}
	for (; *arguments; arguments++)
		strings_add(ret, *arguments);
}

int git_command(const struct git_run *run, const char *path, const char *const *arguments,
		struct buf *ret_output, struct error *err)
{
	cleanup_with(strings_release) struct strings env = { 0 };
	cleanup_with(strings_release) struct strings argv = { 0 };
	cleanup_with(buf_release) struct buf output = { 0 };
	cleanup_with(buf_release) struct buf complaint = { 0 };
	const struct command command = { .arguments = &argv,
					 .env = &env,
					 .output_max = OUTPUT_MAX,
					 .cancel_fd = run->cancel_fd };
	int status = 0;
	int r;

	make_environment(run, &env);
	make_arguments(path, arguments, &argv);
	r = command_run(&command, &output, &complaint, &status, err);
	if (r == -ENOENT)
		return error_set(err, -EOPNOTSUPP,
				 "git is not installed, and nothing can be fetched from "
				 "repositories without it. Install the package git");
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, -EREMOTEIO, "git %s failed: %s", arguments[0],
				 complaint.length ? buf_string(&complaint) : "no reason given");
	if (ret_output)
		buf_append(ret_output, buf_string(&output), output.length);
	return 0;
}
