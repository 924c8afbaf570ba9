/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/history_catalog.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "builder/history/history.h"
#include "builder/image/image_store.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"

/* So that a line of `ls` shows it whole. */
#define STEP_NAME_MAX 48

static bool stands_for_itself(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._+=", c));
}

void history_step_name(unsigned step, const char *name, struct buf *ret)
{
	const char *at = name[0] == '[' ? strstr(name, "] ") : NULL;
	size_t start;
	bool gap = true;

	buf_add_format(ret, "%02u", step);
	start = ret->length;
	for (at = at ? at + 2 : name; *at && ret->length - start < STEP_NAME_MAX; at++) {
		bool stands = stands_for_itself(*at);

		if (stands && gap)
			buf_add_char(ret, '-');
		if (stands)
			buf_add_char(ret, *at);
		gap = !stands;
	}
}

/* ---- builds ---- */

static struct history *history_of(struct history_catalog *catalog, struct store *store)
{
	if (!catalog->history && history_open(store, &catalog->history, NULL) < 0)
		return NULL;
	return catalog->history;
}

static void list_builds(struct history *history, struct catalog_list *ret)
{
	static const char *const words[] = { "last", "last-failed" };
	struct history_builds builds = { 0 };

	if (history_list(history, SIZE_MAX, &builds, NULL) < 0)
		return;
	for (size_t i = 0; i < builds.count; i++)
		catalog_add_dir(ret, builds.items[i].id, builds.items[i].started_ms / 1000);
	history_builds_release(&builds);
	for (size_t i = 0; i < 2; i++) {
		struct history_builds found = { 0 };

		if (history_find(history, words[i], &found, NULL) > 0)
			catalog_add_link(ret, words[i], found.items[0].id,
					 found.items[0].started_ms / 1000);
		history_builds_release(&found);
	}
}

static void list_stages(const struct history_states *states, struct catalog_list *ret)
{
	for (size_t i = 0; i < states->count; i++) {
		const struct history_state *state = &states->items[i];

		if (i == 0 || states->items[i - 1].stage != state->stage)
			catalog_add_dir(ret, state->stage_label, state->started_ms / 1000);
	}
}

/* One that is still running, or was stopped, has left nothing. */
static void list_steps(const struct history_states *states, const char *stage,
		       struct catalog_list *ret)
{
	for (size_t i = 0; i < states->count; i++) {
		const struct history_state *state = &states->items[i];
		cleanup_with(buf_release) struct buf name = { 0 };

		if (strcmp(state->stage_label, stage) != 0 || object_id_is_zero(&state->snapshot))
			continue;
		history_step_name(state->step, state->name, &name);
		catalog_add_state(ret, buf_string(&name), &state->snapshot);
	}
}

/* 1 when the first part of the path is a build. */
static int list_in_build(struct history *history, const char *path, struct catalog_list *ret)
{
	const char *slash = strchr(path, '/');
	cleanup_free char *build = xstrndup(path, slash ? (size_t)(slash - path) : strlen(path));
	struct history_states states = { 0 };
	int r = history_states(history, build, &states, NULL);

	if (r == 0 && states.count) {
		if (slash)
			list_steps(&states, slash + 1, ret);
		else
			list_stages(&states, ret);
		r = 1;
	}
	history_states_release(&states);
	return r;
}

/* ---- images ---- */

/* Those whose names begin with `path`, as far as the next slash. */
static int list_images(struct store *store, const char *path, struct catalog_list *ret)
{
	cleanup_with(image_rows_release) struct image_rows rows = { 0 };
	cleanup_with(strings_release) struct strings warnings = { 0 };
	size_t above = strlen(path);
	int r = image_list(store, &rows, &warnings, NULL);

	for (size_t i = 0; i < rows.count && r == 0; i++) {
		cleanup_free char *name = image_name_familiar(rows.items[i].name);
		cleanup_free char *part = NULL;
		const char *rest = name, *slash;

		if (above && (strncmp(name, path, above) != 0 || name[above] != '/'))
			continue;
		rest += above ? above + 1 : 0;
		slash = strchr(rest, '/');
		part = xstrndup(rest, slash ? (size_t)(slash - rest) : strlen(rest));
		if (slash)
			catalog_add_dir(ret, part, rows.items[i].created_s);
		else
			catalog_add_state(ret, part, &rows.items[i].snapshot);
	}
	return r;
}

static int list(struct catalog *base, struct store *store, const char *path,
		struct catalog_list *ret)
{
	struct history_catalog *catalog =
		(struct history_catalog *)((char *)base - offsetof(struct history_catalog, base));
	struct history *history = history_of(catalog, store);
	int r = 0;

	if (history && !*path)
		list_builds(history, ret);
	else if (history)
		r = list_in_build(history, path, ret);
	return r ? (r < 0 ? r : 0) : list_images(store, path, ret);
}

void history_catalog_init(struct history_catalog *catalog)
{
	*catalog = (struct history_catalog){ .base.list = list };
}
