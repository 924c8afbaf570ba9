/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/platforms.h"

#include <errno.h>
#include <string.h>

#include "builder/image/platform.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"

/* Far more than there are. */
#define PLATFORMS_MAX 64

static bool contains(const struct platform *items, size_t count, const struct platform *wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (platform_equal(&items[i], wanted))
			return true;
	}
	return false;
}

static int parse_all(const char *text, struct platform items[PLATFORMS_MAX], size_t *ret_count,
		     struct error *err)
{
	size_t count = 0;

	for (const char *word = text, *end; word; word = *end ? end + 1 : NULL) {
		cleanup_free char *one = NULL;
		int r;

		end = strchrnul(word, ',');
		one = xstrndup(word, (size_t)(end - word));
		if (count == PLATFORMS_MAX)
			return error_set(err, -E2BIG, "there are more than %d", PLATFORMS_MAX);
		r = platform_parse(one, &items[count], err);
		if (r < 0)
			return r;
		count += !contains(items, count, &items[count]);
	}
	*ret_count = count;
	return 0;
}

int platforms_parse(const char *text, struct platform **ret, size_t *ret_count, struct error *err)
{
	cleanup_free struct platform *items = xcalloc(PLATFORMS_MAX, sizeof *items);
	size_t count = 1;
	int r = 0;

	if (text)
		r = parse_all(text, items, &count, err);
	else
		items[0] = platform_host();
	if (r < 0)
		return error_prefix(err, r, "--platform %s", text);
	*ret = take_ptr(&items);
	*ret_count = count;
	return 0;
}

int platforms_form(const struct strings *build_args, size_t count, bool *ret_as_index,
		   struct error *err)
{
	const char *given = build_args_get(build_args, "BUILDKIT_MULTI_PLATFORM");
	int several = count > 1;

	if (given && *given && parse_bool(given, &several) < 0)
		return error_set(err, -EINVAL, "invalid boolean value for multi-platform: %s",
				 given);
	if (!several && count > 1)
		return error_set(err, -EINVAL,
				 "BUILDKIT_MULTI_PLATFORM=%s: conflicting config: returning "
				 "multiple target platforms is not allowed",
				 given);
	*ret_as_index = several;
	return 0;
}
