/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traces of one RUN: of the state it began with, then of what its binds showed, in their order.
 * As bytes: u32 version = 1, u32 count, and each with its length in front, see fs/base/wire.h.
 */
#pragma once

#include "fs/object/trace.h"

struct error;

/* All zero is an empty one. */
struct trace_list {
	struct trace *items;
	size_t count, capacity;
};

/* Of traces that are encoded already: a head, and behind it each of them. */
void trace_list_begin(struct buf *ret, size_t count);
void trace_list_add(struct buf *ret, const struct buf *trace);
/* -EBADMSG; `ret` is empty before. */
int trace_list_decode(const void *data, size_t size, struct trace_list *ret, struct error *err);
void trace_list_release(struct trace_list *list);
DEFINE_CLEANUP_VALUE(struct trace_list, trace_list_release);
