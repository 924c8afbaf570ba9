/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside VERB [ARGUMENT…]: what a step of a test does that a shell cannot. Static, so that it runs
 * in any root filesystem.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/inside_users.h"

static void show(const char *what, long r)
{
	printf("%s %s\n", what, r < 0 ? strerrorname_np(errno) : "ok");
}

/* Try calls that a container is refused, and some that it is not. */
static int verb_syscalls(void)
{
	struct {
		uint64_t values[11];
	} clone3_args = { { 0 } };
	long pid;

	show("unshare", unshare(CLONE_NEWUSER));
	show("unshare-mount", unshare(CLONE_NEWNS));
	pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	show("clone-newuser", pid);
	pid = syscall(SYS_clone3, &clone3_args, 64);
	if (pid == 0)
		_exit(0);
	show("clone3", pid);
	show("setns", setns(0, 0));
	show("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	show("umount", umount2("/proc/keys", MNT_DETACH));
	show("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	show("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	show("move_mount", syscall(SYS_move_mount, 0, "", 0, "", 0));
	show("pivot_root", syscall(SYS_pivot_root, ".", "."));
	show("bpf", syscall(SYS_bpf, 0, NULL, 0));
	show("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
	show("userfaultfd", syscall(SYS_userfaultfd, 0));
	show("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
	show("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	show("add_key", syscall(SYS_add_key, "user", "x", "y", 1, 0));
	show("request_key", syscall(SYS_request_key, "user", "x", NULL, 0));
	show("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	show("open_by_handle_at", syscall(SYS_open_by_handle_at, 0, NULL, 0));
	show("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
	show("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
	show("pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0));
	show("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	show("init_module", syscall(SYS_init_module, NULL, 0, NULL));
	show("swapon", syscall(SYS_swapon, "/", 0));
	show("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
	show("sethostname", sethostname("x", 1));
	show("acct", syscall(SYS_acct, NULL));
	show("af-alg", socket(38, SOCK_SEQPACKET, 0));
	show("af-vsock", socket(40, SOCK_STREAM, 0));
	show("af-unix", socket(AF_UNIX, SOCK_STREAM, 0));
	show("af-netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	show("personality", syscall(SYS_personality, 0x0040000));
	show("personality-linux", syscall(SYS_personality, 0xffffffff));
	show("newest", syscall(500));
	show("cachestat", syscall(451, -1, NULL, NULL, 0));
	return 0;
}

/* Who it is, as for a set-user-id program. */
static int verb_ids(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	printf("uid=%u,%u,%u gid=%u,%u,%u nnp=%d\n", r, e, s, rg, eg, sg,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}

/* What su does: be another user and run a command. */
static int verb_su(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[0], NULL, 10);

	if (setgroups(1, &uid) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0) {
		perror("su");
		return 1;
	}
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 1;
}

/* Leave behind a process that wants to stay, writing a byte to FILE every 20 ms. */
static int verb_daemon(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);

	if (fork() != 0)
		_exit(0);
	setsid();
	for (int i = 1; i < 64; i++)
		signal(i, SIG_IGN);
	if (fork() != 0)
		_exit(0);
	close(0);
	close(1);
	close(2);
	for (;;) {
		(void)!write(fd, ".", 1);
		usleep(20000);
	}
}

static int verb_connect(const char *path, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char data[256];
	ssize_t n;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		perror("connect");
		return 1;
	}
	(void)!write(fd, text, strlen(text));
	n = read(fd, data, sizeof data);
	printf("%.*s\n", n > 0 ? (int)n : 0, data);
	return 0;
}

/* A service on loopback, at a port of the kernel's choosing: it is printed. */
static int verb_serve(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return 1;
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		(void)!write(client, "host\n", 5);
		close(client);
	}
}

static int verb_reach(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	show("reach", connect(fd, (struct sockaddr *)&address, sizeof address));
	return 0;
}

/* An abstract unix socket: "listen" or "connect". */
static int verb_abstract(const char *what, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	memcpy(address.sun_path + 1, name, strlen(name));
	if (strcmp(what, "connect") == 0) {
		show("connect", connect(fd, (struct sockaddr *)&address, length));
		return 0;
	}
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1) < 0)
		return 1;
	puts("listening");
	fflush(stdout);
	pause();
	return 0;
}

/* Hold an exclusive lock on FILE until GO exists, or say whether it is to be had. */
static int verb_flock(const char *path, const char *go)
{
	int fd = open(path, O_RDWR | O_CREAT, 0666);

	if (!go) {
		show("flock", flock(fd, LOCK_EX | LOCK_NB));
		return 0;
	}
	if (flock(fd, LOCK_EX) < 0)
		return 1;
	puts("locked");
	fflush(stdout);
	while (access(go, F_OK) < 0)
		usleep(10000);
	return 0;
}

/* Write through a shared mapping, which the kernel sends on when it likes. */
static int verb_map(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
	char *memory;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return 1;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 1;
	memcpy(memory, text, strlen(text));
	_exit(0);
}

static int verb_mknod(char **argv)
{
	mode_t mode = (mode_t)strtoul(argv[1], NULL, 8);

	show("mknod", mknod(argv[0], mode,
			    makedev((unsigned)strtoul(argv[2], NULL, 10),
				    (unsigned)strtoul(argv[3], NULL, 10))));
	return 0;
}

/* The same below a descriptor of a directory, and in another root. */
static int verb_mknodat(const char *dir, const char *name)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	show("mknodat", mknodat(fd, name, S_IFCHR | 0600, makedev(4, 5)));
	return 0;
}

/* A new file and its owner: by its descriptor, then by an empty path; and one that has no name. */
static int verb_fchown(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[1], NULL, 10);
	gid_t gid = (gid_t)strtoul(argv[2], NULL, 10);
	int fd = open(argv[0], O_RDWR | O_CREAT | O_EXCL, 0644);

	show("fchown", fchown(fd, uid, (gid_t)-1));
	show("fchownat", fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH));
	show("flags", fchownat(fd, "", 0, 0, 0x8000000));
	show("descriptor", fchown(99, 0, 0));
	fd = open("/d/unnamed", O_RDWR | O_CREAT | O_EXCL, 0644);
	unlink("/d/unnamed");
	show("unnamed", fchown(fd, uid, gid));
	return 0;
}

static int verb_chroot_mknod(const char *dir, const char *path)
{
	if (chroot(dir) < 0 || chdir("/") < 0)
		return 1;
	show("mknod", mknod(path, S_IFCHR | 0600, makedev(4, 6)));
	return 0;
}

static int verb_open(const char *path, const char *mode)
{
	show(path, open(path, strcmp(mode, "w") == 0 ? O_WRONLY : O_RDONLY));
	return 0;
}

/* Its descriptors by number and what they are. */
static int verb_fds(void)
{
	for (int fd = 0; fd < 4096; fd++) {
		char link[32], target[256] = "";

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		(void)!readlink(link, target, sizeof target - 1);
		printf("%d %s\n", fd, target);
	}
	return 0;
}

static int verb_kill(const char *pid)
{
	show("kill", kill((pid_t)strtol(pid, NULL, 10), SIGKILL));
	return 0;
}

static int verb_ptrace(const char *pid)
{
	show("ptrace", syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, strtol(pid, NULL, 10), 0, 0));
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "ids";
	char **rest = argv + 2;

	/* Installed set-user-id it has no verb of its own. */
	if (strcmp(verb, "syscalls") == 0)
		return verb_syscalls();
	if (strcmp(verb, "fds") == 0)
		return verb_fds();
	if (strcmp(verb, "ids") == 0)
		return verb_ids();
	if (strcmp(verb, "users") == 0 && argc > 2)
		return inside_users(rest[0]);
	if (strcmp(verb, "su") == 0 && argc > 3)
		return verb_su(rest);
	if (strcmp(verb, "daemon") == 0 && argc > 2)
		return verb_daemon(rest[0]);
	if (strcmp(verb, "connect") == 0 && argc > 3)
		return verb_connect(rest[0], rest[1]);
	if (strcmp(verb, "abstract") == 0 && argc > 3)
		return verb_abstract(rest[0], rest[1]);
	if (strcmp(verb, "serve") == 0)
		return verb_serve();
	if (strcmp(verb, "reach") == 0 && argc > 2)
		return verb_reach(rest[0]);
	if (strcmp(verb, "flock") == 0 && argc > 2)
		return verb_flock(rest[0], rest[1]);
	if (strcmp(verb, "map") == 0 && argc > 3)
		return verb_map(rest[0], rest[1]);
	if (strcmp(verb, "mknod") == 0 && argc > 5)
		return verb_mknod(rest);
	if (strcmp(verb, "mknodat") == 0 && argc > 3)
		return verb_mknodat(rest[0], rest[1]);
	if (strcmp(verb, "fchown") == 0 && argc > 4)
		return verb_fchown(rest);
	if (strcmp(verb, "chroot-mknod") == 0 && argc > 3)
		return verb_chroot_mknod(rest[0], rest[1]);
	if (strcmp(verb, "open") == 0 && argc > 3)
		return verb_open(rest[0], rest[1]);
	if (strcmp(verb, "kill") == 0 && argc > 2)
		return verb_kill(rest[0]);
	if (strcmp(verb, "ptrace") == 0 && argc > 2)
		return verb_ptrace(rest[0]);
	fprintf(stderr, "inside: what?\n");
	return 2;
}
