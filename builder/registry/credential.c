/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "builder/remote/command.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define FILE_MAX   ((size_t)4 << 20)
#define HELPER_MAX ((size_t)1 << 20)

/* ---- helpers ---- */

/* Helpers say so with a status that they have for everything. */
static bool has_none(const struct buf *output, const struct buf *complaint)
{
	static const char words[] = "credentials not found";

	return strstr(buf_string(output), words) || strstr(buf_string(complaint), words);
}

static int ask_helper(const char *helper, const char *domain, int cancel_fd, struct credential *ret,
		      struct error *err)
{
	cleanup_with(strings_release) struct strings arguments = { 0 };
	cleanup_with(buf_release) struct buf output = { 0 };
	cleanup_with(buf_release) struct buf complaint = { 0 };
	const struct command command = { .arguments = &arguments,
					 .input = credential_server(domain),
					 .output_max = HELPER_MAX,
					 .cancel_fd = cancel_fd };
	int status = 0, r;

	strings_add_format(&arguments, "docker-credential-%s", helper);
	strings_add(&arguments, "get");
	r = command_run(&command, &output, &complaint, &status, err);
	if (r == -ENOENT)
		return error_set(err, -EREMOTEIO,
				 "the credential helper '%s' is not installed; 'credsStore' or "
				 "'credHelpers' in config.json names it",
				 arguments.items[0]);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return credential_helper_parse(output.data, output.length, arguments.items[0], ret,
					       err);
	if (has_none(&output, &complaint))
		return 0;
	return error_set(err, -EREMOTEIO, "%s failed: %.200s", arguments.items[0],
			 complaint.length ? buf_string(&complaint) : buf_string(&output));
}

/* ---- files ---- */

static int find_in_file(const char *file, const char *domain, const char *path, int cancel_fd,
			struct credential *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *helper = NULL;
	int r = file_read(AT_FDCWD, file, FILE_MAX, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return error_errno(err, r, "cannot read '%s'", file);
	if (!text.length)
		return 0;
	r = credential_file_find(text.data, text.length, file, domain, path, ret, &helper, err);
	if (r < 2)
		return r;
	r = ask_helper(helper, domain, cancel_fd, ret, err);
	return r != 0 ? r
		      : credential_file_entry(text.data, text.length, file, domain, path, ret, err);
}

/* "$NAME/`below`", or "~/`fallback`" where there is no such variable. */
static void add_file(const char *name, const char *below, const char *fallback, struct strings *ret)
{
	const char *directory = getenv(name), *home = getenv("HOME");

	if (directory && *directory)
		strings_add_format(ret, "%s/%s", directory, below);
	else if (fallback && home && *home)
		strings_add_format(ret, "%s/%s", home, fallback);
}

int credential_find(const char *domain, const char *path, int cancel_fd, struct credential *ret,
		    struct error *err)
{
	cleanup_with(strings_release) struct strings files = { 0 };
	const char *named = getenv("REGISTRY_AUTH_FILE");

	if (named && *named)
		strings_add(&files, named);
	add_file("DOCKER_CONFIG", "config.json", ".docker/config.json", &files);
	add_file("XDG_RUNTIME_DIR", "containers/auth.json", NULL, &files);
	add_file("XDG_CONFIG_HOME", "containers/auth.json", ".config/containers/auth.json", &files);
	for (size_t i = 0; i < files.count; i++) {
		int r = find_in_file(files.items[i], domain, path, cancel_fd, ret, err);

		if (r != 0)
			return r;
	}
	return 0;
}
