/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/history/address.h"

#include <errno.h>
#include <string.h>

#include "builder/history/history.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/object/id_set.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

#define PREFIX_MIN 4

/* ---- states of builds ---- */

struct parts {
	char *build, *stage, *step; /* stage and step NULL when they are not given */
};

/* "last@build:3" in three, in place. */
static struct parts split(char *text)
{
	struct parts parts = { .build = text };
	char *at = strchr(text, '@'), *colon = strchr(at ? at : text, ':');

	if (colon) {
		*colon = '\0';
		parts.step = colon + 1;
	}
	if (at) {
		*at = '\0';
		parts.stage = at + 1;
	}
	return parts;
}

/* Stages of a build for several platforms are called "build+linux_arm64". */
static bool is_called(const struct history_state *state, const char *wanted, bool any_platform)
{
	size_t length = strlen(wanted);

	if (!any_platform)
		return strcmp(state->stage_label, wanted) == 0;
	return *wanted && strncmp(state->stage_label, wanted, length) == 0 &&
	       state->stage_label[length] == '+';
}

/*
 * The stage of that label, for the first platform if it names none; without one, the last of those
 * the build was for, and without any that of the last state.
 */
static int find_stage(const struct history_states *states, const char *targets, const char *label,
		      unsigned *ret)
{
	const char *last = strrchr(targets, ' '), *wanted = label;
	unsigned highest = 0;

	if (!label)
		wanted = last ? last + 1 : targets;
	for (size_t i = 0; i < 2 * states->count; i++) {
		const struct history_state *state = &states->items[i % states->count];

		if (is_called(state, wanted, i >= states->count)) {
			*ret = state->stage;
			return 1;
		}
		if (state->stage > highest)
			highest = state->stage;
	}
	*ret = highest;
	return label == NULL;
}

/* The state of a failed build that is meant when nothing more is said. */
static const struct history_state *failed_state(const struct history_states *states)
{
	for (size_t i = 0; i < states->count; i++) {
		if (states->items[i].status == HISTORY_FAILED)
			return &states->items[i];
	}
	return NULL;
}

/* The step, or the last one of the stage. */
static const struct history_state *find_step(const struct history_states *states, unsigned stage,
					     uint32_t step)
{
	const struct history_state *found = NULL;

	for (size_t i = 0; i < states->count; i++) {
		const struct history_state *state = &states->items[i];

		if (state->stage == stage && (step == 0 || state->step == step))
			found = state;
	}
	return found;
}

static int no_state(const char *text, const char *build, struct error *err)
{
	return error_set(err, -ENOENT, "no state '%s'; see `varve states %s` for those there are",
			 text, build);
}

static void fill(struct address *ret, const struct history_state *state)
{
	ret->snapshot = state->snapshot;
	ret->build = xstrdup(state->build);
	ret->stage = xstrdup(state->stage_label);
	ret->step = state->step;
	ret->untouched = state->status == HISTORY_FAILED &&
			 object_id_equal(&state->snapshot, &state->parent);
	ret->name = xasprintf("%s@%s:%u", state->build, state->stage_label, state->step);
}

static int find_in_build(const struct history_states *states, const struct parts *parts,
			 const struct history_build *build, const char *text, struct address *ret,
			 struct error *err)
{
	const struct history_state *state = NULL;
	uint32_t step = 0;
	unsigned stage;

	if (parts->step && (parse_u32(parts->step, &step) < 0 || step == 0))
		return error_set(err, -EINVAL, "'%s' is no number of a step", parts->step);
	if (build->status == HISTORY_FAILED && !parts->stage && !parts->step)
		state = failed_state(states);
	if (!state && find_stage(states, build->target, parts->stage, &stage))
		state = find_step(states, stage, step);
	if (!state || object_id_is_zero(&state->snapshot))
		return no_state(text, build->id, err);
	fill(ret, state);
	return 1;
}

/* 1 found, 0 the text is no address of a build. */
static int find_build_state(struct history *history, const char *text, struct address *ret,
			    struct error *err)
{
	cleanup_with(history_builds_release) struct history_builds builds = { 0 };
	cleanup_with(history_states_release) struct history_states states = { 0 };
	cleanup_free char *copy = xstrdup(text);
	struct parts parts = split(copy);
	bool by_word = strncmp(parts.build, "last", 4) == 0;
	int r = history_find(history, parts.build, &builds, err);

