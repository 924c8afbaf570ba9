/* SPDX-License-Identifier: Apache-2.0 */
/* HEALTHCHECK */
#include <errno.h>
#include <strings.h>

#include "builder/dockerfile/instructions/flags.h"
#include "builder/dockerfile/instructions/instructions_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX      200
#define INTERVAL_MIN_NS 1000000

/* A number as it stands in front of a unit. */
static size_t number_length(const char *s)
{
	return strspn(s, ".0123456789");
}

/* Why `value` is no duration, in Go's words: which unit is missing or unknown, or neither. */
static int refuse_interval(const struct understanding *u, const struct flag *flag)
{
	cleanup_free char *quoted = quote_string(flag->value, QUOTED_MAX);
	const char *at = flag->value + strspn(flag->value, "+-");

	if (at - flag->value > 1 || !*at)
		return refuse_flag(u, flag->given, "time: invalid duration %s", quoted);
	while (*at) {
		size_t digits = number_length(at), letters = strcspn(at + digits, ".0123456789");
		cleanup_free char *one = xasprintf("1%.*s", (int)letters, at + digits);
		int64_t ns;

		if (!strpbrk(at, "0123456789") || strspn(at, ".") == digits)
			break;
		if (letters == 0)
			return refuse_flag(u, flag->given, "time: missing unit in duration %s",
					   quoted);
		if (parse_duration(one, &ns) < 0) {
			cleanup_free char *unit = quote_string(one + 1, QUOTED_MAX);

			return refuse_flag(u, flag->given, "time: unknown unit %s in duration %s",
					   unit, quoted);
		}
		at += digits + letters;
	}
	return refuse_flag(u, flag->given, "time: invalid duration %s", quoted);
}

static int parse_interval(const struct understanding *u, const struct flag *flag, int64_t *ret)
{
	int64_t ns;

	if (!flag->value || !*flag->value)
		return 0;
	if (parse_duration(flag->value, &ns) < 0)
		return refuse_interval(u, flag);
	if (ns != 0 && ns < INTERVAL_MIN_NS)
		return refuse_flag(u, flag->given, "Interval \"%s\" cannot be less than 1ms",
				   flag->name);
	*ret = ns;
	return 0;
}

static int parse_retries(const struct understanding *u, const struct flag *flag, uint32_t *ret)
{
	cleanup_free char *quoted = NULL;
	const char *value = flag->value;
	int64_t retries;
	int r;

	if (!value || !*value)
		return 0;
	r = parse_i64(value + (*value == '+'), &retries);
	if (r == 0 && (retries > INT32_MAX || retries < INT32_MIN))
		r = -ERANGE;
	if (r < 0) {
		quoted = quote_string(value, QUOTED_MAX);
		return refuse_flag(u, flag->given, "strconv.ParseInt: parsing %s: %s", quoted,
				   r == -ERANGE ? "value out of range" : "invalid syntax");
	}
	if (retries < 0)
		return refuse_flag(u, flag->given, "--retries cannot be negative (%d)",
				   (int)retries);
	*ret = (uint32_t)retries;
	return 0;
}

static int parse_test(const struct understanding *u, struct health_instruction *ret)
{
	const struct statement *statement = u->statement;
	const struct words *args = &statement->args;

	if (strcasecmp(args->items[0], "CMD") != 0) {
		char *type = arena_string(u->arena, args->items[0]);
		cleanup_free char *quoted = NULL;

		for (char *c = type; *c; c++) {
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		}
		quoted = quote_string(type, QUOTED_MAX);
		return refuse(u, "Unknown type %s in HEALTHCHECK (try CMD)", quoted);
	}
	if (args->count < 2)
		return refuse(u, "Missing command after HEALTHCHECK CMD");
	word_list_add(u->words, statement->json ? "CMD" : "CMD-SHELL");
	for (size_t i = 1; i < args->count; i++)
		word_list_add(u->words, args->items[i]);
	ret->test = word_list_take(u->words, u->arena);
	return 0;
}

static int parse_none(const struct understanding *u, struct health_instruction *ret)
{
	if (u->statement->args.count > 1)
		return refuse(u, "HEALTHCHECK NONE takes no arguments");
	word_list_add(u->words, "NONE");
	ret->test = word_list_take(u->words, u->arena);
	return 0;
}

int health_parse(const struct understanding *u, struct health_instruction *ret)
{
	struct flag flags[] = {
		{ .name = "interval", .type = FLAG_STRING },
		{ .name = "timeout", .type = FLAG_STRING },
		{ .name = "start-period", .type = FLAG_STRING },
		{ .name = "start-interval", .type = FLAG_STRING },
		{ .name = "retries", .type = FLAG_STRING },
	};
	int64_t *intervals[] = { &ret->interval_ns, &ret->timeout_ns, &ret->start_period_ns,
				 &ret->start_interval_ns };
	int r = check_argument_count(u, AT_LEAST_ONE);

	if (r < 0)
		return r;
	/* Flags in front of NONE have always been ignored. */
	if (strcasecmp(u->statement->args.items[0], "NONE") == 0)
		return parse_none(u, ret);
	r = flags_parse(u, flags, sizeof flags / sizeof flags[0]);
	if (r < 0)
		return r;
	r = parse_test(u, ret);
	for (size_t i = 0; r == 0 && i < sizeof intervals / sizeof intervals[0]; i++)
		r = parse_interval(u, &flags[i], intervals[i]);
	return r < 0 ? r : parse_retries(u, &flags[4], &ret->retries);
}
