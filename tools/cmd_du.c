/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/usage/report.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/usage_list.h"

struct du_options {
	const char *format;
	bool verbose;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct du_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ .name = "verbose",
	  OPTION_AT(struct du_options, verbose),
	  .help = "All that is known of each, in a paragraph of its own" },
	{ 0 },
};

/* What each kind takes, and what a prune would give back. */
static int print_sums(const struct usage_report *report, struct error *err)
{
	static const char *const labels[USAGE_TYPE_COUNT] = {
		[USAGE_IMAGE] = "Images:",  [USAGE_PIN] = "Pins:",
		[USAGE_CACHE] = "Caches:",  [USAGE_STATE] = "States:",
		[USAGE_FAILED] = "Failed:", [USAGE_LAYERS] = "Layers:",
		[USAGE_JOURNAL] = "Logs:",  [USAGE_DANGLING] = "Dangling:",
	};
	cleanup_with(buf_release) struct buf text = { 0 };
	uint64_t sums[USAGE_TYPE_COUNT] = { 0 }, reclaimable = report->garbage;

	for (size_t i = 0; i < report->count; i++) {
		const struct usage_record *record = &report->items[i];

		sums[record->type] += record->size;
		reclaimable += usage_is_reclaimable(record) ? record->size : 0;
	}
	for (int i = 0; i < USAGE_TYPE_COUNT; i++) {
		if (sums[i])
			usage_list_add_sum(&text, labels[i], sums[i]);
	}
	if (report->held)
		usage_list_add_sum(&text, "Being built:", report->held);
	usage_list_add_sum(&text, "Garbage:", report->garbage);
	usage_list_add_sum(&text, "Reclaimable:", reclaimable);
	usage_list_add_sum(&text, "Total:", report->total);
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct du_options *given = call->options;
	enum output_format format = output_format_of(given->format);
	cleanup_with(usage_report_release) struct usage_report report = { 0 };
	cleanup_with(history_close) struct history *history = NULL;
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	if (r < 0)
		return r;
	history = access_history(store);
	r = usage_report_make(store, history, &report, err);
	if (r == 0)
		r = usage_list_print(&report, format, given->verbose, err);
	return r < 0 || format == OUTPUT_JSON ? r : print_sums(&report, err);
}

const struct verb verb_du = {
	.name = "du",
	.summary = "Say what takes how much room",
	.description =
		"Each thing is shown with what it takes beyond those above it: images, pins, caches,\n"
		"then the states of steps from the oldest on, then images without a tag, kept layers\n"
		"and logs.",
	.group = "Store",
	.options = options,
	.values_size = sizeof(struct du_options),
	.run = run,
};
