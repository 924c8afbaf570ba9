/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sandbox_run_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

struct run_options options = { .repeat = 1, .parallel = 1 };

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(125);
}

static uint32_t number(const char *text)
{
	uint32_t value;

	if (parse_u32(text, &value) < 0)
		die("'%s' is no number", text);
	return value;
}

static void add_filesystem(char *text, bool shared)
{
	char *equals = strchr(text, '=');

	if (!equals || options.filesystem_count == MAX_FILESYSTEMS)
		die("bad filesystem '%s'", text);
	*equals = '\0';
	options.filesystems[options.filesystem_count++] =
		(struct filesystem){ text, equals + 1, shared, -1, 0 };
}

static void set_mount_key(struct spec_mount *mount, const char *key, char *value)
{
	if (strcmp(key, "dst") == 0)
		mount->target = xstrdup(value);
	else if (strcmp(key, "fs") == 0)
		mount->filesystem = xstrdup(value);
	else if (strcmp(key, "src") == 0)
		mount->source = xstrdup(value);
	else if (strcmp(key, "size") == 0)
		(void)parse_size(value, &mount->tmpfs_size);
	else if (strcmp(key, "mode") == 0)
		(void)parse_octal(value, 07777, &mount->mode);
	else if (strcmp(key, "uid") == 0)
		mount->uid = number(value);
	else if (strcmp(key, "gid") == 0)
		mount->gid = number(value);
	else if (strcmp(key, "text") == 0)
		buf_add_string(&mount->bytes, value);
	else if (strcmp(key, "ro") == 0)
		mount->read_only = true;
	else
		die("unknown mount key '%s'", key);
}

/* TYPE,key=value,…: fuse, tmpfs, file or socket. */
static void add_mount(char *text)
{
	static const char *const types[] = { "fuse", "tmpfs", "file", "socket" };
	char *comma = strchr(text, ',');
	struct spec_mount *mount;
	unsigned type = 0;

	if (!comma)
		die("bad mount '%s'", text);
	*comma = '\0';
	while (type < 4 && strcmp(types[type], text) != 0)
		type++;
	mount = spec_add_mount(&options.spec, type, NULL);
	mount->mode = type == SPEC_MOUNT_TMPFS ? 01777 : 0600;
	while (comma) {
		char *key = comma + 1, *equals;

		comma = strchr(key, ',');
		if (comma)
			*comma = '\0';
		equals = strchr(key, '=');
		if (equals)
			*equals = '\0';
		set_mount_key(mount, key, equals ? equals + 1 : NULL);
	}
	if (type == SPEC_MOUNT_FUSE && !mount->source)
		mount->source = xstrdup("/");
}

/* UID[:GID[,GROUP…]] */
static void set_user(char *text)
{
	char *colon = strchr(text, ':'), *comma;

	if (colon)
		*colon = '\0';
	options.spec.uid = number(text);
	if (!colon)
		return;
	comma = strchr(colon + 1, ',');
	if (comma)
		*comma = '\0';
	options.spec.gid = number(colon + 1);
	while (comma) {
		char *at = comma + 1;

		comma = strchr(at, ',');
		if (comma)
			*comma = '\0';
		options.spec.groups =
			xreallocarray(options.spec.groups, options.spec.group_count + 1, 4);
		options.spec.groups[options.spec.group_count++] = number(at);
	}
}

static void set_network(const char *text)
{
	options.spec.network = SPEC_NETWORK_DEFAULT;
	if (strcmp(text, "none") == 0)
		options.spec.network = SPEC_NETWORK_NONE;
	else if (strcmp(text, "host") == 0)
		options.spec.network = SPEC_NETWORK_HOST;
	else if (strcmp(text, "pasta") == 0)
		options.sandbox.network = SANDBOX_NETWORK_PASTA;
	else if (strcmp(text, "slirp") == 0)
		options.sandbox.network = SANDBOX_NETWORK_SLIRP;
}

/* RESOURCE:SOFT:HARD, all numbers */
static void add_ulimit(char *text)
{
	char *soft = strchr(text, ':'), *hard = soft ? strchr(soft + 1, ':') : NULL;
	struct spec_ulimit *ulimit;

	if (!hard)
		die("bad ulimit '%s'", text);
	*soft = *hard = '\0';
	options.spec.ulimits = xreallocarray(options.spec.ulimits, options.spec.ulimit_count + 1,
					     sizeof *options.spec.ulimits);
	ulimit = &options.spec.ulimits[options.spec.ulimit_count++];
	ulimit->resource = (int)number(text);
	ulimit->limit = (struct rlimit){ number(soft + 1), number(hard + 1) };
}

enum option_number {
	OPTION_RUNTIME = 256,
	OPTION_FS,
	OPTION_SHARED,
	OPTION_ROOT,
	OPTION_RO_ROOT,
	OPTION_MOUNT,
	OPTION_ENV,
	OPTION_CWD,
	OPTION_USER,
	OPTION_HOSTNAME,
	OPTION_ADD_HOST,
	OPTION_NETWORK,
	OPTION_INSECURE,
	OPTION_ULIMIT,
	OPTION_SHM_SIZE,
	OPTION_OPEN_FILES,
	OPTION_REPEAT,
	OPTION_PARALLEL,
	OPTION_KILL_AFTER,
	OPTION_CANCEL_AFTER,
	OPTION_STATUS,
	OPTION_TIMING,
	OPTION_OWNER,
	OPTION_ECHO,
	OPTION_DUMP,
	OPTION_HANG,
	OPTION_QUIET,
};

