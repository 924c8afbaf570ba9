/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/inside_users.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r)
{
	uid_t u[3] = { 9, 9, 9 };
	gid_t g[3] = { 9, 9, 9 };

	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	printf("%s: %s %u,%u,%u,%d %u,%u,%u,%d\n", what, r < 0 ? strerrorname_np(errno) : "ok",
	       u[0], u[1], u[2], setfsuid((uid_t)-1), g[0], g[1], g[2], setfsgid((gid_t)-1));
	fflush(stdout);
}

/* Each in a process of its own, which begins as root. */
static int in_child(int (*function)(const char *dir), const char *dir)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)alarm(10) + function(dir));
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

static int try_ids(const char *dir)
{
	(void)dir;
	show("start", 0);
	show("setresuid(-1,33,-1)", syscall(SYS_setresuid, -1, 33, -1));
	show("setuid(7)", syscall(SYS_setuid, 7));
	show("setgroups", syscall(SYS_setgroups, 0, NULL));
	show("setuid(0)", syscall(SYS_setuid, 0));
	show("setfsuid(5)", syscall(SYS_setfsuid, 5) == 0 ? 0 : -1);
	show("setfsgid(6)", syscall(SYS_setfsgid, 6) == 0 ? 0 : -1);
	show("setregid(8,9)", syscall(SYS_setregid, 8, 9));
	show("setresgid(1,2,3)", syscall(SYS_setresgid, 1, 2, 3));
	show("setgid(70000)", syscall(SYS_setgid, 70000));
	show("setreuid(1,2)", syscall(SYS_setreuid, 1, 2));
	show("setreuid(2,1)", syscall(SYS_setreuid, 2, 1));
	show("setreuid(3,-1)", syscall(SYS_setreuid, 3, -1));
	show("setresuid(1,1,1)", syscall(SYS_setresuid, 1, 1, 1));
	show("setuid(0)", syscall(SYS_setuid, 0));
	show("setgid(3)", syscall(SYS_setgid, 3));
	show("setgid(8)", syscall(SYS_setgid, 8));
	return 0;
}

static int try_groups(const char *dir)
{
	const gid_t groups[] = { 44, 5, 1000 };
	gid_t got[4] = { 0 };
	int n;

	(void)dir;
	show("setgroups", setgroups(3, groups));
	n = getgroups(4, got);
	printf("%d: %u %u %u\n", n, got[0], got[1], got[2]);
	show("too small", getgroups(2, got));
	show("negative", syscall(SYS_getgroups, -1, got));
	printf("count %d\n", getgroups(0, NULL));
	show("keep", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	printf("kept %d\n", prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	show("more", prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0));
	show("slack", prctl(PR_SET_TIMERSLACK, 1000000, 0, 0, 0));
	show("bad address", syscall(SYS_getresuid, 16, 16, 16));
	return 0;
}

/* Threads are users of their own, as far as the kernel is concerned. */
static void *other_thread(void *unused)
{
	(void)unused;
	show("another thread", syscall(SYS_setresuid, 12, 12, 12));
	return NULL;
}

static int try_threads(const char *dir)
{
	pthread_t thread;

	(void)dir;
	if (pthread_create(&thread, NULL, other_thread, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	show("this thread", 0);
	return 0;
}

/* Everything that can be made, by a user that has chosen a group for its files. */
static int try_files(const char *dir)
{
	int fd;

	if (chdir(dir) < 0 || chown(".", 1000, 1000) < 0 || setresgid(1000, 1000, 1000) < 0 ||
	    setgroups(0, NULL) < 0 || setresuid(-1, 1000, -1) < 0)
		return 1;
	show("file", close(open("file", O_CREAT | O_WRONLY, 0644)));
	show("dir", mkdir("dir", 0755));
	show("fifo", mkfifo("fifo", 0644));
	show("link", symlink("file", "link"));
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	show("unnamed", fd);
	show("chown to another", chown("file", 5, (gid_t)-1));
	show("chown to nobody", chown("file", (uid_t)-1, (gid_t)-1));
	show("chgrp to another", fchown(open("file", O_RDONLY), (uid_t)-1, 5));
	show("a device", mknod("null", S_IFCHR | 0666, 0x103));
	show("root again", seteuid(0));
	show("a device", mknod("null", S_IFCHR | 0666, 0x103));
	show("chown to another", lchown("link", 7, 8));
	show("hard link", link("fifo", "second"));
	return 0;
}

static void show_owner(const char *what, const struct stat *facts, int r)
{
	printf("%s: %s %u:%u %o %lu\n", what, r < 0 ? strerrorname_np(errno) : "ok", facts->st_uid,
	       facts->st_gid, facts->st_mode, (unsigned long)facts->st_nlink);
}

/* The same files by all ways to look at them. */
static int try_stat(const char *dir)
{
	struct stat facts = { 0 };
	struct statx wide = { 0 };
	int fd, r;

	if (chdir(dir) < 0)
		return 1;
	fd = open(".", O_RDONLY | O_DIRECTORY);
	show_owner("stat", &facts, stat("link", &facts));
	show_owner("lstat", &facts, lstat("link", &facts));
	show_owner("fstat", &facts, fstat(fd, &facts));
	show_owner("fstatat", &facts, fstatat(fd, "../files/dir", &facts, 0));
	show_owner("nofollow", &facts, fstatat(fd, "link", &facts, AT_SYMLINK_NOFOLLOW));
	show_owner("empty", &facts, fstatat(fd, "", &facts, AT_EMPTY_PATH));
	show_owner("empty, cwd", &facts, fstatat(AT_FDCWD, "", &facts, AT_EMPTY_PATH));
	show_owner("no path", &facts, fstatat(fd, "", &facts, 0));
	show_owner("slash", &facts, stat("file/", &facts));
	show_owner("none", &facts, stat("none", &facts));
	show_owner("path of a link", &facts, fstat(open("link", O_PATH | O_NOFOLLOW), &facts));
	r = statx(fd, "fifo", 0, STATX_UID | STATX_GID, &wide);
	printf("statx: %d %u:%u\n", r, wide.stx_uid, wide.stx_gid);
	show_owner("by /proc", &facts, stat("/proc/self/cwd/fifo", &facts));
	show("bad address", syscall(SYS_newfstatat, fd, "fifo", 16, 0));
	return 0;
}

static int connect_as_user(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	if (setresgid(60, 60, 60) < 0 || setresuid(1000, 1000, 1000) < 0 ||
	    connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
		return 1;
	return read(fd, &byte, 1) == 0 ? 0 : 1;
}

/* As databases ask who it is that connects. */
static int try_peer(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), peer;
	struct ucred who = { 0 };
	socklen_t size = sizeof who;
	pid_t pid;

	if (chdir(dir) < 0)
		return 1;
	snprintf(address.sun_path, sizeof address.sun_path, "socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(address.sun_path, 0777) < 0 || listen(fd, 1) < 0)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(connect_as_user(&address));
	peer = accept(fd, NULL, NULL);
	show("peer", getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size));
	printf("it is %s, %u:%u, %u bytes\n", who.pid == pid ? "the child" : "another", who.uid,
	       who.gid, size);
	close(peer);
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

int inside_users(const char *dir)
{
	int r = 0;

	(void)alarm(20);
	setvbuf(stdout, NULL, _IOLBF, 0);
	r |= in_child(try_ids, dir);
	r |= in_child(try_groups, dir);
	r |= in_child(try_threads, dir);
	r |= in_child(try_files, dir);
	r |= in_child(try_stat, dir);
	r |= in_child(try_peer, dir);
	return r;
}
