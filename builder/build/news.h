/* SPDX-License-Identifier: Apache-2.0 */
/* News about work that is no step of the Dockerfile: reading it, finding images, writing results. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/solve/event.h"

struct error;

struct news {
	struct event_sink *sink; /* NULL: nobody listens */
	unsigned next;           /* number of the next vertex */
};

/* A piece of work begins; its number. */
unsigned news_begin(struct news *news, const char *name);
/* A line about a part of it. */
void news_status(struct news *news, unsigned number, const char *id, uint64_t current,
		 uint64_t total, bool bytes, bool complete);
/* It ended with `result`, 0 or a negative errno whose words are in `err`. Returns `result`. */
int news_end(struct news *news, unsigned number, int result, const struct error *err);
/* A warning with all that is known of it; its type and time are filled in. */
void news_tell(struct news *news, struct event *warning);
/* Something about the Dockerfile or the host. */
void news_warn(struct news *news, const char *text, const struct event_location *where);
