/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/dockerfile/check_options.h"
#include "builder/dockerfile/parser.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

struct lint {
	struct check_options options;
	struct plan_warning *warnings;
	size_t count, capacity;
	struct strings violated; /* names of rules that found something */
	struct location first;   /* ... and where one did first */
	/* Of a file that is planned once more: those from `mark` on were found by planning it, and
	 * what is found next is most likely what stands at `next`. */
	bool again;
	size_t mark, next;
};

/* ---- frontends ---- */

/* Whether this names the language that is built in, of whatever version. */
static bool is_built_in(const char *frontend)
{
	static const char *const names[] = { "dockerfile.v0", "docker/dockerfile",
					     "docker/dockerfile-upstream" };
	static const char registry[] = "docker.io/";

	if (strncmp(frontend, registry, strlen(registry)) == 0)
		frontend += strlen(registry);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(frontend, names[i], length) == 0 && strchr(":@", frontend[length]))
			return true;
	}
	return false;
}

/* Another language can be meant, of which an error may be the outcome. */
static void check_frontend(struct lint *lint, const struct dockerfile *file,
			   const struct strings *build_args)
{
	const char *given = build_args_get(build_args, "BUILDKIT_SYNTAX");
	const char *frontend = given ? given : file->syntax.value;
	struct location where = { 0 };

	if (!given)
		where = (struct location){ file->syntax.line, file->syntax.line };
	if (frontend && *frontend && !is_built_in(frontend))
		lint_remark(lint, where,
			    "frontend '%s' is not used: this is read as docker/dockerfile",
			    frontend);
}

/* ---- findings ---- */

int lint_open(const struct dockerfile *file, const struct strings *build_args, struct lint **ret,
	      struct diagnostic *diag)
{
	cleanup_with(lint_free) struct lint *lint = xcalloc(1, sizeof *lint);
	const char *given = build_args_get(build_args, "BUILDKIT_DOCKERFILE_CHECK");
	const char *text = given ? given : file->check.text;
	struct location where = { 0 };
	struct error err = { 0 };
	int r = 0;

	if (!given)
		where = (struct location){ file->check.line, file->check.line };
	if (text)
		r = check_options_parse(text, &lint->options, &err);
	if (r < 0) {
		diagnostic_file(diag, file->name);
		return diagnostic_set(diag, r, where, "%s", err.text);
	}
	check_frontend(lint, file, build_args);
	*ret = take_ptr(&lint);
	return 0;
}

void lint_free(struct lint *lint)
{
	if (!lint)
		return;
	for (size_t i = 0; i < lint->count; i++)
		free(lint->warnings[i].text);
	free(lint->warnings);
	check_options_release(&lint->options);
	strings_release(&lint->violated);
	free(lint);
}

static bool names(const struct strings *rules, const char *rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (strcasecmp(rules->items[i], rule) == 0)
			return true;
	}
	return false;
}

/* Experimental rules are not skipped, but asked for. */
static bool is_off(const struct check_options *options, const struct lint_rule_facts *rule)
{
	return !rule->experimental && (options->skip_all || names(&options->skip, rule->name));
}

static bool is_on(const struct check_options *options, const struct lint_rule_facts *rule)
{
	return !rule->experimental || options->experimental_all ||
	       names(&options->experimental, rule->name);
}

void lint_begin(struct lint *lint, bool again)
{
	if (!lint)
		return;
	lint->again = again;
	if (!again)
		lint->mark = lint->count;
	lint->next = lint->mark;
}

/* A comment above an instruction is for that one alone. */
static bool looks_at(const struct lint *lint, const struct statement *statement,
		     const struct lint_rule_facts *rule)
{
	cleanup_with(check_options_release) struct check_options here = { 0 };

	(void)check_options_of(statement, &here);
	return !is_off(&lint->options, rule) && !is_off(&here, rule) &&
	       (is_on(&lint->options, rule) || is_on(&here, rule));
}

static bool is_same(const struct plan_warning *a, const struct plan_warning *b)
{
	return a->rule == b->rule && a->where.first_line == b->where.first_line &&
	       a->where.last_line == b->where.last_line && strcmp(a->text, b->text) == 0;
}

static bool is_known(struct lint *lint, const struct plan_warning *warning)
{
	if (lint->next < lint->count && is_same(&lint->warnings[lint->next], warning)) {
		lint->next++;
		return true;
	}
	for (size_t i = lint->mark; i < lint->count; i++) {
		if (!is_same(&lint->warnings[i], warning))
			continue;
		lint->next = i + 1;
		return true;
	}
	return false;
}

static void add(struct lint *lint, const struct plan_warning *warning)
{
	if (lint->again && is_known(lint, warning)) {
		free(warning->text);
		return;
	}
	array_reserve_one(lint->warnings, lint->count, lint->capacity);
	lint->warnings[lint->count] = *warning;
	lint->warnings[lint->count].order = lint->count;
	lint->count++;
}

__attribute__((format(printf, 5, 0))) static void vwarn(struct lint *lint,
							const struct statement *statement,
							struct location where, enum lint_rule rule,
							const char *format, va_list args)
{
	const struct lint_rule_facts *facts = lint_rule_facts(rule);
	struct plan_warning warning = { .rule = facts, .where = where };

	if (!lint || !looks_at(lint, statement, facts))
		return;
	warning.text = xvasprintf(format, args);
	add(lint, &warning);
	if (lint->violated.count == 0)
		lint->first = where;
	if (!strings_contain(&lint->violated, facts->name))
		strings_add(&lint->violated, facts->name);
}

void lint_warn_at(struct lint *lint, const struct statement *statement, struct location where,
		  enum lint_rule rule, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarn(lint, statement, where, rule, format, args);
	va_end(args);
}

void lint_warn(struct lint *lint, const struct statement *statement, enum lint_rule rule,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarn(lint, statement, statement->where, rule, format, args);
	va_end(args);
}

void lint_remark(struct lint *lint, struct location where, const char *format, ...)
{
	struct plan_warning warning = { .where = where };
	va_list args;

	if (!lint)
		return;
	va_start(args, format);
	warning.text = xvasprintf(format, args);
	va_end(args);
	add(lint, &warning);
}

/* Those of one line stay in the order they were found in. */
static int compare(const void *a, const void *b)
{
	const struct plan_warning *left = a, *right = b;
	uint32_t left_line = left->where.first_line, right_line = right->where.first_line;

	if (left_line != right_line)
		return left_line < right_line ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

const struct plan_warning *lint_warnings(struct lint *lint, size_t *ret_count)
{
	if (lint->count)
		qsort(lint->warnings, lint->count, sizeof *lint->warnings, compare);
	*ret_count = lint->count;
	return lint->warnings;
}

int lint_finish(struct lint *lint, struct diagnostic *diag)
{
	cleanup_free char *rules = NULL;

	if (!lint || !lint->options.error || lint->violated.count == 0)
		return 0;
	strings_sort(&lint->violated);
	rules = strings_join(&lint->violated, ", ");
	return diagnostic_set(diag, -EINVAL, lint->first, "lint violation found for rules: %s",
			      rules);
}
