/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/seccomp/bpf.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "builder/sandbox/seccomp/emulated.h"
#include "builder/sandbox/seccomp/profile.h"

/* Older kernel headers. */
#ifndef SECCOMP_RET_KILL_PROCESS
#	define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif
#ifndef SECCOMP_RET_USER_NOTIF
#	define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

#define REFUSE  (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)
#define DONE    (SECCOMP_RET_ERRNO | 0) /* without having been */
#define X32_BIT 0x40000000u

/* Private calls of 32-bit ARM: breakpoints, cache flushes, thread-local storage. */
#define ARM_PRIVATE_FIRST 0xf0000u
#define ARM_PRIVATE_LAST  0xf0010u

static size_t add(struct bpf_program *program, unsigned code, uint32_t k)
{
	assert(program->count < BPF_LIMIT);
	program->items[program->count] = (struct sock_filter){ .code = (uint16_t)code, .k = k };
	return program->count++;
}

static void add_return(struct bpf_program *program, uint32_t value)
{
	add(program, BPF_RET | BPF_K, value);
}

static void add_load(struct bpf_program *program, size_t offset)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* The low half of an argument: all that the kernel looks at in those we judge. */
static void add_load_argument(struct bpf_program *program, unsigned index)
{
	add_load(program, offsetof(struct seccomp_data, args) + 8 * index);
}

/* Do what follows up to end_if() when the comparison of the loaded value with `k` holds. */
static size_t begin_if(struct bpf_program *program, unsigned comparison, uint32_t k)
{
	size_t at = add(program, BPF_JMP | comparison | BPF_K, k);

	program->items[at].jt = 1;
	return add(program, BPF_JMP | BPF_JA, 0);
}

static void end_if(struct bpf_program *program, size_t jump)
{
	program->items[jump].k = (uint32_t)(program->count - jump - 1);
}

static void add_return_if(struct bpf_program *program, unsigned comparison, uint32_t k,
			  uint32_t value)
{
	size_t at = add(program, BPF_JMP | comparison | BPF_K, k);

	program->items[at].jf = 1;
	add_return(program, value);
}

/* Judge by arguments; ends in a return whatever they are. */
static void add_condition(struct bpf_program *program, enum profile_verdict verdict)
{
	add_load_argument(program, 0);
	if (verdict == PROFILE_SOCKET) {
		add_return_if(program, BPF_JEQ, 38 /* AF_ALG */, REFUSE);
		add_return_if(program, BPF_JEQ, 40 /* AF_VSOCK */, REFUSE);
		add_return(program, SECCOMP_RET_ALLOW);
	} else if (verdict == PROFILE_PERSONALITY) {
		for (size_t i = 0; i < profile_personality_count; i++)
			add_return_if(program, BPF_JEQ, profile_personalities[i],
				      SECCOMP_RET_ALLOW);
		add_return(program, REFUSE);
	} else {
		assert(verdict == PROFILE_CLONE);
		add_return_if(program, BPF_JSET, PROFILE_CLONE_NAMESPACES, REFUSE);
		add_return(program, SECCOMP_RET_ALLOW);
	}
}

static void add_verdict(struct bpf_program *program, int verdict)
{
	if (verdict == PROFILE_ALLOW)
		add_return(program, SECCOMP_RET_ALLOW);
	else if (verdict == PROFILE_REFUSE)
		add_return(program, REFUSE);
	else if (verdict == PROFILE_UNKNOWN)
		add_return(program, UNKNOWN);
	else
		add_condition(program, (enum profile_verdict)verdict);
}

typedef void verdict_fn(struct bpf_program *program, int verdict);

/* Numbers from `first` up to the next range's have one verdict. */
struct range {
	unsigned first;
	int verdict;
};

static size_t find_ranges(const int *verdicts, struct range *ret)
{
	size_t count = 0;

	for (unsigned number = 0; number < PROFILE_MAX_NUMBER; number++) {
		if (number == 0 || verdicts[number] != verdicts[number - 1])
			ret[count++] = (struct range){ number, verdicts[number] };
	}
	return count;
}

/*
 * Search the ranges by halves. Kernels since 5.11 remember which numbers are always allowed, and
 * run the program for each of them when it is loaded: that is what each step would pay for a
 * chain of comparisons.
 */
