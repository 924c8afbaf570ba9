/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "builder/sandbox/probe.h"
#include "builder/step/binfmt.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/doctor_platforms.h"
#include "tools/doctor_store.h"
#include "tools/environment.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/verb.h"

struct doctor_options {
	const char *format;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct doctor_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

static const char *const verdicts[] = {
	[PROBE_OK] = "ok", [PROBE_WARN] = "weak", [PROBE_FAIL] = "fault"
};

/* A control character of a path or a program's message must not reach the terminal. */
static void add_safe(struct buf *text, const char *found)
{
	for (; *found; found++)
		buf_add_char(text, (unsigned char)*found < ' ' || *found == 127 ? '?' : *found);
}

static void write_line(const struct probe_result *result, struct buf *text)
{
	buf_add_format(text, "%-6s %s: ", verdicts[result->verdict], result->name);
	add_safe(text, result->found);
	buf_add_char(text, '\n');
	if (result->mend) {
		buf_add_string(text, "       -> ");
		add_safe(text, result->mend);
		buf_add_char(text, '\n');
	}
}

static void write_json(const struct probe_result *result, struct buf *text)
{
	buf_add_char(text, '{');
	json_add_field(text, "name", result->name);
	json_add_field(text, "verdict", verdicts[result->verdict]);
	json_add_field(text, "found", result->found);
	if (result->mend)
		json_add_field(text, "mend", result->mend);
	buf_add_string(text, "}\n");
}

static void count(const struct probe_report *report, size_t ret[3])
{
	for (size_t i = 0; i < report->count; i++)
		ret[report->items[i].verdict]++;
}

/* The last line says it all. */
static void write_summary(const size_t counts[3], struct buf *text)
{
	if (counts[PROBE_FAIL])
		buf_add_string(text, "RUN steps do not work here until the faults are mended\n");
	else if (counts[PROBE_WARN])
		buf_add_string(text, "builds work here; what is weak is listed with its mend\n");
	else
		buf_add_string(text, "all is well\n");
}

static int probe(const struct invocation *call, struct probe_report *report, struct error *err)
{
	cleanup_fd int runtime_fd = environment_open_runtime_dir(err);
	const char *store;
	int r;

	if (runtime_fd < 0)
		return runtime_fd;
	r = environment_store(call->environment, &store, err);
	if (r < 0)
		return r;
	probe_run(runtime_fd, report);
	doctor_platforms(BINFMT_HANDLERS, report);
	doctor_store(store, report);
	return 0;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct doctor_options *given = call->options;
	bool json = output_format_of(given->format) == OUTPUT_JSON;
	cleanup_with(probe_report_release) struct probe_report report = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	size_t counts[3] = { 0 };
	int r = probe(call, &report, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < report.count; i++) {
		if (json)
			write_json(&report.items[i], &text);
		else
			write_line(&report.items[i], &text);
	}
	count(&report, counts);
	if (!json)
		write_summary(counts, &text);
	r = output_write(&text, err);
	return r < 0 ? r : counts[PROBE_FAIL] ? EXIT_BUILD_FAILED : EXIT_OK;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "Say what this host allows, and how to mend what it does not",
	.description =
		"Tries everything that a RUN step needs. A 'fault' keeps steps from running, what is\n"
		"'weak' takes something away from them; the line behind '->' mends it. Exits with 1\n"
		"when there is a fault.",
	.options = options,
	.values_size = sizeof(struct doctor_options),
	.run = run,
};
