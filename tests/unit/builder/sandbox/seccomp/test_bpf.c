/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel would make of each call, on every architecture there is a filter for. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "builder/sandbox/seccomp/bpf.h"
#include "builder/sandbox/seccomp/profile.h"
#include "tests/lib/unit.h"

#define DENIED  (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

static const char *const families[] = { "x86_64", "x86", "aarch64", "arm", "riscv64" };

enum kind { PROFILE, DEVICES, OWNERS };

static const struct bpf_program *program(const char *family, enum kind kind,
					 const struct profile_arch **ret_archs, size_t *ret_count)
{
	static struct bpf_program filter;

	filter.count = 0;
	*ret_count = profile_archs(family, ret_archs);
	assert_true(*ret_count > 0);
	if (kind == PROFILE)
		bpf_profile(*ret_archs, *ret_count, &filter);
	else
		bpf_emulated(*ret_archs, *ret_count, kind == OWNERS, &filter);
	assert_true(filter.count <= BPF_LIMIT);
	return &filter;
}

static uint32_t verdict(const struct bpf_program *filter, const struct profile_arch *arch,
			const char *name, uint64_t first, uint64_t second, uint64_t third)
{
	struct seccomp_data data = { .nr = profile_number(arch, name),
				     .arch = arch->audit_arch,
				     .args = { first, second, third } };

	return bpf_run(filter->items, filter->count, &data);
}

/* Run `check` for each architecture of each family. */
static void each(enum kind kind,
		 void (*check)(const struct bpf_program *filter, const struct profile_arch *arch))
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		const struct profile_arch *archs;
		size_t count;
		const struct bpf_program *filter = program(families[i], kind, &archs, &count);

		for (size_t j = 0; j < count; j++)
			check(filter, &archs[j]);
	}
}

static void check_list(const struct bpf_program *filter, const struct profile_arch *arch,
		       const char *const *names, uint32_t wanted)
{
	for (; *names; names++) {
		uint32_t got;

		if (profile_number(arch, *names) < 0)
			continue;
		got = verdict(filter, arch, *names, 0, 0, 0);
		if (got != wanted)
			fail_msg("%s on %x: %x", *names, arch->audit_arch, got);
	}
}

static void check_denied(const struct bpf_program *filter, const struct profile_arch *arch)
{
	static const char *const names[] = {
		"acct",           "add_key",         "bpf",
		"clock_settime",  "clock_settime64", "create_module",
		"delete_module",  "fanotify_init",   "finit_module",
		"fsconfig",       "fsmount",         "fsopen",
		"fspick",         "get_kernel_syms", "get_mempolicy",
		"init_module",    "io_uring_enter",  "io_uring_register",
		"io_uring_setup", "ioperm",          "iopl",
		"kcmp",           "kexec_file_load", "kexec_load",
		"keyctl",         "lookup_dcookie",  "mbind",
		"mount",          "mount_setattr",   "move_mount",
		"move_pages",     "nfsservctl",      "open_by_handle_at",
		"open_tree",      "perf_event_open", "pidfd_getfd",
		"pivot_root",     "process_madvise", "quotactl",
		"quotactl_fd",    "reboot",          "request_key",
		"set_mempolicy",  "setdomainname",   "sethostname",
		"setns",          "settimeofday",    "stime",
		"swapoff",        "swapon",          "_sysctl",
		"sysfs",          "syslog",          "umount",
		"umount2",        "unshare",         "uselib",
		"userfaultfd",    "ustat",           "vhangup",
		"vm86",           "vm86old",         NULL
	};

	check_list(filter, arch, names, DENIED);
}

static void test_what_docker_denies_is_denied(void **state)
{
	(void)state;
	each(PROFILE, check_denied);
}

static void check_allowed(const struct bpf_program *filter, const struct profile_arch *arch)
{
	static const char *const names[] = { "read",
					     "write",
					     "openat",
					     "close",
					     "mmap",
					     "execve",
					     "exit_group",
					     "futex",
					     "chown",
					     "fchownat",
					     "mknodat",
					     "ptrace",
					     "chroot",
					     "setuid",
					     "setgroups",
					     "capset",
					     "epoll_pwait2",
					     "rseq",
					     "landlock_create_ruleset",
					     "memfd_create",
					     "prctl",
					     "seccomp",
					     NULL };

	check_list(filter, arch, names, SECCOMP_RET_ALLOW);
}

static void test_what_programs_need_is_allowed(void **state)
{
	(void)state;
	each(PROFILE, check_allowed);
}