	if (r == 0 && (strcmp(parts.build, "last") == 0 || strcmp(parts.build, "last-failed") == 0))
		return error_set(err, -ENOENT, "there is no such build yet: '%s'", parts.build);
	if (r <= 0 || (!by_word && strlen(parts.build) < PREFIX_MIN))
		return r < 0 ? r : 0;
	r = history_states(history, builds.items[0].id, &states, err);
	return r < 0 ? r : find_in_build(&states, &parts, &builds.items[0], text, ret, err);
}

/* ---- images ---- */

static int find_image(struct store *store, const char *text, struct address *ret, struct error *err)
{
	cleanup_free char *name = NULL, *ref = NULL;
	int r;

	if (reference_normalize(text, &name, NULL) < 0)
		return 0;
	ref = xasprintf("tag/%s", name);
	r = store_ref_get(store, ref, &ret->snapshot, NULL, err);
	if (r > 0)
		ret->name = xstrdup(text);
	return r;
}

/* ---- pins ---- */

static int find_pin(struct store *store, const char *text, struct address *ret, struct error *err)
{
	cleanup_free char *ref = xasprintf("pin/%s", text);
	int r = store_ref_get(store, ref, &ret->snapshot, NULL, err);

	if (r > 0)
		ret->name = xstrdup(text);
	return r;
}

/* ---- ids ---- */

static bool is_hex_prefix(const char *text)
{
	size_t length = strlen(text);

	return length >= PREFIX_MIN && length < OBJECT_ID_HEX_SIZE &&
	       strspn(text, "0123456789abcdef") == length;
}

static int collect(struct store *store, const char *prefix, struct id_set *ret, struct error *err)
{
	static const char *const names[] = { "tag/", "pin/", "cache/" };
	struct step_list steps = { 0 };
	int r = store_step_list(store, &steps, err);

	for (size_t i = 0; i < steps.count; i++) {
		if (strncmp(object_id_hex(&steps.items[i].snapshot).text, prefix, strlen(prefix)) ==
		    0)
			(void)id_set_add(ret, &steps.items[i].snapshot);
	}
	step_list_release(&steps);
	for (size_t i = 0; i < sizeof names / sizeof names[0] && r == 0; i++) {
		struct ref_list refs = { 0 };

		r = store_ref_list(store, names[i], &refs, err);
		for (size_t j = 0; j < refs.count; j++) {
			if (strncmp(object_id_hex(&refs.items[j].id).text, prefix,
				    strlen(prefix)) == 0)
				(void)id_set_add(ret, &refs.items[j].id);
		}
		ref_list_release(&refs);
	}
	return r;
}

static int find_id(struct store *store, const char *text, struct address *ret, struct error *err)
{
	struct object_info info;
	struct id_set found = { 0 };
	size_t at = 0, count;
	int r;

	if (strncmp(text, "sha256:", 7) == 0)
		text += 7;
	if (object_id_parse(text, &ret->snapshot) == 0) {
		r = store_stat(store, &ret->snapshot, &info, err);
		if (r > 0 && info.kind != OBJECT_SNAPSHOT)
			r = 0;
		if (r > 0)
			ret->name = xstrdup(text);
		return r;
	}
	if (!is_hex_prefix(text))
		return 0;
	r = collect(store, text, &found, err);
	count = found.count;
	if (count == 1) {
		ret->snapshot = *id_set_next(&found, &at);
		ret->name = xstrdup(object_id_hex(&ret->snapshot).text);
	}
	id_set_release(&found);
	if (r < 0)
		return r;
	if (count > 1)
		return error_set(err, -EEXIST, "several states have ids that begin with '%s'",
				 text);
	return (int)count;
}

int address_find(struct store *store, struct history *history, const char *text,
		 struct address *ret, struct error *err)
{
	int r = 0;

	*ret = (struct address){ 0 };
	if (*text)
		r = find_pin(store, text, ret, err);
	if (r == 0 && history)
		r = find_build_state(history, text, ret, err);
	if (r == 0)
		r = find_id(store, text, ret, err);
	if (r == 0)
		r = find_image(store, text, ret, err);
	if (r == 0)
		r = error_set(err, -ENOENT,
			      "no state, image or build is called '%s'; `varve states`, `varve "
			      "images` and `varve history` list them",
			      text);
	return r < 0 ? r : 0;
}

void address_release(struct address *address)
{
	free(address->name);
	free(address->build);
	free(address->stage);
	*address = (struct address){ 0 };
}
