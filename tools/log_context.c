/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/log_context.h"

#include <stdlib.h>

#include "fs/base/alloc.h"

struct kept {
	struct log_line line;
	char *data;
	struct kept *next;
};

struct log_context {
	uint32_t before, after;
	struct kept *first, **end; /* oldest first */
	size_t count, bytes;
	char *handed_out;    /* of log_context_next() */
	uint32_t after_left; /* lines that are shown behind a match */
	bool shown;          /* something has been */
	bool gap;            /* something was left out behind that */
};

struct log_context *log_context_new(uint32_t before, uint32_t after)
{
	struct log_context *context = xcalloc(1, sizeof *context);

	context->before = before;
	context->after = after;
	context->end = &context->first;
	return context;
}

static struct kept *take_first(struct log_context *context)
{
	struct kept *kept = context->first;

	if (!kept)
		return NULL;
	context->first = kept->next;
	if (!context->first)
		context->end = &context->first;
	context->count--;
	context->bytes -= kept->line.length;
	return kept;
}

static void drop_first(struct log_context *context)
{
	struct kept *kept = take_first(context);

	if (kept)
		free(kept->data);
	free(kept);
	context->gap = true;
}

void log_context_free(struct log_context *context)
{
	if (!context)
		return;
	while (context->first)
		drop_first(context);
	free(context->handed_out);
	free(context);
}

void log_context_begin(struct log_context *context)
{
	while (context->first)
		drop_first(context);
	context->after_left = 0;
	context->gap = true;
}

static void keep(struct log_context *context, const struct log_line *line)
{
	struct kept *kept;

	if (context->before == 0) {
		context->gap = true;
		return;
	}
	kept = xcalloc(1, sizeof *kept);
	kept->data = xmemdup(line->length ? line->data : "", line->length ? line->length : 1);
	kept->line = *line;
	kept->line.data = kept->data;
	*context->end = kept;
	context->end = &kept->next;
	context->count++;
	context->bytes += line->length;
	while (context->count > context->before || context->bytes > LOG_CONTEXT_BYTES_MAX)
		drop_first(context);
}

bool log_context_pass(struct log_context *context, const struct log_line *line)
{
	if (context->after_left) {
		context->after_left--;
		return true;
	}
	keep(context, line);
	return false;
}

bool log_context_match(struct log_context *context)
{
	bool separate = context->shown && context->gap && (context->before || context->after);

	context->after_left = context->after;
	context->shown = true;
	context->gap = false;
	return separate;
}

int log_context_next(struct log_context *context, struct log_line *ret)
{
	struct kept *kept = take_first(context);

	free(context->handed_out);
	context->handed_out = NULL;
	if (!kept)
		return 0;
	*ret = kept->line;
	context->handed_out = kept->data;
	free(kept);
	return 1;
}
