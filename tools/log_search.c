/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/log_search.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <string.h>

#include "builder/history/output_log.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/object/id_set.h"
#include "tools/access.h"
#include "tools/json_text.h"
#include "tools/log_context.h"
#include "tools/output.h"

/* What has no end of a line is looked at in pieces. */
#define LINE_MAX_BYTES ((size_t)1 << 20)

static const char *const streams[] = { NULL, "stdout", "stderr" };

struct searching {
	const struct log_search *how;
	struct store *store;
	regex_t pattern;
	struct id_set seen;  /* states whose logs have been read */
	struct buf lines[3]; /* of each stream: one that has not ended yet */
	uint32_t times[3];   /* when that began */
	struct log_context *context;
	struct buf text;
	const char *address;
	bool found;
};

static void searching_release(struct searching *searching)
{
	regfree(&searching->pattern);
	id_set_release(&searching->seen);
	log_context_free(searching->context);
	for (size_t i = 0; i < 3; i++)
		buf_release(&searching->lines[i]);
	buf_release(&searching->text);
}

/* ---- lines ---- */

/* What is only around a match has a '-' where that has a ':'. */
static void add_line(struct searching *searching, const struct log_line *line, bool is_match)
{
	const char mark = is_match ? ':' : '-';
	const struct log_search *how = searching->how;
	struct buf *text = &searching->text;

	if (how->json) {
		buf_add_char(text, '{');
		json_add_field(text, "state", searching->address);
		json_add_key(text, "ms");
		buf_add_format(text, "%u", line->ms);
		json_add_field(text, "stream", streams[line->stream]);
		json_add_key(text, "line");
		json_add_string(text, line->data, line->length);
		buf_add_string(text, is_match ? "}\n" : ",\"context\":true}\n");
		return;
	}
	buf_add_format(text, "%s%c", searching->address, mark);
	if (how->times)
		buf_add_format(text, "%.3f%c", line->ms / 1000.0, mark);
	buf_append(text, line->data, line->length);
	buf_add_char(text, '\n');
}

static void add_match(struct searching *searching, const struct log_line *line)
{
	struct log_line before;

	if (log_context_match(searching->context) && !searching->how->json)
		buf_add_string(&searching->text, "--\n");
	while (log_context_next(searching->context, &before) > 0)
		add_line(searching, &before, false);
	add_line(searching, line, true);
}

static int end_line(struct searching *searching, int stream, struct error *err)
{
	struct buf *bytes = &searching->lines[stream];
	struct log_line line = { .stream = stream,
				 .ms = searching->times[stream],
				 .data = buf_string(bytes),
				 .length = bytes->length };
	regmatch_t range;
	int r = 0;

	if (line.length && line.data[line.length - 1] == '\r')
		line.length--;
	range = (regmatch_t){ .rm_so = 0, .rm_eo = (regoff_t)line.length };
	if (regexec(&searching->pattern, line.data, 1, &range, REG_STARTEND) == 0) {
		searching->found = true;
		add_match(searching, &line);
	} else if (log_context_pass(searching->context, &line)) {
		add_line(searching, &line, false);
	}
	if (searching->text.length)
		r = output_write(&searching->text, err);
	buf_clear(&searching->text);
	buf_clear(bytes);
	return r;
}

static int take(struct searching *searching, const struct output_log_chunk *chunk,
		struct error *err)
{
	const char *at = chunk->data, *end = at + chunk->size;
	struct buf *line = &searching->lines[chunk->stream];
	int r = 0;

	while (at < end && r == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		if (line->length == 0)
			searching->times[chunk->stream] = chunk->time_ms;
		if (n > LINE_MAX_BYTES - line->length) {
			n = LINE_MAX_BYTES - line->length;
			newline = NULL;
		}
		buf_append(line, at, n);
		at += n + (newline ? 1 : 0);
		if (newline || line->length == LINE_MAX_BYTES)
			r = end_line(searching, chunk->stream, err);
	}
	return r;
}

