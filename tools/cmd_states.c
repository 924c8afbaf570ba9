/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/diff.h"
#include "tools/access.h"
#include "tools/human.h"
#include "tools/output.h"
#include "tools/table.h"

struct states_options {
	const char *format;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct states_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

static const struct table_column columns[] = {
	{ "STATE", "address" },
	{ "RESULT", "result" },
	{ "ADDED", "added_bytes" },
	{ "FILES", "files" },
	{ "TIME", "duration" },
	{ "STEP", "name" },
	{ "", "stage" },
	{ "", "step" },
	{ "", "snapshot" },
	{ 0 },
};

static const char *const results[] = {
	[HISTORY_RUNNING] = "running", [HISTORY_DONE] = "done",         [HISTORY_CACHED] = "cached",
	[HISTORY_FAILED] = "failed",   [HISTORY_CANCELED] = "canceled",
};

/* What a step has changed. */
struct changes {
	uint64_t bytes; /* of files that are new, or have other content */
	uint64_t added, modified, deleted;
};

static void count_change(const struct tree_change *change, struct changes *ret)
{
	bool is_file = change->after.type == DIR_ENTRY_FILE;

	switch (change->kind) {
	case TREE_ADDED:
	case TREE_RETYPED:
		ret->added++;
		ret->bytes += is_file ? change->after.size : 0;
		return;
	case TREE_MODIFIED:
		ret->modified++;
		ret->bytes += is_file && change->content ? change->after.size : 0;
		return;
	case TREE_DELETED:
		ret->deleted++;
	}
}

static int root_of(struct store *store, const struct object_id *snapshot, struct tree_root *ret,
		   struct error *err)
{
	struct snapshot_record record;
	int r;

	*ret = tree_root_empty();
	if (object_id_is_zero(snapshot))
		return 0;
	r = snapshot_load(store, snapshot, &record, err);
	if (r == 0)
		*ret = record.root;
	return r;
}

static int count_changes(struct store *store, const struct history_state *state,
			 struct changes *ret, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_root before, after;
	struct tree_change change;
	int r = root_of(store, &state->parent, &before, err);

	if (r == 0)
		r = root_of(store, &state->snapshot, &after, err);
	if (r < 0)
		return r;
	tree_diff_begin(&diff, store, &before, &after);
	while ((r = tree_diff_next(&diff, &change, err)) > 0)
		count_change(&change, ret);
	return r;
}

/* A state may be gone by now; the line stays. */
static void add_changes(struct table *table, struct store *store, const struct history_state *state)
{
	struct changes changes = { 0 };
	cleanup_free char *files = NULL;

	if (state->step == 1 || object_id_is_zero(&state->snapshot) ||
	    count_changes(store, state, &changes, NULL) < 0) {
		table_add_text(table, NULL);
		table_add_text(table, NULL);
		return;
	}
	files = xasprintf("+%ju ~%ju -%ju", (uintmax_t)changes.added, (uintmax_t)changes.modified,
			  (uintmax_t)changes.deleted);
	table_add_size(table, changes.bytes);
	table_add_text(table, files);
}

static void add_duration(struct table *table, uint64_t ms)
{
	cleanup_free char *text =
		xasprintf("%ju.%jus", (uintmax_t)(ms / 1000), (uintmax_t)(ms % 1000 / 100));
	cleanup_free char *exact =
		xasprintf("%ju.%03jus", (uintmax_t)(ms / 1000), (uintmax_t)(ms % 1000));

	table_add_text_as(table, text, exact);
}

static void add_row(struct table *table, struct store *store, const struct history_state *state)
{
	cleanup_free char *address =
		xasprintf("%s@%s:%u", state->build, state->stage_label, state->step);

	table_add_text(table, address);
	table_add_text(table, results[state->status]);
	add_changes(table, store, state);
	add_duration(table, state->duration_ms);
	table_add_text(table, state->name);
	table_add_text(table, state->stage_label);
	table_add_number(table, state->step);
	table_add_text(table, object_id_is_zero(&state->snapshot)
				      ? NULL
				      : object_id_hex(&state->snapshot).text);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct states_options *given = call->options;
	const char *name = call->operand_count ? call->operands[0] : "last";
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	cleanup_with(history_states_release) struct history_states states = { 0 };
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(history_close) struct history *history = NULL;
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = history_open(store, &history, err);
	if (r == 0)
		r = history_find(history, name, &builds, err);
	if (r == 0)
		return error_set(err, -ENOENT, "there is no build '%s'; 'varve history' lists them",
				 name);
	if (r > 0)
		r = history_states(history, builds.items[0].id, &states, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < states.count; i++)
		add_row(table, store, &states.items[i]);
	return table_print(table, output_format_of(given->format), err);
}

const struct verb verb_states = {
	.name = "states",
	.summary = "List the states that the steps of a build have left",
	.operands = "[BUILD]",
	.description =
		"BUILD is an id, the beginning of one, 'last' or 'last-failed'; without it,\n"
		"the last build. What stands under STATE can be given to mount, diff and others.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct states_options),
	.max_operands = 1,
	.run = run,
};
