/* SPDX-License-Identifier: Apache-2.0 */
/* How the kernel has been told to run programs that are not for its machine: binfmt_misc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

/* Where the kernel shows it. */
#define BINFMT_HANDLERS "/proc/sys/fs/binfmt_misc"

/* What a program begins with; the kernel matches no byte behind that. */
#define BINFMT_HEAD_SIZE 256
struct binfmt_head {
	uint8_t bytes[BINFMT_HEAD_SIZE];
	size_t size;
};

struct binfmt_handler {
	bool enabled, fixed; /* fixed: the kernel has the interpreter open */
	char *interpreter;   /* NULL: none is named */
	uint32_t offset;
	uint8_t magic[BINFMT_HEAD_SIZE], mask[BINFMT_HEAD_SIZE];
	size_t magic_size, mask_size;
};

/* All zero is an empty one. */
void binfmt_handler_release(struct binfmt_handler *handler);
DEFINE_CLEANUP_VALUE(struct binfmt_handler, binfmt_handler_release);
/* From the text of its file; lines that are not understood are passed over. */
void binfmt_handler_parse(const char *text, struct binfmt_handler *ret);
/* Does it say that it runs such programs? */
bool binfmt_handler_matches(const struct binfmt_handler *handler, const struct binfmt_head *head);

struct binfmt;

/* `path` is a directory as BINFMT_HANDLERS. -ENODATA: nothing is shown there. */
int binfmt_open(const char *path, struct binfmt **ret);
void binfmt_close(struct binfmt *binfmt);
DEFINE_CLEANUP(struct binfmt *, binfmt_close);
/* 1 and the next handler for such programs, for the caller to release; 0: there is no other. */
int binfmt_next(struct binfmt *binfmt, const struct binfmt_head *head, struct binfmt_handler *ret);

/* A kind of machine, in Go's words. */
struct binfmt_machine {
	const char *name;
	unsigned number;             /* of ELF */
	uint8_t elf_class, elf_data; /* of programs that are for it */
	const char *hosts[3];        /* whose kernels run them without help */
};

extern const struct binfmt_machine binfmt_machines[];
extern const size_t binfmt_machine_count;
/* Does a host of this architecture run its programs without help? */
bool binfmt_machine_is_native(const struct binfmt_machine *machine, const char *host);
/* What a program for it begins with. */
void binfmt_machine_head(const struct binfmt_machine *machine, struct binfmt_head *ret);
