/* SPDX-License-Identifier: Apache-2.0 */
/* Filter programs made of a profile, as the kernel takes them. Little-endian machines only. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile_arch;

#define BPF_LIMIT 4096 /* instructions the kernel takes at most */

/* All zero is an empty program. */
struct bpf_program {
	struct sock_filter items[BPF_LIMIT];
	size_t count;
};

/* What a step may do; another architecture than these ends the process. */
void bpf_profile(const struct profile_arch *archs, size_t count, struct bpf_program *ret);

/* Ask the supervisor about mknod(2) of character and block devices, and with `owners` about all
 * that has to do with ids; allow all else. */
void bpf_emulated(const struct profile_arch *archs, size_t count, bool owners,
		  struct bpf_program *ret);

/* What the kernel would decide: the SECCOMP_RET_ value. For tests. */
struct seccomp_data;
uint32_t bpf_run(const struct sock_filter *items, size_t count, const struct seccomp_data *data);
