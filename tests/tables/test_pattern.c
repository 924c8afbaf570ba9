/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/pattern.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"
#include "tests/tables/table.h"

/*
 * Ask as a walk does, directory by directory. The rows that give a directory a slash at the end
 * mean what lies in it.
 */
static int match_by_walking(const struct patterns *patterns, const char *path, struct error *err)
{
	cleanup_with(pattern_state_release) struct pattern_state parent = { 0 };

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		cleanup_free char *directory = xstrndup(path, (size_t)(slash - path));
		struct pattern_state state = { 0 };
		int r = patterns_match_in(patterns, directory, &parent, &state, err);

		if (r < 0)
			return r;
		pattern_state_release(&parent);
		parent = state;
	}
	return patterns_match_in(patterns, path, &parent, NULL, err);
}

static bool same(const char *name, json_t *row, int r, const char *how)
{
	bool error = json_is_true(json_object_get(row, "error"));
	bool match = json_is_true(json_object_get(row, "match"));

	if (error == (r < 0) && (error || match == (r > 0)))
		return true;
	return table_fail(name, "expected %s, got %d %s",
			  error   ? "an error"
			  : match ? "1"
				  : "0",
			  r, how);
}

static bool run(const char *name, json_t *row)
{
	cleanup_with(patterns_free) struct patterns *patterns = NULL;
	cleanup_with(strings_release) struct strings items = { 0 };
	cleanup_free char *clean = NULL;
	const char *path = table_string(row, "path");
	struct error err = { 0 };
	json_t *pattern;
	size_t i;
	int r;

	json_array_foreach(json_object_get(row, "patterns"), i, pattern)
		strings_add(&items, json_string_value(pattern));
	r = patterns_compile((const char *const *)items.items, items.count, &patterns, &err);
	if (r < 0)
		return same(name, row, r, "from the patterns");
	/* The older entry point cleans paths itself, and says no to the root. */
	if (strcmp(table_string(row, "api"), "Matches") == 0) {
		clean = path_clean(path);
		path = clean;
		if (strcmp(path, ".") == 0)
			return same(name, row, 0, "for the root");
	}
	return same(name, row, patterns_match(patterns, path, &err), "at once") &&
	       same(name, row, match_by_walking(patterns, path, &err), "by walking");
}

int main(void)
{
	return table_run("patternmatcher.jsonl", run);
}