static const struct option table[] = {
	{ "runtime", 1, NULL, OPTION_RUNTIME },
	{ "fs", 1, NULL, OPTION_FS },         /* NAME=DIR, this sandbox's own */
	{ "shared", 1, NULL, OPTION_SHARED }, /* NAME=DIR, all sandboxes' */
	{ "root", 1, NULL, OPTION_ROOT },     /* NAME */
	{ "read-only", 0, NULL, OPTION_RO_ROOT },
	{ "mount", 1, NULL, OPTION_MOUNT },
	{ "env", 1, NULL, OPTION_ENV },
	{ "cwd", 1, NULL, OPTION_CWD },
	{ "user", 1, NULL, OPTION_USER },
	{ "hostname", 1, NULL, OPTION_HOSTNAME },
	{ "add-host", 1, NULL, OPTION_ADD_HOST },
	{ "network", 1, NULL, OPTION_NETWORK }, /* none host default pasta slirp */
	{ "insecure", 0, NULL, OPTION_INSECURE },
	{ "ulimit", 1, NULL, OPTION_ULIMIT },
	{ "shm-size", 1, NULL, OPTION_SHM_SIZE },
	{ "open-files", 1, NULL, OPTION_OPEN_FILES },
	{ "repeat", 1, NULL, OPTION_REPEAT },             /* the step, one after the other */
	{ "parallel", 1, NULL, OPTION_PARALLEL },         /* threads that do so */
	{ "kill-after", 1, NULL, OPTION_KILL_AFTER },     /* ms: step_kill() */
	{ "cancel-after", 1, NULL, OPTION_CANCEL_AFTER }, /* ms: cancel the start */
	{ "status", 0, NULL, OPTION_STATUS },             /* print how it ended on standard error */
	{ "timing", 0, NULL, OPTION_TIMING },             /* print what steps took */
	{ "owner", 0, NULL, OPTION_OWNER }, /* servers answer for owners and devices */
	{ "echo", 0, NULL, OPTION_ECHO },   /* send back what comes on sockets */
	{ "dump", 1, NULL, OPTION_DUMP },   /* FILE: what the root is like in the end */
	{ "hang", 1, NULL, OPTION_HANG },   /* NAME: a file of servers that hangs readers */
	{ "quiet", 0, NULL, OPTION_QUIET }, /* no warnings */
	{ NULL, 0, NULL, 0 },
};

static void set_spec_option(int option, char *value)
{
	struct spec *spec = &options.spec;

	if (option == OPTION_ROOT)
		spec->root = xstrdup(value);
	else if (option == OPTION_RO_ROOT)
		spec->root_read_only = true;
	else if (option == OPTION_MOUNT)
		add_mount(value);
	else if (option == OPTION_ENV)
		strings_add(&spec->env, value);
	else if (option == OPTION_CWD)
		spec->cwd = xstrdup(value);
	else if (option == OPTION_USER)
		set_user(value);
	else if (option == OPTION_HOSTNAME)
		spec->hostname = xstrdup(value);
	else if (option == OPTION_ADD_HOST)
		strings_add(&spec->extra_hosts, value);
	else if (option == OPTION_NETWORK)
		set_network(value);
	else if (option == OPTION_INSECURE)
		spec->insecure = true;
	else if (option == OPTION_ULIMIT)
		add_ulimit(value);
	else if (option == OPTION_SHM_SIZE)
		(void)parse_size(value, &spec->shm_size);
	else
		die("unknown option");
}

static void set_option(int option, char *value)
{
	if (option == OPTION_RUNTIME)
		options.runtime = value;
	else if (option == OPTION_FS || option == OPTION_SHARED)
		add_filesystem(value, option == OPTION_SHARED);
	else if (option == OPTION_REPEAT)
		options.repeat = number(value);
	else if (option == OPTION_PARALLEL)
		options.parallel = number(value);
	else if (option == OPTION_KILL_AFTER)
		options.kill_after_ms = number(value);
	else if (option == OPTION_CANCEL_AFTER)
		options.cancel_after_ms = number(value);
	else if (option == OPTION_STATUS)
		options.status = true;
	else if (option == OPTION_TIMING)
		options.timing = true;
	else if (option == OPTION_OWNER)
		options.owner = true;
	else if (option == OPTION_ECHO)
		options.echo = true;
	else if (option == OPTION_DUMP)
		options.dump = value;
	else if (option == OPTION_HANG)
		options.hang = value;
	else if (option == OPTION_QUIET)
		options.sandbox.warn = NULL;
	else if (option == OPTION_OPEN_FILES)
		options.sandbox.open_files = number(value);
	else
		set_spec_option(option, value);
}

void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "+", table, NULL)) != -1)
		set_option(option, optarg);
	for (int i = optind; i < argc; i++)
		strings_add(&options.spec.argv, argv[i]);
	if (!options.runtime || options.filesystem_count == 0)
		die("--runtime and --fs are needed");
	if (!options.spec.root)
		options.spec.root = xstrdup(options.filesystems[0].name);
	if (!options.spec.env.count)
		strings_add(&options.spec.env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
}
