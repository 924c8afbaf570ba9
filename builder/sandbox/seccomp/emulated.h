/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the supervisor makes in the step's place. Their numbers on each architecture
 * are written into the helper at build time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum emulated_call {
	EMULATED_MKNOD, /* of character and block devices only */
	EMULATED_MKNODAT,
	/* Where root alone is mapped: */
	EMULATED_CHOWN,
	EMULATED_LCHOWN,
	EMULATED_FCHOWN,
	EMULATED_FCHOWNAT,
};

/* One number of one architecture. */
struct emulated_number {
	uint32_t arch;
	int number;
	enum emulated_call call;
	bool narrow; /* ids have 16 bits */
};

/* The names of a call: an old one, and one with wide ids where the old one's are narrow. */
struct emulated_name {
	const char *name, *wide; /* NULL: the old one is wide everywhere */
	enum emulated_call call;
};

extern const struct emulated_name emulated_names[];
extern const size_t emulated_name_count;
