/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/output.h"
#include "tools/table.h"

struct history_options {
	const char *format;
	uint64_t limit;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct history_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ .name = "limit",
	  .letter = 'n',
	  OPTION_AT(struct history_options, limit),
	  .initial = "50",
	  .help = "How many builds to list" },
	{ 0 },
};

static const struct table_column columns[] = {
	{ "BUILD", "id" },        { "RESULT", "result" },
	{ "STARTED", "started" }, { "TIME", "seconds" },
	{ "IMAGE", "tags" },      { "CONTEXT", "context" },
	{ "", "dockerfile" },     { "", "target" },
	{ "ERROR", "error" },     { 0 },
};

static const char *const results[] = {
	[HISTORY_RUNNING] = "running", [HISTORY_DONE] = "done",         [HISTORY_CACHED] = "cached",
	[HISTORY_FAILED] = "failed",   [HISTORY_CANCELED] = "canceled",
};

#define MS_NS 1000000

static void add_row(struct table *table, const struct history_build *build, int64_t now_ns)
{
	int64_t ms = build->ended_ms ? build->ended_ms - build->started_ms : 0;
	char time[32];

	(void)snprintf(time, sizeof time, "%jd.%jds", (intmax_t)(ms / 1000),
		       (intmax_t)(ms % 1000 / 100));
	table_add_text(table, build->id);
	table_add_text(table, results[build->status]);
	table_add_time(table, build->started_ms * MS_NS, now_ns);
	table_add_text(table, build->ended_ms ? time : NULL);
	table_add_text(table, build->tags);
	table_add_text(table, build->context);
	table_add_text(table, build->dockerfile);
	table_add_text(table, build->target);
	table_add_text(table, build->error);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct history_options *given = call->options;
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(history_close) struct history *history = NULL;
	cleanup_with(store_close) struct store *store = NULL;
	int64_t now_ns = clock_realtime_ns();
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = history_open(store, &history, err);
	if (r == 0)
		r = history_list(history, given->limit, &builds, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < builds.count; i++)
		add_row(table, &builds.items[i], now_ns);
	return table_print(table, output_format_of(given->format), err);
}

const struct verb verb_history = {
	.name = "history",
	.summary = "List builds, newest first",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct history_options),
	.run = run,
};
