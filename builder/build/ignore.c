/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/ignore.h"

#include <string.h>

#include "builder/context/pattern.h"

/* Copying all of the context is only in vain when there is nothing in it. */
static bool leaves_nothing(const struct patterns *patterns)
{
	static const char *const all[] = { "*", "**", "**/*" };

	for (size_t i = 0; i < patterns_count(patterns); i++) {
		bool exception;
		const char *item = patterns_item(patterns, i, &exception);

		for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
			if (strcmp(item, all[k]) == 0)
				return true;
		}
	}
	return false;
}

static bool matches(const struct plan_ignore *plan, const char *path)
{
	const struct ignore *ignore = (const struct ignore *)plan;

	if (strcmp(path, ".") == 0)
		return leaves_nothing(ignore->patterns);
	return patterns_match(ignore->patterns, path, NULL) > 0;
}

bool ignore_init(struct ignore *ret, const struct patterns *patterns)
{
	*ret = (struct ignore){ .plan = { .matches = matches }, .patterns = patterns };
	return patterns && !patterns_have_exceptions(patterns);
}
