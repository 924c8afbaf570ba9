/* SPDX-License-Identifier: Apache-2.0 */
/* FROM, ARG, ENV, LABEL, ONBUILD */
#include <ctype.h>
#include <strings.h>

#include "builder/dockerfile/instructions/flags.h"
#include "builder/dockerfile/instructions/instructions_internal.h"
#include "fs/base/buf.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

/* Lower-case letters, digits, and "-_." behind the first letter. */
static bool is_stage_name(const char *name)
{
	if (!islower((unsigned char)*name))
		return false;
	for (; *name; name++) {
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
		    !strchr("-_.", *name))
			return false;
	}
	return true;
}

static int parse_stage_name(const struct understanding *u, const char **ret)
{
	const struct words *args = &u->statement->args;
	cleanup_free char *quoted = NULL;
	char *name;

	if (args->count == 1)
		return 0;
	if (args->count != 3 || strcasecmp(args->items[1], "as") != 0)
		return refuse(u, "FROM requires either one or three arguments");
	name = arena_string(u->arena, args->items[2]);
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	*ret = name;
	if (is_stage_name(name))
		return 0;
	quoted = quote_string(args->items[2], QUOTED_MAX);
	return refuse(u,
		      "invalid name for build stage: %s, name can't start with a number or contain "
		      "symbols",
		      quoted);
}

int from_parse(const struct understanding *u, struct from_instruction *ret)
{
	struct flag platform = { .name = "platform", .type = FLAG_STRING };
	int r = parse_stage_name(u, &ret->name);

	if (r < 0)
		return r;
	r = flags_parse(u, &platform, 1);
	if (r < 0)
		return r;
	ret->base = u->statement->args.items[0];
	ret->platform = platform.value;
	if (ret->name)
		ret->doc = statement_doc(u->statement, ret->name);
	return 0;
}

int pairs_parse(const struct understanding *u, struct pairs_instruction *ret)
{
	const struct words *args = &u->statement->args;
	struct key_value *items;
	int r = flags_none(u);

	if (r < 0)
		return r;
	r = check_argument_count(u, AT_LEAST_ONE);
	if (r < 0)
		return r;
	items = arena_array(u->arena, args->count / 3, sizeof *items);
	for (size_t i = 0; i + 2 < args->count; i += 3) {
		if (!*args->items[i])
			return refuse(u, "%s names can not be blank",
				      keyword_name(u->statement->keyword));
		items[ret->count++] = (struct key_value){ .key = args->items[i],
							  .value = args->items[i + 1],
							  .old_form = !*args->items[i + 2] };
	}
	ret->items = items;
	return 0;
}

/* Flags of ARG have always been ignored, and are part of files out there. */
int arg_parse(const struct understanding *u, struct arg_instruction *ret)
{
	const struct words *args = &u->statement->args;
	struct arg_item *items;
	int r = check_argument_count(u, AT_LEAST_ONE);

	if (r < 0)
		return r;
	items = arena_array(u->arena, args->count, sizeof *items);
	for (size_t i = 0; i < args->count; i++) {
		const char *equals = strchr(args->items[i], '=');
		struct arg_item *item = &items[i];

		item->key = args->items[i];
		if (equals == args->items[i])
			return refuse(u, "ARG names can not be blank");
		if (equals) {
			item->key = arena_copy(u->arena, args->items[i],
					       (size_t)(equals - args->items[i]));
			item->value = equals + 1;
		}
		item->doc = statement_doc(u->statement, item->key);
	}
	ret->items = items;
	ret->count = args->count;
	return 0;
}

int onbuild_parse(const struct understanding *u, struct onbuild_instruction *ret)
{
	const struct statement *statement = u->statement, *trigger = statement->trigger;
	cleanup_with(buf_release) struct buf expression = { 0 };
	int r;

	if (!trigger)
		return refuse(u, "ONBUILD requires at least one argument");
	r = flags_none(u);
	if (r < 0)
		return r;
	if (trigger->keyword == KEYWORD_ONBUILD)
		return refuse(u, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if (trigger->keyword == KEYWORD_MAINTAINER || trigger->keyword == KEYWORD_FROM)
		return refuse(u, "%s isn't allowed as an ONBUILD trigger",
			      keyword_name(trigger->keyword));
	buf_add_string(&expression, trigger->text);
	for (size_t i = 0; i < statement->heredoc_count; i++) {
		const struct heredoc *heredoc = &statement->heredocs[i];

		buf_add_char(&expression, '\n');
		buf_append(&expression, heredoc->content, heredoc->content_size);
		buf_add_string(&expression, heredoc->name);
	}
	ret->expression = arena_copy(u->arena, buf_string(&expression), expression.length);
	return 0;
}
