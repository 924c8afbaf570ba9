/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What failed in a filesystem that no program had asked for: a damaged object, a full disk. The
 * programs only saw a number. Kept until whoever runs them asks, the newest of them, each once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct buf;
struct strings;
struct wire;

#define FAILURES_MAX 16

/* All zero is an empty list. */
struct failures {
	struct failure {
		char *text;
		uint64_t number; /* counts up; of the last time it was added */
	} items[FAILURES_MAX];
	size_t count;
	uint64_t last;
};

void failures_add(struct failures *failures, const char *text);
void failures_release(struct failures *failures);
DEFINE_CLEANUP_VALUE(struct failures, failures_release);

/* Those with numbers above `since`, oldest first, with the last number; and what was encoded. */
void failures_encode(const struct failures *failures, uint64_t since, struct buf *ret);
int failures_decode(struct wire *wire, uint64_t *ret_last, struct strings *ret);
