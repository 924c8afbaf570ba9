/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/instructions/flags.h"

#include <assert.h>
#include <strings.h>

#include "builder/dockerfile/lex/suggest.h"

/* `text` is "--name" or "--name=value". */
static size_t name_length(const char *text)
{
	return strcspn(text, "=") - 2;
}

static struct flag *find(struct flag *flags, size_t count, const char *text)
{
	size_t length = name_length(text);

	for (size_t i = 0; i < count; i++) {
		if (strncmp(flags[i].name, text + 2, length) == 0 && !flags[i].name[length])
			return &flags[i];
	}
	return NULL;
}

static int refuse_unknown(const struct understanding *u, const struct statement_flag *given,
			  const struct flag *flags, size_t count)
{
	const char *names[FLAGS_MAX];
	char hint[SUGGESTION_SIZE];
	char *name = arena_copy(u->arena, given->text, name_length(given->text) + 2);

	for (size_t i = 0; i < count; i++)
		names[i] = flags[i].name;
	return refuse_flag(u, given, "unknown flag: %s%s", name,
			   suggestion(name + 2, names, count, hint));
}

/* What stands behind "=", NULL without one. */
static int set_value(const struct understanding *u, const struct statement_flag *given,
		     struct flag *flag, const char *value)
{
	if (flag->type != FLAG_BOOL) {
		flag->value = value;
		return value ? 0
			     : refuse_flag(u, given, "missing a value on flag: --%s", flag->name);
	}
	if (value && !*value)
		return refuse_flag(u, given, "missing a value on flag: --%s", flag->name);
	if (!value || strcasecmp(value, "true") == 0)
		flag->on = TRISTATE_YES;
	else if (strcasecmp(value, "false") == 0)
		flag->on = TRISTATE_NO;
	else
		return refuse_flag(u, given, "expecting boolean value for flag --%s, not: %s",
				   flag->name, value);
	return 0;
}

int flags_parse(const struct understanding *u, struct flag *flags, size_t count)
{
	const struct statement *statement = u->statement;

	assert(count <= FLAGS_MAX);
	for (size_t i = 0; i < statement->flag_count; i++) {
		const struct statement_flag *given = &statement->flags[i];
		struct flag *flag = find(flags, count, given->text);
		const char *equals = strchr(given->text, '=');
		int r;

		if (!flag)
			return refuse_unknown(u, given, flags, count);
		if (flag->given && flag->type != FLAG_LIST)
			return refuse_flag(u, given, "duplicate flag specified: --%s", flag->name);
		flag->given = given;
		r = set_value(u, given, flag, equals ? equals + 1 : NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

int flags_none(const struct understanding *u)
{
	return flags_parse(u, NULL, 0);
}

struct words flags_values(const struct understanding *u, const char *name)
{
	const struct statement *statement = u->statement;
	size_t length = strlen(name);

	for (size_t i = 0; i < statement->flag_count; i++) {
		const char *text = statement->flags[i].text + 2;

		if (strncmp(text, name, length) == 0 && text[length] == '=')
			word_list_add(u->words, text + length + 1);
	}
	return word_list_take(u->words, u->arena);
}