static void add_numbers(struct bpf_program *program, const int *verdicts, verdict_fn *add_one)
{
	struct range ranges[PROFILE_MAX_NUMBER];
	struct {
		size_t low, high, jump;
	} pending[16]; /* lower halves, still to be written */
	size_t low = 0, high = find_ranges(verdicts, ranges), depth = 0;

	for (;;) {
		while (high - low > 1) {
			size_t middle = low + (high - low) / 2;

			assert(depth < sizeof pending / sizeof *pending);
			pending[depth].low = low;
			pending[depth].high = middle;
			pending[depth++].jump = begin_if(program, BPF_JGE, ranges[middle].first);
			low = middle;
		}
		add_one(program, ranges[low].verdict);
		if (depth == 0)
			return;
		depth--;
		end_if(program, pending[depth].jump);
		low = pending[depth].low;
		high = pending[depth].high;
	}
}

static void add_arch(struct bpf_program *program, const struct profile_arch *arch)
{
	enum profile_verdict filled[PROFILE_MAX_NUMBER];
	int verdicts[PROFILE_MAX_NUMBER];

	profile_fill(arch, filled);
	for (unsigned i = 0; i < PROFILE_MAX_NUMBER; i++)
		verdicts[i] = (int)filled[i];
	add_load(program, offsetof(struct seccomp_data, nr));
	/* The third way of calling a 64-bit x86 kernel: next to nobody has it switched on. */
	if (arch->audit_arch == AUDIT_ARCH_X86_64)
		add_return_if(program, BPF_JGE, X32_BIT, UNKNOWN);
	if (arch->audit_arch == AUDIT_ARCH_ARM) {
		add_return_if(program, BPF_JGT, ARM_PRIVATE_LAST, UNKNOWN);
		add_return_if(program, BPF_JGE, ARM_PRIVATE_FIRST, SECCOMP_RET_ALLOW);
	}
	add_return_if(program, BPF_JGE, PROFILE_MAX_NUMBER, UNKNOWN);
	add_numbers(program, verdicts, add_verdict);
}

void bpf_profile(const struct profile_arch *archs, size_t count, struct bpf_program *ret)
{
	for (size_t i = 0; i < count; i++) {
		size_t jump;

		add_load(ret, offsetof(struct seccomp_data, arch));
		jump = begin_if(ret, BPF_JEQ, archs[i].audit_arch);
		add_arch(ret, &archs[i]);
		end_if(ret, jump);
	}
	add_return(ret, SECCOMP_RET_KILL_PROCESS);
}

const struct emulated_name emulated_names[] = {
	{ "mknod", NULL, EMULATED_MKNOD },
	{ "mknodat", NULL, EMULATED_MKNODAT },
	{ "chown", "chown32", EMULATED_CHOWN },
	{ "lchown", "lchown32", EMULATED_LCHOWN },
	{ "fchown", "fchown32", EMULATED_FCHOWN },
	{ "fchownat", NULL, EMULATED_FCHOWNAT },
	{ "setuid", "setuid32", EMULATED_SETUID },
	{ "setgid", "setgid32", EMULATED_SETGID },
	{ "setreuid", "setreuid32", EMULATED_SETREUID },
	{ "setregid", "setregid32", EMULATED_SETREGID },
	{ "setresuid", "setresuid32", EMULATED_SETRESUID },
	{ "setresgid", "setresgid32", EMULATED_SETRESGID },
	{ "setfsuid", "setfsuid32", EMULATED_SETFSUID },
	{ "setfsgid", "setfsgid32", EMULATED_SETFSGID },
	{ "setgroups", "setgroups32", EMULATED_SETGROUPS },
	{ "getuid", "getuid32", EMULATED_GETUID },
	{ "geteuid", "geteuid32", EMULATED_GETEUID },
	{ "getgid", "getgid32", EMULATED_GETGID },
	{ "getegid", "getegid32", EMULATED_GETEGID },
	{ "getresuid", "getresuid32", EMULATED_GETRESUID },
	{ "getresgid", "getresgid32", EMULATED_GETRESGID },
	{ "getgroups", "getgroups32", EMULATED_GETGROUPS },
	{ "prctl", NULL, EMULATED_PRCTL },
	{ "getsockopt", NULL, EMULATED_GETSOCKOPT },
	{ "chroot", NULL, EMULATED_CHROOT },
	{ "execve", NULL, EMULATED_EXECVE },
	{ "execveat", NULL, EMULATED_EXECVEAT },
	{ "stat", "stat64", EMULATED_STAT },
	{ "lstat", "lstat64", EMULATED_LSTAT },
	{ "fstat", "fstat64", EMULATED_FSTAT },
	{ "newfstatat", NULL, EMULATED_FSTATAT },
	{ "fstatat64", NULL, EMULATED_FSTATAT },
	{ "statx", NULL, EMULATED_STATX },
};
const size_t emulated_name_count = sizeof emulated_names / sizeof *emulated_names;

