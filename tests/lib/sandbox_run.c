/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-run --runtime DIR --fs NAME=DIR [OPTIONS] -- COMMAND…: drive sandbox.h from the command
 * line, for tests. The first --fs is the root. Exits as the command did, 128 + signal, or 125 with
 * the sandbox's words on standard error. See the table of options below.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/spec.h"
#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/path.h"

#define MAX_FILESYSTEMS 8

struct filesystem {
	char *name, *dir;
	bool shared;
	int owner_fd; /* the asking end */
	pid_t server; /* 0: somebody else's */
};

static struct {
	const char *runtime, *dump, *hang;
	struct filesystem filesystems[MAX_FILESYSTEMS];
	size_t filesystem_count;
	struct spec spec;
	struct sandbox_options sandbox;
	unsigned repeat, parallel;
	uint32_t kill_after_ms, cancel_after_ms;
	bool owner, status, timing, echo;
} options = { .repeat = 1, .parallel = 1 };

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(125);
}

/* ---- options ---- */

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

/* ---- servers ---- */

static char *server_path(void)
{
	char own[4096];
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

	if (length < 0)
		die("cannot find myself");
	own[length] = '\0';
	return xasprintf("%.*s/memory-fuse", (int)(path_base(own) - own), own);
}

static void serve(struct filesystem *filesystem, int fuse_fd, int answer_fd)
{
	cleanup_with(strings_release) struct strings argv = { 0 };
	posix_spawn_file_actions_t actions;
	int r;

	strings_take(&argv, server_path());
	strings_add(&argv, "10");
	strings_add(&argv, filesystem->dir);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fuse_fd, 10);
	if (answer_fd >= 0) {
		posix_spawn_file_actions_adddup2(&actions, answer_fd, 11);
		strings_add(&argv, "--owner");
		strings_add(&argv, "11");
	}
	if (options.dump && filesystem == options.filesystems) {
		strings_add(&argv, "--dump");
		strings_add(&argv, options.dump);
	}
	if (options.hang) {
		strings_add(&argv, "--hang");
		strings_add(&argv, options.hang);
	}
	r = posix_spawn(&filesystem->server, argv.items[0], &actions, NULL, argv.items, environ);
	if (r)
		die("cannot start '%s': %s", argv.items[0], error_words(-r));
	posix_spawn_file_actions_destroy(&actions);
}

static void mount_all(struct sandbox *sandbox)
{
	for (size_t i = 0; i < options.filesystem_count; i++) {
		struct filesystem *filesystem = &options.filesystems[i];
		int fuse_fd = -1, owner[2] = { -1, -1 };
		struct error err = { 0 };
		int r = sandbox_mount(sandbox, filesystem->name, filesystem->shared, "test",
				      &fuse_fd, &err);

		if (r < 0)
			die("%s", err.text);
		if (r == 1)
			continue;
		if (options.owner && channel_pair(owner) < 0)
			die("no channel");
		/* Out of the way of the numbers that the server gets. */
		fuse_fd = fcntl(fuse_fd, F_DUPFD_CLOEXEC, 32);
		serve(filesystem, fuse_fd,
		      owner[1] < 0 ? -1 : fcntl(owner[1], F_DUPFD_CLOEXEC, 32));
		filesystem->owner_fd = owner[0];
		for (int fd = 3; fd < 64; fd++) { /* nobody but the server keeps it */
			char link[64], target[64] = "";
			snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
			if (readlink(link, target, sizeof target - 1) > 0 &&
			    strcmp(target, "/dev/fuse") == 0)
				close(fd);
		}
	}
}

/* ---- steps ---- */

static void pump(int from_fd, int to_fd, int step_fd)
{
	struct pollfd polled[] = { { .fd = from_fd, .events = POLLIN },
				   { .fd = step_fd, .events = POLLIN } };
	char data[65536];

	for (;;) {
		ssize_t n;

		if (poll(polled, 2, -1) < 0)
			continue;
		if (!(polled[0].revents & POLLIN))
			return;
		n = read(from_fd, data, sizeof data);
		if (n <= 0)
			return;
		(void)fd_write_all(to_fd, data, (size_t)n);
	}
}

static void *echo(void *argument)
{
	int listen_fd = *(int *)argument;

	for (;;) {
		cleanup_fd int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		char data[256];
		ssize_t n;

		if (fd < 0)
			return NULL;
		n = read(fd, data, sizeof data);
		if (n > 0)
			(void)fd_write_all(fd, data, (size_t)n);
	}
}

