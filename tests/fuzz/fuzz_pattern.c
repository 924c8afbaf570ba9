/* SPDX-License-Identifier: Apache-2.0 */
/* An ignore file up to a NUL, then a path. Walking and asking at once must agree where Docker's do:
 * when there are no exceptions. */
#include "builder/context/glob.h"
#include "builder/context/pattern.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int match_by_walking(const struct patterns *patterns, const char *path)
{
	cleanup_with(pattern_state_release) struct pattern_state parent = { 0 };
	bool known = false;
	struct error err;
	int r;

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		cleanup_free char *directory = xstrndup(path, (size_t)(slash - path));
		struct pattern_state state = { 0 };

		if (slash == path)
			continue;
		r = patterns_match_in(patterns, directory, known ? &parent : NULL, &state, &err);
		if (r < 0)
			return r;
		/* Nothing that says no below may match below. */
		if (!patterns_may_match_below(patterns, directory, false) && r == 0 &&
		    !patterns_have_exceptions(patterns) && patterns_match(patterns, path, &err) > 0)
			abort();
		pattern_state_release(&parent);
		parent = state;
		known = true;
	}
	return patterns_match_in(patterns, path, known ? &parent : NULL, NULL, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(patterns_free) struct patterns *patterns = NULL;
	cleanup_with(strings_release) struct strings items = { 0 };
	cleanup_free char *rest = NULL, *path = NULL;
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	size_t length = nul ? (size_t)(nul - data) : size;
	struct error err;
	int at_once, walking;

	if (ignore_file_parse((const char *)data, length, &items, &err) < 0)
		return 0;
	rest = nul ? xstrndup((const char *)nul + 1, size - length - 1) : xstrdup("a/b.c");
	path = path_clean(rest);
	for (size_t i = 0; i < items.count; i++)
		(void)glob_match(items.items[i], path);
	if (path[0] == '/' ||
	    patterns_compile((const char *const *)items.items, items.count, &patterns, &err) < 0)
		return 0;
	at_once = patterns_match(patterns, path, &err);
	walking = match_by_walking(patterns, path);
	if (!patterns_have_exceptions(patterns) && at_once >= 0 && walking >= 0 &&
	    at_once != walking)
		abort();
	return 0;
}