/* `question` is an emulated_call and 1 more, or 0 for what is none. Ends in a return, like all
 * that may be reached by the number of a call. */
static void add_question(struct bpf_program *program, int question)
{
	const int call = question - 1;

	if (question == 0) {
		add_return(program, SECCOMP_RET_ALLOW);
	} else if (call == EMULATED_MKNOD || call == EMULATED_MKNODAT) {
		add_load_argument(program, call == EMULATED_MKNOD ? 1 : 2);
		add(program, BPF_ALU | BPF_AND | BPF_K, S_IFMT);
		add_return_if(program, BPF_JEQ, S_IFCHR, SECCOMP_RET_USER_NOTIF);
		add_return_if(program, BPF_JEQ, S_IFBLK, SECCOMP_RET_USER_NOTIF);
		add_return(program, SECCOMP_RET_ALLOW);
	} else if (call == EMULATED_PRCTL) {
		add_load_argument(program, 0);
		/* Timer slack holds who a thread says it is. */
		add_return_if(program, BPF_JEQ, PR_SET_TIMERSLACK, DONE);
		add_return_if(program, BPF_JEQ, PR_SET_KEEPCAPS, SECCOMP_RET_USER_NOTIF);
		add_return_if(program, BPF_JEQ, PR_GET_KEEPCAPS, SECCOMP_RET_USER_NOTIF);
		add_return(program, SECCOMP_RET_ALLOW);
	} else if (call == EMULATED_GETSOCKOPT) {
		add_load_argument(program, 2);
		add_return_if(program, BPF_JEQ, SO_PEERCRED, SECCOMP_RET_USER_NOTIF);
		add_return(program, SECCOMP_RET_ALLOW);
	} else {
		add_return(program, SECCOMP_RET_USER_NOTIF);
	}
}

static void add_emulated(struct bpf_program *program, const struct profile_arch *arch, bool owners)
{
	int questions[PROFILE_MAX_NUMBER] = { 0 };

	for (size_t i = 0; i < emulated_name_count; i++) {
		const char *const names[] = { emulated_names[i].name, emulated_names[i].wide };

		if (!owners && emulated_names[i].call >= EMULATED_ROOT_ONLY)
			continue;
		for (size_t j = 0; j < 2; j++) {
			int number = names[j] ? profile_number(arch, names[j]) : -1;

			if (number >= 0 && number < (int)PROFILE_MAX_NUMBER)
				questions[number] = (int)emulated_names[i].call + 1;
		}
	}
	add_load(program, offsetof(struct seccomp_data, nr));
	/* The profile's to refuse. */
	add_return_if(program, BPF_JGE, PROFILE_MAX_NUMBER, SECCOMP_RET_ALLOW);
	add_numbers(program, questions, add_question);
}

void bpf_emulated(const struct profile_arch *archs, size_t count, bool owners,
		  struct bpf_program *ret)
{
	for (size_t i = 0; i < count; i++) {
		size_t jump;

		add_load(ret, offsetof(struct seccomp_data, arch));
		jump = begin_if(ret, BPF_JEQ, archs[i].audit_arch);
		add_emulated(ret, &archs[i], owners);
		end_if(ret, jump);
	}
	add_return(ret, SECCOMP_RET_ALLOW);
}

static bool holds(const struct sock_filter *item, uint32_t a)
{
	switch (BPF_OP(item->code)) {
	case BPF_JEQ:
		return a == item->k;
	case BPF_JGT:
		return a > item->k;
	case BPF_JGE:
		return a >= item->k;
	default:
		assert(BPF_OP(item->code) == BPF_JSET);
		return a & item->k;
	}
}

uint32_t bpf_run(const struct sock_filter *items, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < count; at++) {
		const struct sock_filter *item = &items[at];

		if (BPF_CLASS(item->code) == BPF_RET)
			return item->k;
		if (BPF_CLASS(item->code) == BPF_LD)
			memcpy(&a, (const char *)data + item->k, sizeof a);
		else if (BPF_CLASS(item->code) == BPF_ALU)
			a &= item->k;
		else if (BPF_OP(item->code) == BPF_JA)
			at += item->k;
		else
			at += holds(item, a) ? item->jt : item->jf;
	}
	assert(false); /* a program without an end */
	return SECCOMP_RET_KILL_PROCESS;
}
