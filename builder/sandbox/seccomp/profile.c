/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/seccomp/profile.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

/* Names by what they are for, with blanks between; the same call for 32-bit times or ids beside
 * the wide one. A name that an architecture lacks is skipped there. */
static const char *const allowed[] = {
	/* memory */
	"brk mmap mmap2 munmap mremap mprotect madvise mincore msync mseal remap_file_pages "
	"mlock mlock2 mlockall munlock munlockall membarrier map_shadow_stack "
	"pkey_alloc pkey_free pkey_mprotect memfd_create memfd_secret process_mrelease",
	/* files by descriptor */
	"read write readv writev pread64 pwrite64 preadv preadv2 pwritev pwritev2 lseek _llseek "
	"close close_range dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync ftruncate ftruncate64 "
	"fallocate fadvise64 fadvise64_64 readahead cachestat sync sync_file_range syncfs "
	"copy_file_range sendfile sendfile64 splice tee vmsplice ioctl pipe pipe2 "
	"eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 "
	"timerfd_settime timerfd_settime64",
	/* files by name */
	"open openat openat2 creat access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 "
	"fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64 readlink readlinkat "
	"getdents getdents64 link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 "
	"mkdir mkdirat rmdir mknod mknodat truncate truncate64 name_to_handle_at "
	"chdir fchdir getcwd chroot umask statmount listmount",
	/* their attributes */
	"chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat "
	"utime utimes futimesat utimensat utimensat_time64 "
	"setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat "
	"listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr "
	"removexattrat",
	/* being told */
	"inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark "
	"select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 "
	"epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2",
	/* processes */
	"fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid "
	"getpgid getpgrp setpgid getsid setsid kill tkill tgkill pidfd_open pidfd_send_signal "
	"ptrace process_vm_readv process_vm_writev prctl seccomp rseq set_tid_address "
	"set_robust_list get_robust_list set_thread_area get_thread_area restart_syscall "
	"futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue "
	"landlock_create_ruleset landlock_add_rule landlock_restrict_self",
	/* signals */
	"rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn sigreturn "
	"sigprocmask sigaltstack pause alarm",
	/* who one is */
	"getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 "
	"getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid "
	"setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setgroups "
	"setgroups32 setfsuid setfsuid32 setfsgid setfsgid32 capget capset",
	/* scheduling and limits */
	"sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam "
	"sched_getscheduler sched_setscheduler sched_getattr sched_setattr sched_get_priority_max "
	"sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 getpriority "
	"setpriority ioprio_get ioprio_set getrlimit ugetrlimit setrlimit prlimit64 getrusage times "
	"getcpu sysinfo uname",
	/* time */
	"time gettimeofday nanosleep clock_gettime clock_gettime64 clock_getres clock_getres_time64 "
	"clock_nanosleep clock_nanosleep_time64 clock_adjtime clock_adjtime64 adjtimex getitimer "
	"setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
	"timer_settime timer_settime64",
	/* sockets */
	"socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername "
	"getsockopt setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg "
	"recvmmsg_time64",
	/* System V and POSIX queues, old asynchronous I/O, entropy */
	"ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl "
	"shmdt shmget mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedsend "
	"mq_timedreceive_time64 mq_timedsend_time64 io_setup io_destroy io_submit io_cancel "
	"io_getevents io_pgetevents io_pgetevents_time64 getrandom",
};

static const struct {
	const char *name;
	enum profile_verdict verdict;
} conditional[] = {
	{ "socket", PROFILE_SOCKET },
	{ "personality", PROFILE_PERSONALITY },
	{ "clone", PROFILE_CLONE },
	/* Its flags are in memory, where a filter cannot look: libraries then use clone(). */
	{ "clone3", PROFILE_UNKNOWN },
};

