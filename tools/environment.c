/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"
#include "tools/config.h"

static const struct {
	const char *key, *variable;
} settings[SETTING_COUNT] = {
	[SETTING_STORE] = { "store", "VARVE_STORE" },
	[SETTING_PROGRESS] = { "progress", "VARVE_PROGRESS" },
	[SETTING_REGISTRY_INSECURE] = { "registry.insecure", "VARVE_REGISTRY_INSECURE" },
};

const char *setting_key(enum setting setting)
{
	return settings[setting].key;
}

const char *environment_variable(const char *name)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets any */

	return value && *value ? value : NULL;
}

void environment_release(struct environment *environment)
{
	free(environment->store);
	environment->store = NULL;
	config_free(environment->config);
	environment->config = NULL;
}

/* The user's home directory; the caller frees. */
static int home_directory(char **ret, struct error *err)
{
	const char *home = environment_variable("HOME");
	struct passwd entry, *found = NULL;
	char scratch[4096];
	int r;

	if (home && home[0] == '/') {
		*ret = xstrdup(home);
		return 0;
	}
	r = getpwuid_r(geteuid(), &entry, scratch, sizeof scratch, &found);
	if (r != 0)
		return error_errno(err, -r, "cannot look up user %u for a home directory",
				   geteuid());
	if (!found)
		return error_set(err, -ENOENT,
				 "user %u has no home directory; set HOME, or VARVE_STORE",
				 geteuid());
	*ret = xstrdup(found->pw_dir);
	return 0;
}

/* $NAME/varve, or ~/`fallback`/varve; a relative $NAME does not count, as the XDG page has it. */
static int base_directory(const char *name, const char *fallback, char **ret, struct error *err)
{
	const char *base = environment_variable(name);
	cleanup_free char *home = NULL;
	int r;

	if (base && base[0] == '/') {
		*ret = path_join(base, "varve");
		return 0;
	}
	r = home_directory(&home, err);
	if (r < 0)
		return r;
	*ret = xasprintf("%s/%s/varve", home, fallback);
	return 0;
}

int environment_config_path(char **ret, struct error *err)
{
	cleanup_free char *directory = NULL;
	int r;

	r = base_directory("XDG_CONFIG_HOME", ".config", &directory, err);
	if (r < 0)
		return r;
	*ret = path_join(directory, "config.json");
	return 0;
}

/* The file is read once, and only when a setting is not in the environment. */
static int need_config(struct environment *environment, struct error *err)
{
	const char *keys[SETTING_COUNT + 1] = { NULL };
	cleanup_free char *path = NULL;
	int r;

	if (environment->config)
		return 0;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		keys[i] = settings[i].key;
	r = environment_config_path(&path, err);
	if (r < 0)
		return r;
	return config_read(path, keys, &environment->config, err);
}

int environment_setting(struct environment *environment, enum setting setting, const char **ret,
			struct error *err)
{
	const char *value = environment_variable(settings[setting].variable);
	int r;

	if (!value) {
		r = need_config(environment, err);
		if (r < 0)
			return r;
		value = config_get(environment->config, settings[setting].key);
	}
	if (!value)
		return 0;
	*ret = value;
	return 1;
}

int environment_insecure_registries(struct environment *environment, struct strings *ret,
				    struct error *err)
{
	const char *value;
	int r = environment_setting(environment, SETTING_REGISTRY_INSECURE, &value, err);

	if (r <= 0)
		return r;
	while (*value) {
		size_t length = strcspn(value, ", ");

		if (length)
			strings_add_range(ret, value, length);
		value += length;
		value += *value != '\0';
	}
	return 0;
}

/* A path that the user gave, taken from the working directory; the caller frees. */
static int absolute(const char *path, char **ret, struct error *err)
{
	cleanup_free char *here = NULL;

	if (path[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return error_errno(err, -errno, "cannot tell the working directory");
	}
	*ret = path_join(here ? here : "/", path);
	return 0;
}

int environment_store(struct environment *environment, const char **ret, struct error *err)
{
	const char *path = environment->store_option;
	int r;

	if (!environment->store) {
		r = path ? 1 : environment_setting(environment, SETTING_STORE, &path, err);
		if (r > 0)
			r = absolute(path, &environment->store, err);
		else if (r == 0)
			r = base_directory("XDG_DATA_HOME", ".local/share", &environment->store,
					   err);
		if (r < 0)
			return r;
	}
	*ret = environment->store;
	return 0;
}

/* Open a directory that is ours alone: another user's would let him in between us. */
static int open_private(const char *path, struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;
	int r;

	r = dir_make(AT_FDCWD, path, 0700);
	if (r < 0)
		return error_errno(err, r, "cannot make '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open '%s'", path);
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return error_set(err, -EPERM,
				 "'%s' belongs to, or can be changed by, somebody else; remove it, "
				 "or set XDG_RUNTIME_DIR to a directory of your own",
				 path);
	return take_fd(&fd);
}

static bool is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int environment_open_runtime_dir(struct error *err)
{
	const char *given = environment_variable("XDG_RUNTIME_DIR");
	const char *temporary = environment_variable("TMPDIR");
	cleanup_free char *standard = xasprintf("/run/user/%u", geteuid());
	cleanup_free char *path = NULL;

	/* After su or sudo the variable may still name the other user's. */
	if (given && given[0] == '/' && is_ours(given))
		path = path_join(given, "varve");
	else if (is_ours(standard))
		path = path_join(standard, "varve");
	else
		path = xasprintf("%s/varve-%u", temporary ? temporary : "/tmp", geteuid());
	return open_private(path, err);
}
