/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/history/output_log.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "tools/access.h"
#include "tools/json_text.h"
#include "tools/log_search.h"
#include "tools/output.h"

static const char *const streams[] = { "all", "stdout", "stderr", NULL };

struct log_options {
	const char *after, *before, *context; /* numbers; NULL: not said */
	const char *format, *grep, *stream;
	bool ignore_case, times;
};

static const struct option_spec options[] = {
	{ .name = "after-context",
	  .letter = 'A',
	  OPTION_AT(struct log_options, after),
	  .value = "lines",
	  .help = "With --grep: so many lines behind each as well" },
	{ .name = "before-context",
	  .letter = 'B',
	  OPTION_AT(struct log_options, before),
	  .value = "lines",
	  .help = "With --grep: so many lines before each as well" },
	{ .name = "context",
	  .letter = 'C',
	  OPTION_AT(struct log_options, context),
	  .value = "lines",
	  .help = "With --grep: so many lines on both sides" },
	{ .name = "format",
	  OPTION_AT(struct log_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "As it was printed, or an object for each piece that came at once" },
	{ .name = "grep",
	  .letter = 'g',
	  OPTION_AT(struct log_options, grep),
	  .value = "pattern",
	  .help = "Lines in which this extended regular expression is, of all builds or of those "
		  "named" },
	{ .name = "ignore-case",
	  .letter = 'i',
	  OPTION_AT(struct log_options, ignore_case),
	  .help = "With --grep: letters are the same, large or small" },
	{ .name = "stream",
	  OPTION_AT(struct log_options, stream),
	  .initial = "all",
	  .choices = streams,
	  .value = "name",
	  .help = "Only what went to standard output, or to standard error" },
	{ .name = "timestamps",
	  .letter = 't',
	  OPTION_AT(struct log_options, times),
	  .help = "Seconds since the step began in front of each line" },
	{ 0 },
};

/* What is being written, and how. */
struct showing {
	const struct log_options *given;
	struct buf text;
	bool in_line; /* the last line has not ended */
};

static void add_json(struct showing *showing, const struct output_log_chunk *chunk)
{
	struct buf *text = &showing->text;

	buf_add_char(text, '{');
	json_add_key(text, "ms");
	buf_add_format(text, "%u", chunk->time_ms);
	json_add_field(text, "stream", streams[chunk->stream]);
	json_add_key(text, "data");
	json_add_string(text, chunk->data, chunk->size);
	buf_add_string(text, "}\n");
}

static void add_lines(struct showing *showing, const struct output_log_chunk *chunk)
{
	const char *at = chunk->data, *end = at + chunk->size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;

		if (!showing->in_line)
			buf_add_format(&showing->text, "%7.3f ", chunk->time_ms / 1000.0);
		buf_append(&showing->text, at, (size_t)(next - at));
		showing->in_line = newline == NULL;
		at = next;
	}
}

static int show(struct showing *showing, const struct output_log_chunk *chunk, struct error *err)
{
	const struct log_options *given = showing->given;
	int r;

	if (strcmp(given->stream, "all") != 0 && strcmp(given->stream, streams[chunk->stream]) != 0)
		return 0;
	if (output_format_of(given->format) == OUTPUT_JSON)
		add_json(showing, chunk);
	else if (given->times)
		add_lines(showing, chunk);
	else
		buf_append(&showing->text, chunk->data, chunk->size);
	r = output_write(&showing->text, err);
	buf_clear(&showing->text);
	return r;
}

static int find(struct store *store, const char *name, struct output_log_reader **ret,
		struct error *err)
{
	cleanup_with(address_release) struct address address = { 0 };
	int r = access_state(store, name, &address, err);

	if (r == 0 && address.untouched)
		return error_set(err, -ENOENT,
				 "'%s' failed before anything ran in it; 'varve history' says why",
				 name);
	if (r == 0)
		r = output_log_open(store, &address.snapshot, ret, err);
	else
		return r;
	if (r == 0)
		return error_set(err, -ENOENT,
				 "there is no log of '%s': no step has made it, or the log is gone",
				 name);
	return r;
}

static int show_one(struct store *store, const struct invocation *call, struct error *err)
{
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	struct showing showing = { .given = call->options };
	struct output_log_chunk chunk;
	int r = find(store, call->operands[0], &reader, err);

	while (r >= 0 && (r = output_log_next(reader, &chunk, err)) > 0)
		r = show(&showing, &chunk, err);
	buf_release(&showing.text);
	return r;
}

/* A side that is not said has what both have. */
static int read_context(const char *option, const char *text, const char *both, uint32_t *ret,
			struct error *err)
{
	*ret = 0;
	if (!text) {
		text = both;
		option = "--context";
	}
	if (text && parse_u32(text, ret) < 0)
		return error_set(err, -EINVAL, "%s '%s': it is a number of lines", option, text);
	return 0;
}

static int read_contexts(const struct log_options *given, struct log_search *ret, struct error *err)
{
	int r = read_context("--before-context", given->before, given->context, &ret->before, err);

	if (r == 0)
		r = read_context("--after-context", given->after, given->context, &ret->after, err);
	if (r == 0 && !given->grep && (given->before || given->after || given->context))
		return error_set(err, -EINVAL, "lines around others are for --grep");
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct log_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	struct log_search search = {
		.pattern = given->grep,
		.ignore_case = given->ignore_case,
		.stream = strcmp(given->stream, "all") != 0 ? given->stream : NULL,
		.times = given->times,
		.json = output_format_of(given->format) == OUTPUT_JSON,
	};
	int r;

	if (!given->grep && call->operand_count != 1)
		return error_set(err, -EINVAL,
				 "without --grep the log of one STATE is shown: name it");
	if (!given->grep && given->ignore_case)
		return error_set(err, -EINVAL, "--ignore-case is for --grep");
	r = read_contexts(given, &search, err);
	if (r == 0)
		r = access_store(call, 0, &store, err);
	if (r < 0)
		return r;
	return given->grep ? log_search(store, &search, call->operands, call->operand_count, err)
			   : show_one(store, call, err);
}

const struct verb verb_log = {
	.name = "log",
	.summary = "Show what the step that made a state has printed",
	.operands = "STATE | --grep PATTERN [BUILD...]",
	.description =
		"The whole output of a RUN, also of one that failed, or that a later build has\n"
		"found CACHED. Other steps print nothing. With --grep the lines that match, in all\n"
		"logs that are kept or in those of the builds or states named; 1 if there are none.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct log_options),
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