/* Calls that a libseccomp may be too old to know. From 424 on all architectures count alike. */
static const struct {
	const char *name;
	int number;
} recent[] = {
	{ "cachestat", 451 },         { "fchmodat2", 452 },        { "map_shadow_stack", 453 },
	{ "futex_wake", 454 },        { "futex_wait", 455 },       { "futex_requeue", 456 },
	{ "statmount", 457 },         { "listmount", 458 },        { "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 }, { "lsm_list_modules", 461 }, { "mseal", 462 },
	{ "setxattrat", 463 },        { "getxattrat", 464 },       { "listxattrat", 465 },
	{ "removexattrat", 466 },     { "open_tree_attr", 467 },
};

/* Plain, READ_IMPLIES_EXEC-free Linux and its 32-bit and UNAME26 forms, and asking. */
const uint32_t profile_personalities[] = { 0, 0x8, 0x20000, 0x20008, 0xffffffff };
const size_t profile_personality_count =
	sizeof profile_personalities / sizeof *profile_personalities;

#define X86_64_ONLY "arch_prctl modify_ldt uretprobe"
#define X86_ONLY    "modify_ldt"
#define ARM_ONLY \
	"arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"
#define RISCV_ONLY "riscv_flush_icache riscv_hwprobe"

static const struct profile_arch x86_64[] = {
	{ AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64, { X86_64_ONLY } },
	{ AUDIT_ARCH_I386, SCMP_ARCH_X86, { X86_ONLY } },
};
static const struct profile_arch aarch64[] = {
	{ AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64, { ARM_ONLY } },
	{ AUDIT_ARCH_ARM, SCMP_ARCH_ARM, { ARM_ONLY } },
};
static const struct profile_arch riscv64[] = {
	{ AUDIT_ARCH_RISCV64, SCMP_ARCH_RISCV64, { RISCV_ONLY } },
};

size_t profile_archs(const char *cpu_family, const struct profile_arch **ret)
{
	static const struct {
		const char *family;
		const struct profile_arch *archs;
		size_t count;
	} families[] = {
		{ "x86_64", x86_64, 2 },   { "x86", x86_64 + 1, 1 },  { "aarch64", aarch64, 2 },
		{ "arm", aarch64 + 1, 1 }, { "riscv64", riscv64, 1 },
	};

	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (strcmp(families[i].family, cpu_family) == 0) {
			*ret = families[i].archs;
			return families[i].count;
		}
	}
	return 0;
}

/*
 * 32-bit x86 has one call for all of sockets and one for all of System V's. The library knows their
 * parts by numbers of its own only, though the kernel has had real ones, too, for long.
 */
static int part_number(const struct profile_arch *arch, const char *name)
{
	for (int i = 0; i < (int)PROFILE_MAX_NUMBER; i++) {
		char *known = seccomp_syscall_resolve_num_arch(arch->libseccomp, i);
		bool same = known && strcmp(known, name) == 0;

		free(known);
		if (same)
			return i;
	}
	return -1;
}

int profile_number(const struct profile_arch *arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch->libseccomp, name);

	if (number < -1)
		number = part_number(arch, name);
	for (size_t i = 0; number < 0 && i < sizeof recent / sizeof *recent; i++) {
		if (strcmp(recent[i].name, name) == 0)
			return recent[i].number;
	}
	/* Private calls of 32-bit ARM have numbers far above all others. */
	return number >= 0 ? number : -1;
}

static void set(const struct profile_arch *arch, const char *name, enum profile_verdict verdict,
		enum profile_verdict *ret)
{
	int number = profile_number(arch, name);

	if (number >= 0 && (unsigned)number < PROFILE_MAX_NUMBER)
		ret[number] = verdict;
}

static void allow_group(const struct profile_arch *arch, const char *names,
			enum profile_verdict *ret)
{
	char name[64];

	while (names && *names) {
		size_t length = strcspn(names, " ");

		if (length > 0 && length < sizeof name) {
			memcpy(name, names, length);
			name[length] = '\0';
			set(arch, name, PROFILE_ALLOW, ret);
		}
		names += length;
		names += *names == ' ';
	}
}

void profile_fill(const struct profile_arch *arch, enum profile_verdict *ret)
{
	for (unsigned i = 0; i < PROFILE_MAX_NUMBER; i++) {
		char *name = seccomp_syscall_resolve_num_arch(arch->libseccomp, (int)i);

		ret[i] = name ? PROFILE_REFUSE : PROFILE_UNKNOWN;
		free(name);
	}
	for (size_t i = 0; i < sizeof recent / sizeof *recent; i++)
		ret[recent[i].number] = PROFILE_REFUSE;
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		allow_group(arch, allowed[i], ret);
	for (size_t i = 0; i < sizeof arch->names / sizeof *arch->names; i++)
		allow_group(arch, arch->names[i], ret);
	for (size_t i = 0; i < sizeof conditional / sizeof *conditional; i++)
		set(arch, conditional[i].name, conditional[i].verdict, ret);
}
