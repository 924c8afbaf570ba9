/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <strings.h>

#include "builder/plan/plan_internal.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

int lint_begin(struct planning *planning)
{
	const struct directive *directive = &planning->recipe->file->check;
	const char *given =
		build_args_get(planning->options->build_args, "BUILDKIT_DOCKERFILE_CHECK");
	struct location where = { 0 };
	struct error err = { 0 };
	int r;

	if (!given && !directive->text)
		return 0;
	if (!given)
		where = (struct location){ directive->line, directive->line };
	r = check_options_parse(given ? given : directive->text, &planning->check, &err);
	return r < 0 ? planning_refuse(planning, r, where, &err) : 0;
}

static bool is_skipped(const struct check_options *options, const char *rule)
{
	for (size_t i = 0; i < options->skip.count; i++) {
		if (strcasecmp(options->skip.items[i], rule) == 0)
			return true;
	}
	return options->skip_all;
}

/* A comment above an instruction is for that one alone. */
static bool is_skipped_here(const struct statement *statement, const char *rule)
{
	cleanup_with(check_options_release) struct check_options options = { 0 };

	return check_options_of(statement, &options) > 0 && is_skipped(&options, rule);
}

void lint_warn(struct planning *planning, const struct statement *statement, const char *rule,
	       const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	if (is_skipped(&planning->check, rule) || is_skipped_here(statement, rule))
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	planning_warn(planning, statement->where, "%s: %s", rule, text);
	if (!strings_contain(&planning->violated, rule))
		strings_add(&planning->violated, rule);
}

int lint_finish(struct planning *planning)
{
	cleanup_free char *rules = NULL;
	struct location nowhere = { 0 };

	if (!planning->check.error || planning->violated.count == 0)
		return 0;
	strings_sort(&planning->violated);
	rules = strings_join(&planning->violated, ", ");
	return diagnostic_set(planning->diag, -EINVAL, nowhere,
			      "lint violation found for rules: %s", rules);
}
