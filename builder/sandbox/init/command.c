/* SPDX-License-Identifier: Apache-2.0 */
/* From a fork of pid 1 to the command: the order of what is given up is all there is to it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/identity.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/protocol.h"
#include "builder/sandbox/sandbox.h"
#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"

#define STACK_SIZE   ((size_t)256 << 10)
#define NOTIFY_FD    3
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT
 * MKNOD AUDIT_WRITE SETFCAP: what containers have come to expect. */
#define USUAL_CAPABILITIES UINT64_C(0xa80425fb)

/* In the memory of pid 1, which waits until this process has executed or ended. */
struct command {
	const struct step *step;
	struct error err;
};

static int set_limits(const struct step *step, struct error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && step->open_files) {
		limit.rlim_cur =
			step->open_files < limit.rlim_max ? step->open_files : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (size_t i = 0; i < step->spec.ulimit_count; i++) {
		const struct spec_ulimit *ulimit = &step->spec.ulimits[i];

		if (syscall(SYS_prlimit64, 0, ulimit->resource, &ulimit->limit, NULL) == 0)
			continue;
		if (errno == EPERM)
			return error_set(err, -EPERM,
					 "cannot set resource limit %d above the hard "
					 "limit that varve itself was given",
					 ulimit->resource);
		return error_errno(err, -errno, "cannot set resource limit %d", ulimit->resource);
	}
	return 0;
}

static int set_descriptors(const struct step *step, struct error *err)
{
	int stdin_fd = step->stdin_fd;

	/* The step's own null device: one of the host's would show the host's path in /proc. */
	if (stdin_fd < 0)
		stdin_fd = openat(step->dev_fd, "null", O_RDWR | O_CLOEXEC);
	if (stdin_fd < 0 || dup3(stdin_fd, 0, 0) < 0 || dup3(step->stdout_fd, 1, 0) < 0 ||
	    dup3(step->stderr_fd, 2, 0) < 0)
		return error_errno(err, -errno, "cannot set up standard input and output");
	if (step->terminal_fd >= 0 && ioctl(0, TIOCSCTTY, 0) < 0)
		return error_errno(err, -errno, "cannot take over the terminal");
	if (step->notify_fds[0] >= 0 && step->notify_fds[0] != NOTIFY_FD &&
	    dup3(step->notify_fds[0], NOTIFY_FD, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "cannot set up the filter");
	return 0;
}

/* Closed before a path of the image's choosing is looked at, not only when executing. */
static int close_others(const struct step *step, struct error *err)
{
	const unsigned first = step->notify_fds[0] >= 0 ? NOTIFY_FD + 1 : NOTIFY_FD;
	const int *jobs = step->jobserver_fds;

	if (jobs[0] < 0) {
		(void)syscall(SYS_close_range, first, ~0U, 0);
		return 0;
	}
	if (dup3(jobs[0], SANDBOX_JOBSERVER_READ_FD, 0) < 0 ||
	    dup3(jobs[1], SANDBOX_JOBSERVER_WRITE_FD, 0) < 0)
		return error_errno(err, -errno, "cannot pass on the jobserver");
	(void)syscall(SYS_close_range, first, SANDBOX_JOBSERVER_READ_FD - 1, 0);
	(void)syscall(SYS_close_range, SANDBOX_JOBSERVER_WRITE_FD + 1, ~0U, 0);
	return 0;
}

static int enter_directory(const struct step *step, struct error *err)
{
	const char *cwd = step->spec.cwd ? step->spec.cwd : "/";
	cleanup_fd int fd = mount_open_path(AT_FDCWD, cwd, O_DIRECTORY, RESOLVE_NO_MAGICLINKS);
	char path[4096];

	if (fd == -ELOOP)
		return error_set(err, -ELOOP,
				 "working directory '%s' leads through a link of /proc", cwd);
	if (fd < 0 || fchdir(fd) < 0)
		return error_errno(err, fd < 0 ? fd : -errno, "working directory '%s'", cwd);
	/* Outside the root the kernel says "(unreachable)…". */
	if (syscall(SYS_getcwd, path, sizeof path) < 0 || path[0] != '/')
		return error_set(err, -EINVAL, "working directory '%s' is outside the root", cwd);
	return 0;
}

/* To the kernel it is root, to everybody else who its timer slack says; the filter keeps that. */
static int say_who(const struct step *step, struct error *err)
{
	if (step->flags & START_ALL_IDS || step->spec.insecure)
		return 0;
	if (prctl(PR_SET_TIMERSLACK, (unsigned long)CREDENTIALS_SLACK_NS + step->place, 0, 0, 0) <
	    0)
		return error_errno(err, -errno, "cannot become user %u:%u", step->spec.uid,
				   step->spec.gid);
	return 0;
}

static int load_filter(const struct step *step, struct error *err)
{
	int fd = -1, r;

	if (step->spec.insecure)
		return 0;
	r = filter_load(step, &fd, err);
	if (r == 0 && fd >= 0) {
		r = channel_send(NOTIFY_FD, NULL, 0, &fd, 1);
		close(fd);
		if (r < 0)
			return error_errno(err, r, "cannot hand over the filter's questions");
	}
	if (step->notify_fds[0] >= 0)
		close(NOTIFY_FD);
	return r;
}

/* What may ever be had again, and what is had now. */
static int drop_capabilities(const struct step *step, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t keep = USUAL_CAPABILITIES;

	if (step->spec.insecure)
		return 0;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1 || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* past the last there is */
			break;
		return error_errno(err, -errno, "cannot drop capability %lu", cap);
	}
	data[0].effective = data[0].permitted = (uint32_t)keep;
	data[1].effective = data[1].permitted = (uint32_t)(keep >> 32);
	if (syscall(SYS_capset, &header, data) < 0)
		return error_errno(err, -errno, "cannot drop capabilities");
	return 0;
}