static void *kill_later(void *argument)
{
	struct timespec time = { options.kill_after_ms / 1000,
				 options.kill_after_ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
	step_kill(argument);
	return NULL;
}

static void *cancel_later(void *argument)
{
	struct timespec time = { options.cancel_after_ms / 1000,
				 options.cancel_after_ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
	(void)!write(*(int *)argument, "x", 1);
	return NULL;
}

static int exit_code(const struct step_status *status)
{
	if (options.status)
		fprintf(stderr, "exited=%d code=%d signal=%d wall=%lluus user=%lluus rss=%lluk\n",
			status->exited, status->exit_code, status->signal,
			(unsigned long long)status->wall_ns / 1000,
			(unsigned long long)status->user_ns / 1000,
			(unsigned long long)status->max_rss / 1024);
	return status->exited ? status->exit_code : 128 + status->signal;
}

/* Start, feed, wait. */
static int run_step(struct sandbox *sandbox, struct step_io *io, int pipes[2])
{
	cleanup_with(step_free) struct step *step = NULL;
	struct step_status status = { 0 };
	struct error err = { 0 };
	int listen_fds[16] = { -1 };
	pthread_t thread;
	int r = sandbox_start(sandbox, &options.spec, io, &step, listen_fds, &err);

	close(pipes[1]);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return r == -ECANCELED ? 130 : 125;
	}
	if (options.echo && pthread_create(&thread, NULL, echo, listen_fds) == 0)
		pthread_detach(thread);
	if (options.kill_after_ms && pthread_create(&thread, NULL, kill_later, step) != 0)
		die("no thread");
	pump(pipes[0], STDOUT_FILENO, step_fd(step));
	r = step_wait(step, &status, &err);
	if (options.kill_after_ms)
		pthread_join(thread, NULL);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r == -ECANCELED ? 130 : r < 0 ? 125 : exit_code(&status);
}

static int run_once(struct sandbox *sandbox)
{
	struct step_owner owners[MAX_FILESYSTEMS];
	struct step_io io = { .owners = owners };
	int pipes[2], cancel[2], code;
	pthread_t thread;

	if (pipe2(pipes, O_CLOEXEC) < 0 || pipe2(cancel, O_CLOEXEC) < 0)
		die("no pipe");
	io.stdout_fd = io.stderr_fd = pipes[1];
	for (size_t i = 0; i < options.filesystem_count; i++) {
		const struct filesystem *filesystem = &options.filesystems[i];

		if (filesystem->owner_fd >= 0)
			owners[io.owner_count++] =
				(struct step_owner){ filesystem->name, filesystem->owner_fd };
	}
	if (options.cancel_after_ms) {
		io.cancel_fd = cancel[0];
		pthread_create(&thread, NULL, cancel_later, &cancel[1]);
	}
	code = run_step(sandbox, &io, pipes);
	if (options.cancel_after_ms)
		pthread_join(thread, NULL);
	close(pipes[0]);
	close(cancel[0]);
	close(cancel[1]);
	return code;
}

static int compare_times(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static void *run_many(void *argument)
{
	uint64_t *times = xcalloc(options.repeat, sizeof *times);
	intptr_t code = 0;

	for (unsigned i = 0; i < options.repeat && code == 0; i++) {
		uint64_t start = clock_monotonic_ns();

		code = run_once(argument);
		times[i] = clock_monotonic_ns() - start;
	}
	qsort(times, options.repeat, sizeof *times, compare_times);
	if (options.timing)
		fprintf(stderr, "step min %llu median %llu max %llu us\n",
			(unsigned long long)times[0] / 1000,
			(unsigned long long)times[options.repeat / 2] / 1000,
			(unsigned long long)times[options.repeat - 1] / 1000);
	free(times);
	return (void *)code;
}

static int run_parallel(struct sandbox *sandbox)
{
	pthread_t *threads = xcalloc(options.parallel, sizeof *threads);
	int code = 0;

	for (unsigned i = 0; i < options.parallel; i++)
		pthread_create(&threads[i], NULL, run_many, sandbox);
	for (unsigned i = 0; i < options.parallel; i++) {
		void *result;

		pthread_join(threads[i], &result);
		if (result)
			code = (int)(intptr_t)result;
	}
	free(threads);
	return code;
}

static void warn(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "warning: %s\n", text);
}

/* A server ends with its filesystem, whose owner may be another process by now. */
static void wait_for_servers(void)
{
	for (size_t i = 0; i < options.filesystem_count; i++) {
		struct filesystem *filesystem = &options.filesystems[i];

		if (filesystem->owner_fd >= 0)
			close(filesystem->owner_fd);
		if (filesystem->server && !filesystem->shared)
			waitpid(filesystem->server, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	struct sandbox *sandbox = NULL;
	struct error err = { 0 };
	int option, code;

	options.sandbox.warn = warn;
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
	options.sandbox.runtime_dir_fd = open(options.runtime, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options.sandbox.runtime_dir_fd < 0)
		die("cannot open '%s': %s", options.runtime, error_words(-errno));
	if (sandbox_open(&options.sandbox, &sandbox, &err) < 0)
		die("%s", err.text);
	mount_all(sandbox);
	code = run_parallel(sandbox);
	sandbox_close(sandbox);
	if (!options.hang)
		wait_for_servers();
	spec_release(&options.spec);
	close(options.sandbox.runtime_dir_fd);
	return code;
}
