/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/findings.h"

#include <string.h>
#include <strings.h>

#include "builder/dockerfile/lex/suggest.h"
#include "builder/plan/lint.h"
#include "builder/plan/lower/lower_internal.h"
#include "builder/plan/lower/remote.h"
#include "builder/plan/scope/platform_args.h"
#include "fs/base/alloc.h"
#include "fs/base/path.h"
#include "fs/base/quote.h"

#define SHOWN_MAX  200
#define QUOTED_MAX 200

static struct lint *lint_of(const struct lowering *lowering)
{
	return lowering->planning->lint;
}

static const struct statement *statement_of(const struct lowering *lowering)
{
	return lowering->instruction->statement;
}

/* ---- variables ---- */

/* Declared, though it has no value; or one that is not for commands. */
static bool is_declared(const struct scope *scope, const char *name)
{
	return variables_contain(&scope->args, name) || scope_is_hidden(name);
}

static void add_names(const struct variables *list, struct strings *ret)
{
	for (size_t i = 0; i < list->count; i++)
		strings_add_range(ret, list->items[i].pair, list->items[i].name_length);
}

void find_undefined(struct lowering *lowering)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	const struct scope *scope = lowering->scope;
	struct strings *missing = scope->missing;

	if (!missing || missing->count == 0)
		return;
	if (scope->env_unknown)
		strings_clear(missing);
	add_names(&scope->env, &names);
	for (size_t i = 0; i < missing->count; i++) {
		const char *name = missing->items[i], *nearest;

		if (is_declared(scope, name))
			continue;
		nearest = suggest(name, (const char *const *)strings_argv(&names), names.count);
		if (nearest)
			lint_warn(lint_of(lowering), statement_of(lowering), LINT_UNDEFINED_VAR,
				  "Usage of undefined variable '$%.*s' (did you mean $%s?)",
				  SHOWN_MAX, name, nearest);
		else
			lint_warn(lint_of(lowering), statement_of(lowering), LINT_UNDEFINED_VAR,
				  "Usage of undefined variable '$%.*s'", SHOWN_MAX, name);
	}
	strings_clear(missing);
}

/* ---- commands ---- */

static struct location *earlier_of(struct lowering *lowering)
{
	if (lowering->instruction->keyword == KEYWORD_CMD)
		return &lowering->cmd;
	if (lowering->instruction->keyword == KEYWORD_ENTRYPOINT)
		return &lowering->entrypoint;
	return &lowering->health;
}

void find_in_command(struct lowering *lowering)
{
	const struct instruction *instruction = lowering->instruction;
	const struct statement *statement = statement_of(lowering);
	struct location *earlier = earlier_of(lowering);

	/* The one that does not count is shown. */
	if (earlier->first_line)
		lint_warn_at(lint_of(lowering), statement, *earlier,
			     LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED,
			     "Multiple %s instructions should not be used in the same stage "
			     "because only the last one will be used",
			     statement->name);
	*earlier = statement->where;
	if (instruction->keyword != KEYWORD_HEALTHCHECK && !instruction->command.exec_form &&
	    !lowering->scope->shell_given)
		lint_warn(lint_of(lowering), statement, LINT_JSON_ARGS_RECOMMENDED,
			  "JSON arguments recommended for %s to prevent unintended behavior "
			  "related to OS signals",
			  statement->name);
}

/* ---- pairs ---- */

void find_old_form(struct lowering *lowering)
{
	const struct pairs_instruction *pairs = &lowering->instruction->pairs;
	const char *name = statement_of(lowering)->name;

	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->items[i].old_form)
			lint_warn(lint_of(lowering), statement_of(lowering),
				  LINT_LEGACY_KEY_VALUE_FORMAT,
				  "\"%s key=value\" should be used instead of legacy \"%s key "
				  "value\" format",
				  name, name);
	}
}

static bool is_one_of(const char *word, size_t length, const char *const *words)
{
	for (; *words; words++) {
		if (strncasecmp(word, *words, length) == 0 && !(*words)[length])
			return true;
	}
	return false;
}

/* Does any part of the name, between underscores, say that the value is secret, and none that it
 * is not the secret itself? */
static bool sounds_secret(const char *name)
{
	static const char *const secret[] = { "apikey", "auth",   "credential", "credentials",
					      "key",    "passwd", "password",   "pword",
					      "secret", "token",  NULL };
	static const char *const harmless[] = { "file", "public", "version", NULL };
	bool found = false;

	for (;;) {
		size_t length = strcspn(name, "_");

		if (is_one_of(name, length, harmless))
			return false;
		found = found || is_one_of(name, length, secret);
		if (!name[length])
			return found;
		name += length + 1;
	}
}

void find_secret(struct lowering *lowering, const char *key)
{
	cleanup_free char *quoted = NULL;

	if (!sounds_secret(key))
		return;
	quoted = quote_string(key, QUOTED_MAX);
	lint_warn(lint_of(lowering), statement_of(lowering), LINT_SECRETS_USED_IN_ARG_OR_ENV,
		  "Do not use ARG or ENV instructions for sensitive data (%s %s)",
		  keyword_name(lowering->instruction->keyword), quoted);
}

/* ---- files ---- */

void find_ignored(struct lowering *lowering, const struct copy_work *copy)
{
	const struct plan_ignore *ignore = lowering->planning->options->ignore;

	for (size_t i = 0; ignore && i < copy->sources.count; i++) {
		cleanup_free char *clean = NULL, *quoted = NULL;
		const char *path;

		if (remote_kind_of(copy->sources.items[i]) != REMOTE_NONE)
			continue;
		/* What climbs out of the context is clamped to it. */
		clean = path_join("/", copy->sources.items[i]);
		path = clean[1] ? clean + 1 : ".";
		if (!ignore->matches(ignore, path))
			continue;
		quoted = quote_string(path, QUOTED_MAX);
		lint_warn(lint_of(lowering), statement_of(lowering), LINT_COPY_IGNORED_FILE,
			  "Attempting to %s file %s that is excluded by .dockerignore",
			  copy->add ? "Add" : "Copy", quoted);
	}
}
