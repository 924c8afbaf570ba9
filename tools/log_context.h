/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines around those that match are shown, as grep(1) does it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

/* Bytes of lines that are kept for a match behind them; further back there are none. */
#define LOG_CONTEXT_BYTES_MAX ((size_t)64 << 20)

struct log_line {
	int stream;
	uint32_t ms;
	const char *data;
	size_t length;
};

struct log_context;

/* Lines before and after each match. */
struct log_context *log_context_new(uint32_t before, uint32_t after);
void log_context_free(struct log_context *context);
DEFINE_CLEANUP(struct log_context *, log_context_free);

/* Another log begins: its lines are no neighbours of those so far. */
void log_context_begin(struct log_context *context);
/*
 * A line that does not match: true when it is to be shown, as it is behind one that does. Else it
 * is kept, as far as lines are.
 */
bool log_context_pass(struct log_context *context, const struct log_line *line);
/*
 * A line matches, and is to be shown behind those that log_context_next() has. True when something
 * was left out between what was shown before and the first of these: grep writes "--" there.
 */
bool log_context_match(struct log_context *context);
/* 1 and the next line that was kept, good until the next call; 0: that was all. */
int log_context_next(struct log_context *context, struct log_line *ret);
