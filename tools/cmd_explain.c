/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/step/note.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/snapshot/snapshot.h"
#include "tools/access.h"
#include "tools/explain_files.h"
#include "tools/json_text.h"
#include "tools/output.h"

struct explain_options {
	const char *format;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct explain_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

/* How far back in the history the step is looked for. */
#define BUILDS_MAX 50

/* The same step as another build has done it. */
struct other {
	char *address; /* NULL: none was found */
	struct object_id snapshot;
	struct step_note note;
	struct changed_files files; /* of a COPY or ADD */
};

static void other_release(struct other *other)
{
	free(other->address);
	step_note_release(&other->note);
	changed_files_release(&other->files);
}
DEFINE_CLEANUP_VALUE(struct other, other_release);

/* ---- finding another one ---- */

/* The step of that build, when it was not the very same. */
static int look_in_build(struct store *store, struct history *history, const char *build,
			 const struct address *address, const struct step_note *note,
			 struct other *ret, struct error *err)
{
	cleanup_with(history_states_release) struct history_states states = { 0 };
	int r = history_states(history, build, &states, err);

	for (size_t i = 0; i < states.count && r == 0; i++) {
		const struct history_state *state = &states.items[i];

		if (state->step != address->step || strcmp(state->stage_label, address->stage) != 0)
			continue;
		r = step_note_read(store, &state->snapshot, &ret->note, NULL);
		if (r > 0 && object_id_equal(&ret->note.keys.definition, &note->keys.definition)) {
			step_note_release(&ret->note);
			return 0;
		}
		if (r > 0)
			ret->address = xasprintf("%s@%s:%u", build, address->stage, address->step);
		ret->snapshot = state->snapshot;
		return r > 0;
	}
	return r;
}

static int find_other(struct store *store, const struct address *address,
		      const struct step_note *note, struct other *ret, struct error *err)
{
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	cleanup_with(history_close) struct history *history = access_history(store);
	bool behind = false; /* the one in question has been passed */
	int r = 0;

	if (!history || !address->build)
		return 0;
	r = history_list(history, BUILDS_MAX, &builds, err);
	for (size_t i = 0; i < builds.count && r == 0; i++) {
		if (behind)
			r = look_in_build(store, history, builds.items[i].id, address, note, ret,
					  err);
		behind = behind || strcmp(builds.items[i].id, address->build) == 0;
	}
	return r < 0 ? r : 0;
}

/* ---- comparing ---- */

/* The part of that name; of several, the one that comes as the `nth`. */
static const struct note_part *find_part(const struct step_note *note, const char *name, size_t nth)
{
	for (size_t i = 0; i < note->part_count; i++) {
		if (strcmp(note->parts[i].name, name) == 0 && nth-- == 0)
			return &note->parts[i];
	}
	return NULL;
}

/* How many of that name come before it. */
static size_t place_of(const struct step_note *note, size_t index)
{
	size_t place = 0;

	for (size_t i = 0; i < index; i++)
		place += strcmp(note->parts[i].name, note->parts[index].name) == 0;
	return place;
}

/* Behind two digests of files, which ones they are; without the states nothing is said of that. */
static void find_files(struct store *store, const struct address *address,
		       const struct step_note *note, struct other *other)
{
	const struct note_part *now = find_part(note, "files", 0);
	const struct note_part *then = find_part(&other->note, "files", 0);
	const struct note_part *destination = find_part(note, "destination", 0);
	struct snapshot_record before, after;

	if (!other->address || !now || !then || !destination ||
	    strcmp(now->value, then->value) == 0)
		return;
	if (snapshot_load(store, &other->snapshot, &before, NULL) == 0 &&
	    snapshot_load(store, &address->snapshot, &after, NULL) == 0)
		(void)changed_files_find(store, &before.root, &after.root, destination->value,
					 &other->files, NULL);
}

/* What is told of a step, though no key is made of it. */
static bool is_seen(const struct note_part *part)
{
	return strcmp(part->name, STEP_PART_SEEN) == 0;
}

typedef void (*change_fn)(struct buf *ret, const char *name, const char *before, const char *after);

/* NULL stands for what is not there. */
static void each_change(const struct step_note *before, const struct step_note *after, change_fn fn,
			struct buf *ret)
{
	if (!object_id_equal(&before->parent_key, &after->parent_key))
		fn(ret, "step before", object_id_hex(&before->parent_key).text,
		   object_id_hex(&after->parent_key).text);
	for (size_t i = 0; i < after->part_count; i++) {
		const struct note_part *part = &after->parts[i];
		const struct note_part *old = find_part(before, part->name, place_of(after, i));

		if (!is_seen(part) && (!old || strcmp(old->value, part->value) != 0))
			fn(ret, part->name, old ? old->value : NULL, part->value);
	}
	for (size_t i = 0; i < before->part_count; i++) {
		const struct note_part *part = &before->parts[i];

		if (!is_seen(part) && !find_part(after, part->name, place_of(before, i)))
			fn(ret, part->name, part->value, NULL);
	}
}

/* ---- writing ---- */

static void add_text_change(struct buf *ret, const char *name, const char *before,
			    const char *after)
{
	buf_add_format(ret, "  %s\n", name);
	if (before)
		buf_add_format(ret, "    - %s\n", before);
	if (after)
		buf_add_format(ret, "    + %s\n", after);
}

/* What --precise found when it looked for a result of other files. */
static void add_text_seen(struct buf *ret, const struct step_note *note)
{
	bool first = true;

	for (size_t i = 0; i < note->part_count; i++) {
		if (!is_seen(&note->parts[i]))
			continue;
		if (first)
			buf_add_string(ret, "\nAn earlier run had looked at what is other now:\n");
		buf_add_format(ret, "  %s\n", note->parts[i].value);
		first = false;
	}
}

static void add_text(struct buf *ret, const struct step_note *note, const struct other *other)
{
	buf_add_format(ret, "%s\n\n", note->name);
	buf_add_format(ret, "It is found again by these keys:\n  definition %s\n",
		       object_id_hex(&note->keys.definition).text);
	if (!object_id_is_zero(&note->keys.content))
		buf_add_format(ret, "  content    %s\n", object_id_hex(&note->keys.content).text);
	buf_add_string(ret, "\nwhich are made of\n");
	buf_add_format(ret, "  %-24s %s\n", "step before", object_id_hex(&note->parent_key).text);
	for (size_t i = 0; i < note->part_count; i++) {
		if (*note->parts[i].value && !is_seen(&note->parts[i]))
			buf_add_format(ret, "  %-24s %s\n", note->parts[i].name,
				       note->parts[i].value);
	}
	add_text_seen(ret, note);
	if (!other->address)
		return;
	buf_add_format(ret, "\nIt was not %s, as these differ:\n", other->address);
	each_change(&other->note, note, add_text_change, ret);
	for (size_t i = 0; i < other->files.count; i++)
		buf_add_format(ret, "    %s: %s\n", other->files.items[i].path,
			       other->files.items[i].what);
	if (other->files.more)
		buf_add_string(ret, "    and more: see 'varve diff'\n");
}

static void add_value(struct buf *ret, const char *key, const char *value)
{
	json_add_key(ret, key);
	if (value)
		json_add_string(ret, value, strlen(value));
	else
		buf_add_string(ret, "null");
}

/* Between objects of a list. */
static void add_comma(struct buf *ret)
{
	if (ret->data[ret->length - 1] != '[')
		buf_add_char(ret, ',');
}

static void add_json_change(struct buf *ret, const char *name, const char *before,
			    const char *after)
{
	add_comma(ret);
	buf_add_char(ret, '{');
	json_add_field(ret, "name", name);
	add_value(ret, "before", before);
	add_value(ret, "after", after);
	buf_add_char(ret, '}');
}

static void add_json(struct buf *ret, const struct step_note *note, const struct other *other)
{
	buf_add_char(ret, '{');
	json_add_field(ret, "name", note->name);
	json_add_field(ret, "definition", object_id_hex(&note->keys.definition).text);
	add_value(ret, "content",
		  object_id_is_zero(&note->keys.content) ? NULL
							 : object_id_hex(&note->keys.content).text);
	json_add_field(ret, "step_before", object_id_hex(&note->parent_key).text);
	json_add_key(ret, "parts");
	buf_add_char(ret, '[');
	for (size_t i = 0; i < note->part_count; i++) {
		if (is_seen(&note->parts[i]))
			continue;
		add_comma(ret);
		buf_add_char(ret, '{');
		json_add_field(ret, "name", note->parts[i].name);
		json_add_field(ret, "value", note->parts[i].value);
		buf_add_char(ret, '}');
	}
	buf_add_char(ret, ']');
	json_add_key(ret, "seen");
	buf_add_char(ret, '[');
	for (size_t i = 0; i < note->part_count; i++) {
		if (!is_seen(&note->parts[i]))
			continue;
		add_comma(ret);
		json_add_string(ret, note->parts[i].value, strlen(note->parts[i].value));
	}
	buf_add_char(ret, ']');
	add_value(ret, "compared_with", other->address);
	json_add_key(ret, "changes");
	buf_add_char(ret, '[');
	if (other->address)
		each_change(&other->note, note, add_json_change, ret);
	buf_add_char(ret, ']');
	json_add_key(ret, "files");
	buf_add_char(ret, '[');
	for (size_t i = 0; i < other->files.count; i++) {
		add_comma(ret);
		buf_add_char(ret, '{');
		json_add_field(ret, "path", other->files.items[i].path);
		json_add_field(ret, "change", other->files.items[i].what);
		buf_add_char(ret, '}');
	}
	buf_add_string(ret, "]}\n");
}

static int run(const struct invocation *call, struct error *err)
{
	const struct explain_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	cleanup_with(step_note_release) struct step_note note = { 0 };
	cleanup_with(other_release) struct other other = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = access_state(store, call->operands[0], &address, err);
	if (r == 0)
		r = step_note_read(store, &address.snapshot, &note, err);
	else
		return r;
	if (r == 0)
		return error_set(err, -ENOENT,
				 "nothing is known of how '%s' came about: no step has made it, "
				 "or the note on it is gone",
				 call->operands[0]);
	if (r > 0)
		r = find_other(store, &address, &note, &other, err);
	if (r < 0)
		return r;
	find_files(store, &address, &note, &other);
	if (output_format_of(given->format) == OUTPUT_JSON)
		add_json(&text, &note, &other);
	else
		add_text(&text, &note, &other);
	return output_write(&text, err);
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "Say what a step was done anew for",
	.operands = "STATE",
	.description =
		"Shows what the keys are made of by which the step is found again, and what of\n"
		"that is other than when an earlier build did the same step.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct explain_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
