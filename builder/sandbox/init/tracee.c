/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "builder/sandbox/init/mount.h"

#define PAGE        ((uint64_t)4096)
#define STATUS_SIZE 4096

/* The number in the `index`th column behind `key` in /proc/PID/status. */
static int status_number(const char *status, const char *key, int index, int base, uint64_t *ret)
{
	const char *at = strstr(status, key);
	char *end;

	if (!at)
		return -EPROTO;
	at += strlen(key);
	for (int i = 0; i <= index; i++) {
		errno = 0;
		*ret = strtoull(at, &end, base);
		if (end == at || errno)
			return -EPROTO;
		at = end;
	}
	return 0;
}

static int read_text(int host_proc_fd, pid_t pid, char *ret, size_t size)
{
	cleanup_fd int fd = -1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof path, "%d/status", pid);
	fd = openat(host_proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

static int read_status(int host_proc_fd, struct tracee *tracee)
{
	uint64_t uid, gid, mask, capabilities;
	char status[STATUS_SIZE];
	int r = read_text(host_proc_fd, tracee->pid, status, sizeof status);

	if (r < 0)
		return r;
	/* The fourth column is the one for files. */
	if (status_number(status, "\nUid:", 3, 10, &uid) < 0 ||
	    status_number(status, "\nGid:", 3, 10, &gid) < 0 ||
	    status_number(status, "\nUmask:", 0, 8, &mask) < 0 ||
	    status_number(status, "\nCapEff:", 0, 16, &capabilities) < 0)
		return -EPROTO;
	tracee->uid = (uint32_t)uid;
	tracee->gid = (uint32_t)gid;
	tracee->umask = (uint32_t)mask;
	tracee->capabilities = capabilities;
	return 0;
}

int tracee_process(int host_proc_fd, pid_t tid, pid_t *ret)
{
	char status[STATUS_SIZE];
	uint64_t pid;
	int r = read_text(host_proc_fd, tid, status, sizeof status);

	if (r == 0)
		r = status_number(status, "\nTgid:", 0, 10, &pid);
	if (r == 0)
		*ret = (pid_t)pid;
	return r;
}

int tracee_inner_pid(int host_proc_fd, pid_t pid, pid_t *ret)
{
	char status[STATUS_SIZE], *line, *last;
	int r = read_text(host_proc_fd, pid, status, sizeof status);

	if (r < 0)
		return r;
	/* One for each namespace, from ours on. */
	line = strstr(status, "\nNSpid:");
	if (!line)
		return -EPROTO;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	last = strrchr(line, '\t');
	*ret = last ? (pid_t)strtol(last + 1, NULL, 10) : 0;
	return *ret > 0 ? 0 : -EPROTO;
}

bool tracee_no_new_privileges(int host_proc_fd, pid_t tid)
{
	char status[STATUS_SIZE];
	uint64_t set;

	return read_text(host_proc_fd, tid, status, sizeof status) == 0 &&
	       status_number(status, "\nNoNewPrivs:", 0, 10, &set) == 0 && set;
}

static int open_link(int host_proc_fd, pid_t pid, const char *link, int number)
{
	char path[48];
	int fd;

	if (link)
		snprintf(path, sizeof path, "%d/%s", pid, link);
	else
		snprintf(path, sizeof path, "%d/fd/%d", pid, number);
	fd = openat(host_proc_fd, path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int tracee_open(int host_proc_fd, pid_t pid, int dir_fd, struct tracee *ret)
{
	int r;

	*ret = (struct tracee){ .pid = pid, .root_fd = -1, .base_fd = -1 };
	r = read_status(host_proc_fd, ret);
	if (r < 0)
		return r;
	ret->root_fd = open_link(host_proc_fd, pid, "root", 0);
	if (ret->root_fd < 0)
		return ret->root_fd;
	ret->base_fd = open_link(host_proc_fd, pid, dir_fd == AT_FDCWD ? "cwd" : NULL, dir_fd);
	return ret->base_fd == -ENOENT ? -EBADF : ret->base_fd < 0 ? ret->base_fd : 0;
}

void tracee_close(struct tracee *tracee)
{
	if (tracee->root_fd >= 0)
		close(tracee->root_fd);
	if (tracee->base_fd >= 0)
		close(tracee->base_fd);
	tracee->root_fd = tracee->base_fd = -1;
}

int tracee_read_path(const struct tracee *tracee, uint64_t address, char *ret, size_t size)
{
	size_t have = 0;

	/* Page by page: what lies behind the string may not be there. */
	while (have < size) {
		size_t rest = (size_t)(PAGE - (address + have) % PAGE);
		struct iovec local, remote;
		ssize_t n;

		if (rest > size - have)
			rest = size - have;
		local = (struct iovec){ ret + have, rest };
		remote = (struct iovec){ (void *)(uintptr_t)(address + have), rest };
		n = process_vm_readv(tracee->pid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return n < 0 ? -errno : -EFAULT;
		if (memchr(ret + have, '\0', (size_t)n))
			return 0;
		have += (size_t)n;
	}
	return -ENAMETOOLONG;
}

/* Cut `path` into directory and name: the directory, which may be "", "/" or ".". */
static int split(char *path, const char **ret_dir, const char **ret_name)
{
	char *slash = strrchr(path, '/');
	char *name = slash ? slash + 1 : path;

	if (!*path || !*name)
		return -ENOENT;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EEXIST;
	if (strlen(name) > 255)
		return -ENAMETOOLONG;
	if (!slash)
		*ret_dir = ".";
	else if (slash == path)
		*ret_dir = "/";
	else
		*ret_dir = path;
	*ret_name = name;
	if (slash)
		*slash = '\0';
	return 0;
}

/* Its root is in force while the path is walked, so that ".." and links end where they do for the
 * tracee, which may have called chroot(2). */
static int open_as_tracee(const struct tracee *tracee, int own_root_fd, const char *path, int flags)
{
	int fd;

	if (fchdir(tracee->root_fd) < 0 || chroot(".") < 0 || fchdir(tracee->base_fd) < 0)
		fd = -errno;
	else
		fd = mount_open_path(AT_FDCWD, path, flags, RESOLVE_NO_MAGICLINKS);
	if (fchdir(own_root_fd) < 0 || chroot(".") < 0)
		_exit(1); /* never go on in a root of the step's choosing */
	return fd;
}

int tracee_open_parent(const struct tracee *tracee, int own_root_fd, char *path,
		       const char **ret_name, int *ret_fd)
{
	const char *dir;
	int r = split(path, &dir, ret_name);

	if (r == 0)
		r = open_as_tracee(tracee, own_root_fd, *dir ? dir : "/", O_DIRECTORY);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

int tracee_open_path(const struct tracee *tracee, int own_root_fd, const char *path, bool nofollow)
{
	return open_as_tracee(tracee, own_root_fd, path, nofollow ? O_NOFOLLOW : 0);
}
