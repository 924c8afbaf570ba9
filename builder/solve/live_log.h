/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step prints while it runs, for other processes that wait for it: records in the file that
 * stands for its key, which is locked by whoever does the step. A record is u32 size << 2 | kind,
 * little-endian, and so many bytes: first who is doing it (kind 0), then what was printed, to 1 or
 * 2. It is gone with the lock; what is kept of a step is its journal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

/* So much of the output others are shown. */
#define LIVE_LOG_MAX   ((uint64_t)64 << 20)
#define LIVE_LABEL_MAX 4096

/* ---- for whoever has the lock ---- */

struct live_log {
	int fd; /* the caller's; -1: nobody is told */
	uint64_t size;
};

/* Begin anew, whatever a dead process has left there. Errors are no news, here and below. */
void live_log_begin(struct live_log *live, int fd, const char *label);
void live_log_add(struct live_log *live, int stream, const void *data, size_t size);

/* ---- for those who wait ---- */

struct live_reader {
	int fd;        /* -1: none yet */
	uint64_t at;   /* read so far */
	char *label;   /* of who is doing it, once that is known */
	bool foreign;  /* there is something that is no record: nothing more is read */
	void *context; /* of the functions */
	void (*began)(void *context, const char *label);
	void (*log)(void *context, int stream, const void *data, size_t size);
};

/* Pass on what is new, in the file that is locked now: not taken over. A file other than the last
 * time's is read from its beginning, when that one has been read to its end. */
void live_reader_follow(struct live_reader *reader, int fd);
/* The rest of the last one. */
void live_reader_finish(struct live_reader *reader);