static int become_user(const struct step *step, struct error *err)
{
	const struct spec *spec = &step->spec;
	gid_t *groups;

	if (!(step->flags & START_ALL_IDS))
		return 0; /* see say_who() */
	/* Its own group among them: a set-group-id program must not be a way to get rid of it. */
	groups = xcalloc(spec->group_count + 1, sizeof *groups);
	groups[0] = spec->gid;
	memcpy(groups + 1, spec->groups, spec->group_count * sizeof *groups);
	/* The raw calls: the C library's would signal threads, of which there are none. */
	if (syscall(SYS_setgroups, spec->group_count + 1, groups) < 0 ||
	    syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) < 0 ||
	    syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) < 0)
		return error_errno(err, -errno, "cannot become user %u:%u", spec->uid, spec->gid);
	return 0;
}

/* What notify_exec.c does for all others: into our memory, which is that of pid 1, the supervisor
 * cannot look. */
static void say_who_executes(const struct step *step, int fd)
{
	const struct step_channel *channel;
	struct credentials credentials;
	uint32_t uid, gid;
	struct statx file;
	unsigned place;

	if (!step->credentials || step->spec.insecure ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &file) < 0 ||
	    !(file.stx_mode & (S_ISUID | S_ISGID)))
		return;
	channel = step_channel_of(step, makedev(file.stx_dev_major, file.stx_dev_minor));
	if (!channel || !channel->owners)
		return;
	credentials = *credential_table_at(step->credentials, step->place);
	(void)owner_table_get(channel->owners, file.stx_ino, &uid, &gid);
	identity_execute(&credentials, file.stx_mode, uid, gid);
	if (credential_table_place(step->credentials, &credentials, &place) == 0)
		(void)credentials_set_place(AT_FDCWD, 0, place);
}

/* Execute one candidate; comes back with a negative errno. */
static int execute(const struct step *step, const char *path)
{
	int fd = mount_open_path(AT_FDCWD, path, 0, RESOLVE_NO_MAGICLINKS), r;

	/* Through /proc/self/exe an image would run this very program. A "#!" line can still do that,
	 * and finds one that it can neither change nor use. */
	if (fd < 0)
		return fd;
	say_who_executes(step, fd);
	close(fd);
	execve(path, strings_argv(&step->spec.argv), strings_argv(&step->spec.env));
	r = -errno;
	if (step->credentials)
		(void)credentials_set_place(AT_FDCWD, 0, step->place);
	return r;
}

static int search_and_execute(const struct step *step)
{
	const char *name = step->spec.argv.items[0];
	const char *path = strings_env_get(&step->spec.env, "PATH");
	int best = -ENOENT;

	if (strchr(name, '/'))
		return execute(step, name);
	for (path = path ? path : DEFAULT_PATH;; path++) {
		size_t length = strcspn(path, ":");
		char *candidate =
			xasprintf("%.*s/%s", length ? (int)length : 1, length ? path : ".", name);
		int r = execute(step, candidate);

		free(candidate);
		if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
			return r;
		if (r == -EACCES)
			best = r;
		path += length;
		if (!*path)
			return best;
	}
}

static int run(struct command *command)
{
	const struct step *step = command->step;
	struct error *err = &command->err;
	int r;

	umask(022);
	(void)setsid();
	/* With a filter keyctl(2) is not to be had, and all steps may have the zygote's keyring. */
	if (step->spec.insecure &&
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0)
		return error_errno(err, -errno, "cannot make a session keyring");
	r = set_limits(step, err);
	if (r == 0)
		r = set_descriptors(step, err);
	if (r == 0)
		r = close_others(step, err);
	if (r == 0)
		r = enter_directory(step, err);
	if (r == 0)
		r = say_who(step, err);
	if (r == 0)
		r = load_filter(step, err);
	if (r == 0)
		r = drop_capabilities(step, err);
	if (r == 0)
		r = become_user(step, err);
	if (r < 0)
		return r;
	r = search_and_execute(step);
	if (r == -ENOENT && !strchr(step->spec.argv.items[0], '/'))
		return error_set(err, r, "cannot execute '%s': not found in $PATH",
				 step->spec.argv.items[0]);
	return error_errno(err, r, "cannot execute '%s'", step->spec.argv.items[0]);
}

static int child(void *argument)
{
	struct command *command = argument;

	command->err.code = run(command);
	_exit(1);
}

int command_start(const struct step *step, pid_t *ret_pid, struct error *err)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct command command = { .step = step };
	pid_t pid;

	/* Memory is shared and we are stopped meanwhile: nothing is copied, and what went wrong is
	 * simply there. */
	pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &command);
	if (pid < 0)
		return error_errno(err, -errno, "cannot fork");
	if (command.err.code < 0) {
		(void)process_wait(pid, NULL);
		return error_set(err, command.err.code, "%s", command.err.text);
	}
	*ret_pid = pid;
	return 0;
}
