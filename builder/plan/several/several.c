/* SPDX-License-Identifier: Apache-2.0 */
/* One Dockerfile for several platforms. */
#include <stdlib.h>

#include "builder/plan/lint.h"
#include "builder/plan/plan.h"
#include "builder/plan/several/join.h"
#include "fs/base/alloc.h"

static int plan_for(const struct recipe *recipe, const struct plan_options *options,
		    const struct platform *platform, struct plan_images *images, bool is_first,
		    struct plan **ret, struct diagnostic *diag)
{
	struct plan_options how = *options;

	lint_begin(options->lint, !is_first);
	how.target_platform = *platform;
	if (!is_first)
		how.outline = NULL;
	return plan_make(recipe, &how, images, ret, diag);
}

int plan_make_several(const struct recipe *recipe, const struct plan_options *options,
		      const struct platform *platforms, size_t count, struct plan_images *images,
		      struct plan **ret, struct diagnostic *diag)
{
	cleanup_free struct plan **parts = xcalloc(count, sizeof *parts);
	cleanup_with(strings_release) struct strings names = { 0 };
	struct plan_options how = *options;
	size_t done = 0;
	int r = 0;

	how.several_platforms |= count > 1;
	while (done < count && r == 0) {
		char name[PLATFORM_TEXT_MAX];

		platform_format_name(&platforms[done], name);
		strings_add(&names, name);
		r = plan_for(recipe, &how, &platforms[done], images, done == 0, &parts[done], diag);
		done += r == 0;
	}
	if (r < 0) {
		while (done)
			plan_free(parts[--done]);
		return r;
	}
	*ret = count == 1 ? parts[0] : plan_join(parts, names.items, count);
	return 0;
}