/* ---- logs ---- */

static int read_log(struct searching *searching, const struct object_id *snapshot,
		    struct error *err)
{
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	const char *stream = searching->how->stream;
	struct error damage = { 0 };
	struct output_log_chunk chunk;
	int r = output_log_open(searching->store, snapshot, &reader, &damage), written = 0;

	while (r > 0 && (r = output_log_next(reader, &chunk, &damage)) > 0) {
		if (stream && strcmp(stream, streams[chunk.stream]) != 0)
			continue;
		written = take(searching, &chunk, err);
		if (written < 0)
			return written;
	}
	if (r < 0)
		output_warn("%s: %s", searching->address, damage.text);
	for (int i = 1; i <= 2 && written == 0; i++) {
		if (searching->lines[i].length)
			written = end_line(searching, i, err);
	}
	return written;
}

static int search_state(struct searching *searching, const struct object_id *snapshot,
			const char *address, struct error *err)
{
	if (object_id_is_zero(snapshot) || !id_set_add(&searching->seen, snapshot))
		return 0;
	searching->address = address;
	log_context_begin(searching->context);
	return read_log(searching, snapshot, err);
}

static int search_build(struct searching *searching, struct history *history, const char *build,
			struct error *err)
{
	cleanup_with(history_states_release) struct history_states states = { 0 };
	int r = history_states(history, build, &states, err);

	for (size_t i = 0; i < states.count && r == 0; i++) {
		const struct history_state *state = &states.items[i];
		cleanup_free char *address =
			xasprintf("%s@%s:%u", state->build, state->stage_label, state->step);

		/* What is begun with has a log of where it was made; what failed before it ran has
		 * that of the step before. */
		if (state->step > 1 && !object_id_equal(&state->snapshot, &state->parent))
			r = search_state(searching, &state->snapshot, address, err);
	}
	return r;
}

static int search_all(struct searching *searching, struct history *history, struct error *err)
{
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	int r = history_list(history, SIZE_MAX / 2, &builds, err);

	for (size_t i = 0; i < builds.count && r == 0; i++)
		r = search_build(searching, history, builds.items[i].id, err);
	return r;
}

static int search_name(struct searching *searching, struct history *history, const char *name,
		       struct error *err)
{
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	cleanup_with(address_release) struct address address = { 0 };
	int r = history_find(history, name, &builds, err);

	if (r != 0)
		return r < 0 ? r : search_build(searching, history, builds.items[0].id, err);
	r = access_state(searching->store, name, &address, err);
	return r < 0 ? r : search_state(searching, &address.snapshot, address.name, err);
}

static int compile(struct searching *searching, struct error *err)
{
	int flags = REG_EXTENDED | (searching->how->ignore_case ? REG_ICASE : 0);
	int r = regcomp(&searching->pattern, searching->how->pattern, flags);
	char words[128];

	if (r == 0)
		return 0;
	(void)regerror(r, &searching->pattern, words, sizeof words);
	return error_set(err, -EINVAL, "--grep '%s': %s", searching->how->pattern, words);
}

int log_search(struct store *store, const struct log_search *search, char *const *names,
	       size_t count, struct error *err)
{
	cleanup_with(history_close) struct history *history = NULL;
	struct searching searching = { .how = search,
				       .store = store,
				       .context = log_context_new(search->before, search->after) };
	int r = compile(&searching, err);

	if (r < 0) {
		log_context_free(searching.context);
		return r;
	}
	r = history_open(store, &history, err);
	if (r == 0 && count == 0)
		r = search_all(&searching, history, err);
	for (size_t i = 0; i < count && r == 0; i++)
		r = search_name(&searching, history, names[i], err);
	if (r == 0)
		r = searching.found ? EXIT_OK : EXIT_BUILD_FAILED;
	searching_release(&searching);
	return r;
}
