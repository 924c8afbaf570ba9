/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory processes started now could have: of the machine, and of the cgroups we are in. */
#pragma once

#include <stdint.h>

struct memory {
	uint64_t total, available; /* bytes; of the tightest limit */
};

/* `root_fd` is that of "/". 0, or -errno when it cannot be told. */
int memory_read(int root_fd, struct memory *ret);