static void check_arguments(const struct bpf_program *filter, const struct profile_arch *arch)
{
	assert_int_equal(verdict(filter, arch, "clone", CLONE_VM | CLONE_THREAD, 0, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "clone", CLONE_NEWUSER | CLONE_VM, 0, 0), DENIED);
	assert_int_equal(verdict(filter, arch, "clone", CLONE_NEWNET, 0, 0), DENIED);
	/* Bits above the 32 that the call looks at do not hide those below. */
	assert_int_equal(verdict(filter, arch, "clone", UINT64_C(1) << 32 | CLONE_NEWNS, 0, 0),
			 DENIED);
	assert_int_equal(verdict(filter, arch, "clone3", 0, 0, 0), UNKNOWN);
	assert_int_equal(verdict(filter, arch, "socket", 1 /* AF_UNIX */, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "socket", 16 /* AF_NETLINK */, 0, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "socket", 38 /* AF_ALG */, 0, 0), DENIED);
	assert_int_equal(verdict(filter, arch, "socket", 40 /* AF_VSOCK */, 0, 0), DENIED);
	assert_int_equal(verdict(filter, arch, "personality", 0xffffffff, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(
		verdict(filter, arch, "personality", 0x40000 /* ADDR_NO_RANDOMIZE */, 0, 0),
		DENIED);
}

static void test_some_depend_on_their_arguments(void **state)
{
	(void)state;
	each(PROFILE, check_arguments);
}

static void check_unknown(const struct bpf_program *filter, const struct profile_arch *arch)
{
	struct seccomp_data data = { .arch = arch->audit_arch };

	for (data.nr = 500; data.nr < 600; data.nr++)
		assert_int_equal(bpf_run(filter->items, filter->count, &data), UNKNOWN);
	data.nr = -1;
	assert_int_equal(bpf_run(filter->items, filter->count, &data), UNKNOWN);
	if (arch->audit_arch == AUDIT_ARCH_X86_64) {
		data.nr = 0x40000000 + 1; /* write(2) of x32 */
		assert_int_equal(bpf_run(filter->items, filter->count, &data), UNKNOWN);
	}
}

static void test_newer_calls_do_not_exist(void **state)
{
	(void)state;
	each(PROFILE, check_unknown);
}

static void test_another_architecture_ends_the_process(void **state)
{
	const struct profile_arch *archs;
	size_t count;
	const struct bpf_program *filter = program("x86_64", PROFILE, &archs, &count);
	const struct seccomp_data data = { .arch = AUDIT_ARCH_S390X, .nr = 1 };

	(void)state;
	assert_int_equal(bpf_run(filter->items, filter->count, &data), SECCOMP_RET_KILL_PROCESS);
}

static void check_devices(const struct bpf_program *filter, const struct profile_arch *arch)
{
	assert_int_equal(verdict(filter, arch, "mknodat", 0, 0, S_IFCHR | 0600),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "mknodat", 0, 0, S_IFBLK | 0600),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "mknodat", 0, 0, S_IFIFO | 0600), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "mknodat", 0, S_IFCHR, 0644), SECCOMP_RET_ALLOW);
	if (profile_number(arch, "mknod") >= 0)
		assert_int_equal(verdict(filter, arch, "mknod", 0, S_IFCHR | 0600, 0),
				 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "openat", 0, 0, S_IFCHR), SECCOMP_RET_ALLOW);
}

static void check_no_owners(const struct bpf_program *filter, const struct profile_arch *arch)
{
	static const char *const names[] = { "fchownat", "setuid", "getuid", "execve",
					     "fstat",    "statx",  "prctl",  NULL };

	check_devices(filter, arch);
	check_list(filter, arch, names, SECCOMP_RET_ALLOW);
}

static void check_owners(const struct bpf_program *filter, const struct profile_arch *arch)
{
	static const char *const names[] = {
		"chown",       "chown32",     "lchown",      "lchown32",  "fchown",
		"fchown32",    "fchownat",    "setuid",      "setuid32",  "setgid",
		"setgid32",    "setreuid",    "setreuid32",  "setregid",  "setregid32",
		"setresuid",   "setresuid32", "setresgid",   "setfsuid",  "setfsgid32",
		"setgroups",   "setgroups32", "getuid",      "getuid32",  "geteuid",
		"getgid32",    "getegid",     "getresuid32", "getresgid", "getgroups",
		"getgroups32", "execve",      "execveat",    "chroot",    "stat",
		"stat64",      "lstat",       "lstat64",     "fstat",     "fstat64",
		"newfstatat",  "fstatat64",   "statx",       NULL
	};
	static const char *const others[] = { "read", "openat", "fchmodat", "getpid",
					      "mmap", "clone",  NULL };

	check_devices(filter, arch);
	check_list(filter, arch, names, SECCOMP_RET_USER_NOTIF);
	check_list(filter, arch, others, SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "prctl", PR_SET_KEEPCAPS, 1, 0),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "prctl", PR_GET_KEEPCAPS, 0, 0),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "prctl", PR_SET_TIMERSLACK, 1, 0),
			 SECCOMP_RET_ERRNO);
	assert_int_equal(verdict(filter, arch, "prctl", PR_SET_NAME, 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(filter, arch, "getsockopt", 3, SOL_SOCKET, SO_PEERCRED),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict(filter, arch, "getsockopt", 3, SOL_SOCKET, SO_ERROR),
			 SECCOMP_RET_ALLOW);
}

static void test_the_supervisor_is_asked_about_devices(void **state)
{
	(void)state;
	each(DEVICES, check_no_owners);
}

static void test_the_supervisor_is_asked_about_owners_where_only_root_is_mapped(void **state)
{
	(void)state;
	each(OWNERS, check_owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_docker_denies_is_denied),
		cmocka_unit_test(test_what_programs_need_is_allowed),
		cmocka_unit_test(test_some_depend_on_their_arguments),
		cmocka_unit_test(test_newer_calls_do_not_exist),
		cmocka_unit_test(test_another_architecture_ends_the_process),
		cmocka_unit_test(test_the_supervisor_is_asked_about_devices),
		cmocka_unit_test(
			test_the_supervisor_is_asked_about_owners_where_only_root_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
