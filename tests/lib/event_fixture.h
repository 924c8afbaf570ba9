/* SPDX-License-Identifier: Apache-2.0 */
/* Events in short, for tests of what shows them. Times are in milliseconds. */
#pragma once

#include <string.h>

#include "builder/solve/event.h"

#define MS 1000000ull

static inline struct event vertex_event(unsigned number, const char *name)
{
	return (struct event){
		.type = EVENT_VERTEX, .vertex = number, .time_ns = MS, .name = name
	};
}

static inline struct event started_event(unsigned number, uint64_t time_ms)
{
	return (struct event){ .type = EVENT_STARTED, .vertex = number, .time_ns = time_ms * MS };
}

static inline struct event log_event(unsigned number, uint64_t time_ms, const char *text)
{
	return (struct event){ .type = EVENT_LOG,
			       .vertex = number,
			       .time_ns = time_ms * MS,
			       .stream = 1,
			       .data = text,
			       .size = strlen(text) };
}

static inline struct event status_event(unsigned number, uint64_t time_ms, const char *id,
					uint64_t current, bool complete)
{
	return (struct event){ .type = EVENT_STATUS,
			       .vertex = number,
			       .time_ns = time_ms * MS,
			       .id = id,
			       .current = current,
			       .complete = complete };
}

static inline struct event done_event(unsigned number, uint64_t time_ms, enum event_outcome outcome)
{
	return (struct event){ .type = EVENT_DONE,
			       .vertex = number,
			       .time_ns = time_ms * MS,
			       .outcome = outcome,
			       .error = outcome == EVENT_FAILED ? "it broke" : NULL };
}
