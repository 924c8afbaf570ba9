/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/news.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/object/id.h"

static void emit(struct news *news, struct event *event)
{
	event->time_ns = clock_monotonic_ns();
	if (news->sink)
		news->sink->emit(news->sink, event);
}

unsigned news_begin(struct news *news, const char *name)
{
	struct object_id id = object_id_of(name, strlen(name));
	cleanup_free char *digest = xasprintf("sha256:%s", object_id_hex(&id).text);
	unsigned number = news->next++;

	emit(news,
	     &(struct event){
		     .type = EVENT_VERTEX, .vertex = number, .name = name, .digest = digest });
	emit(news, &(struct event){ .type = EVENT_STARTED, .vertex = number });
	return number;
}

void news_status(struct news *news, unsigned number, const char *id, uint64_t current,
		 uint64_t total, bool bytes, bool complete)
{
	emit(news, &(struct event){ .type = EVENT_STATUS,
				    .vertex = number,
				    .id = id,
				    .current = current,
				    .total = total,
				    .bytes = bytes,
				    .complete = complete });
}

int news_end(struct news *news, unsigned number, int result, const struct error *err)
{
	emit(news, &(struct event){ .type = EVENT_DONE,
				    .vertex = number,
				    .outcome = result == 0            ? EVENT_OK
					       : result == -ECANCELED ? EVENT_CANCELED
								      : EVENT_FAILED,
				    .error = result < 0 && err ? err->text : NULL });
	return result;
}

void news_tell(struct news *news, struct event *warning)
{
	warning->type = EVENT_WARNING;
	emit(news, warning);
}

void news_warn(struct news *news, const char *text, const struct event_location *where)
{
	struct event event = { .type = EVENT_WARNING, .text = text };

	if (where)
		event.location = *where;
	emit(news, &event);
}
