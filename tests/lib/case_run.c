/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case-run USER SECONDS SCRIPT: run a shell case as that user ("self": as whoever runs it, which is
 * also what "tester" means when that is not root) in a directory of its own, and look afterwards
 * whether it left anything: processes, which end up as children of this one, or mounts. Exits as
 * the script did, 77 when it cannot be run here.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"

#define SKIP     77
#define GRACE_NS UINT64_C(5000000000)

/* Mounts of this namespace that can only be the case's. */
static size_t count_mounts(const char *dir)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	size_t count = 0;

	(void)file_read(AT_FDCWD, "/proc/self/mountinfo", (size_t)16 << 20, &text);
	for (const char *at = buf_string(&text); (at = strstr(at, dir)); at++)
		count++;
	return count;
}

static void become(const struct passwd *user)
{
	if (!user)
		return;
	if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		_exit(SKIP);
	setenv("HOME", user->pw_dir, 1);  /* NOLINT(concurrency-mt-unsafe) */
	setenv("USER", user->pw_name, 1); /* NOLINT(concurrency-mt-unsafe) */
}

static pid_t start(const char *script, const char *dir, const struct passwd *user)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	become(user);
	(void)setsid();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("TEST_TMP", dir, 1); /* NOLINT(concurrency-mt-unsafe) */
	if (chdir(dir) < 0)
		_exit(SKIP);
	execl("/bin/sh", "sh", "-eu", script, (char *)NULL);
	_exit(127);
}

/* The script's status, or 124 when it took too long. Orphans are reaped meanwhile, as they would
 * be elsewhere: cases look whether they are gone. */
static int wait_for(pid_t script, uint32_t seconds)
{
	const uint64_t end = clock_monotonic_ns() + seconds * UINT64_C(1000000000);
	const struct timespec pause = { .tv_nsec = 100000000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (clock_monotonic_ns() < end) {
		int status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == script)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
		}
		(void)sigtimedwait(&child, NULL, &pause);
	}
	fprintf(stderr, "not done after %u seconds\n", seconds);
	(void)kill(-script, SIGKILL);
	return 124;
}

static void show_child(pid_t pid)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	char path[32], exe[256] = "";

	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	(void)file_read(AT_FDCWD, path, 65536, &text);
	for (size_t i = 0; i < text.length; i++)
		text.data[i] = text.data[i] ? text.data[i] : ' ';
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	(void)!readlink(path, exe, sizeof exe - 1);
	fprintf(stderr, "left behind: %d %s (%s)\n", pid, buf_string(&text), exe);
}

static int each_child(bool end)
{
	cleanup_with(buf_release) struct buf list = { 0 };
	char path[48];
	int count = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	(void)file_read(AT_FDCWD, path, (size_t)1 << 20, &list);
	for (char *at = list.data, *blank; at && (blank = strchr(at, ' ')); at = blank + 1) {
		uint32_t pid;

		*blank = '\0';
		if (parse_u32(at, &pid) < 0)
			continue;
		count++;
		if (end) {
			show_child((pid_t)pid);
			(void)kill((pid_t)pid, SIGKILL);
		}
	}
	return count;
}

/* Orphans come to us. Give those that are on their way out the time for it. */
static int leftovers(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t end = clock_monotonic_ns() + GRACE_NS;
	int count = 0;

	while (clock_monotonic_ns() < end) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (each_child(false) == 0)
			return count;
		nanosleep(&pause, NULL);
	}
	while (each_child(true) > 0) {
		count++;
		nanosleep(&pause, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return count;
}

/* The user to become, NULL for oneself; ends the program when that cannot be. */
static const struct passwd *find_user(const char *name)
{
	const struct passwd *user;

	if (strcmp(name, "self") == 0 || (getuid() != 0 && strcmp(name, "tester") == 0))
		return NULL;
	user = getpwnam(name); /* NOLINT(concurrency-mt-unsafe) */
	if (!user) {
		printf("skipped: there is no user '%s'\n", name);
		exit(SKIP);
	}
	if (user->pw_uid == getuid())
		return NULL;
	if (getuid() != 0) {
		printf("skipped: only root can become '%s'\n", name);
		exit(SKIP);
	}
	return user;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/varve-case.XXXXXX";
	const struct passwd *user;
	uint32_t seconds;
	sigset_t child;
	int code;

	if (argc != 4 || parse_u32(argv[2], &seconds) < 0)
		return 2;
	user = find_user(argv[1]);
	if (!mkdtemp(dir) || (user && chown(dir, user->pw_uid, user->pw_gid) < 0))
		return 2;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	code = wait_for(start(argv[3], dir, user), seconds);
	if (leftovers() && code == 0)
		code = 1;
	if (count_mounts(dir)) {
		fprintf(stderr, "there are mounts below %s\n", dir);
		code = code ? code : 1;
	}
	if (code == 0 || code == SKIP)
		(void)dir_remove_all(AT_FDCWD, dir);
	else
		fprintf(stderr, "kept: %s\n", dir);
	return code;
}
