/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "tools/suggest.h"

/*
 * Not getopt_long: it takes any unambiguous beginning of a name for the name, so that a new option
 * breaks old scripts, reads "-t=x" as the value "=x", and keeps its state in globals.
 */

struct parsing {
	const struct option_reading *reading;
	const char *const *argv;
	size_t at;
	struct error *err;
};

/* An option as it was met. */
struct found {
	const struct option_spec *spec;
	void *values;
	char shown[80]; /* "--file", "-f" */
};

bool option_takes_value(const struct option_spec *spec)
{
	return spec->kind != OPTION_BOOL;
}

const char *option_value_name(const struct option_spec *spec)
{
	if (spec->value)
		return spec->value;
	switch (spec->kind) {
	case OPTION_BOOL:
		return "";
	case OPTION_STRING:
		return "string";
	case OPTION_LIST:
		return "list";
	case OPTION_NUMBER:
		return spec->flags & OPTION_BYTES ? "bytes" : "number";
	case OPTION_DURATION:
		return "duration";
	}
	return "";
}

bool option_is_hidden(const struct option_spec *spec)
{
	return spec->flags & (OPTION_HIDDEN | OPTION_NO_EFFECT);
}

static bool is_choice(const struct option_spec *spec, const char *value)
{
	for (const char *const *choice = spec->choices; choice && *choice; choice++) {
		if (strcmp(*choice, value) == 0)
			return true;
	}
	return !spec->choices;
}

/* Items between commas; empty ones are left out, as in "a,,b". */
static void add_items(struct strings *list, const char *value)
{
	while (*value) {
		size_t length = strcspn(value, ",");

		if (length > 0)
			strings_add_range(list, value, length);
		value += length + (value[length] == ',');
	}
}

/* Put a value into its field: 0, or -EINVAL, -ERANGE. */
static int store_value(const struct option_spec *spec, void *values, const char *value)
{
	char *field = (char *)values + spec->offset;
	int truth, r;

	if (!is_choice(spec, value))
		return -EINVAL;
	switch (spec->kind) {
	case OPTION_BOOL:
		r = parse_bool(value, &truth);
		if (r == 0)
			*(bool *)(void *)field = truth;
		return r;
	case OPTION_STRING:
		*(const char **)(void *)field = value;
		return 0;
	case OPTION_LIST:
		if (spec->flags & OPTION_COMMAS)
			add_items((struct strings *)(void *)field, value);
		else
			strings_add((struct strings *)(void *)field, value);
		return 0;
	case OPTION_NUMBER:
		return spec->flags & OPTION_BYTES ? parse_size(value, (uint64_t *)(void *)field)
						  : parse_u64(value, (uint64_t *)(void *)field);
	case OPTION_DURATION:
		return parse_duration(value, (int64_t *)(void *)field);
	}
	return -EINVAL;
}

static void choices_text(const struct option_spec *spec, struct strings *ret)
{
	for (const char *const *choice = spec->choices; *choice; choice++)
		strings_add_format(ret, "'%s'", *choice);
}

static int refuse_value(const struct option_spec *spec, const char *shown, const char *value,
			struct error *err)
{
	static const char *const wanted[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_STRING] = "a string",
		[OPTION_LIST] = "a string",
		[OPTION_NUMBER] = "a whole number",
		[OPTION_DURATION] = "a time such as '90s' or '1h30m'",
	};
	cleanup_with(strings_release) struct strings choices = { 0 };
	cleanup_free char *joined = NULL;
	const char *text = wanted[spec->kind];

	if (spec->kind == OPTION_NUMBER && spec->flags & OPTION_BYTES)
		text = "a size such as '64m'";
	if (spec->choices) {
		choices_text(spec, &choices);
		joined = strings_join(&choices, ", ");
		return error_set(err, -EINVAL, "'%s' takes one of %s, not '%s'", shown, joined,
				 value);
	}
	return error_set(err, -EINVAL, "'%s' takes %s, not '%s'", shown, text, value);
}

/* Take the value, or NULL where there was none. */
static int accept(struct parsing *p, const struct found *found, const char *value)
{
	const struct option_spec *spec = found->spec;

	if (spec->flags & OPTION_NO_EFFECT) {
		strings_add_format(p->reading->warnings, "%s has no effect%s%s", found->shown,
				   spec->help ? ": " : "", spec->help ? spec->help : "");
		return 0;
	}
	if (!value)
		value = spec->implied ? spec->implied : "true";
	if (store_value(spec, found->values, value) < 0)
		return refuse_value(spec, found->shown, value, p->err);
	return 0;
}

/* The option of that name (`length` bytes of it), or with that letter. */
static bool look_up(const struct parsing *p, const char *name, size_t length, char letter,
		    struct found *ret)
{
	for (size_t i = 0; i < p->reading->scope_count; i++) {
		const struct option_scope *scope = &p->reading->scopes[i];

		for (const struct option_spec *spec = scope->specs; spec && spec->name; spec++) {
			if (scope->only_global && !(spec->flags & OPTION_GLOBAL))
				continue;
			if (name ? strncmp(spec->name, name, length) != 0 || spec->name[length]
				 : spec->letter != letter)
				continue;
			ret->spec = spec;
			ret->values = scope->values;
			return true;
		}
	}
	return false;
}

static int refuse_name(const struct parsing *p, const char *name, size_t length)
{
	struct suggestion best;

	suggestion_begin(&best, name, length);
	for (size_t i = 0; i < p->reading->scope_count; i++) {
		const struct option_scope *scope = &p->reading->scopes[i];

		for (const struct option_spec *spec = scope->specs; spec && spec->name; spec++) {
			if (!option_is_hidden(spec) &&
			    (!scope->only_global || spec->flags & OPTION_GLOBAL))
				suggestion_offer(&best, spec->name);
		}
	}
	if (best.word)
		return error_set(p->err, -EINVAL, "unknown option '--%.*s'; did you mean '--%s'?",
				 (int)length, name, best.word);
	return error_set(p->err, -EINVAL, "unknown option '--%.*s'", (int)length, name);
}

/* A value from the next argument, which `found` cannot do without. */
static int next_value(struct parsing *p, const struct found *found, const char **ret)
{
	if (!p->argv[p->at])
		return error_set(p->err, -EINVAL, "'%s' needs a value", found->shown);
	*ret = p->argv[p->at++];
	return 0;
}

static int read_long(struct parsing *p, const char *name)
{
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	struct found found;
	int r;

	if (!look_up(p, name, length, 0, &found))
		return refuse_name(p, name, length);
	snprintf(found.shown, sizeof found.shown, "--%s", found.spec->name);
	if (!value && option_takes_value(found.spec) && !found.spec->implied) {
		r = next_value(p, &found, &value);
		if (r < 0)
			return r;
	}
	return accept(p, &found, value);
}

/* "-abc": switches up to the first letter that takes a value, which is the rest or follows. */
static int read_letters(struct parsing *p, const char *letters)
{
	int r;

	while (*letters) {
		struct found found;
		const char *value = NULL;

		if (!look_up(p, NULL, 0, *letters, &found))
			return error_set(p->err, -EINVAL, "unknown option '-%c' in '-%s'", *letters,
					 letters);
		snprintf(found.shown, sizeof found.shown, "-%c", *letters);
		letters++;
		if (*letters == '=') {
			value = letters + 1;
			letters = "";
		} else if (option_takes_value(found.spec) && *letters) {
			value = letters;
			letters = "";
		} else if (option_takes_value(found.spec) && !found.spec->implied) {
			r = next_value(p, &found, &value);
			if (r < 0)
				return r;
		}
		r = accept(p, &found, value);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct option_reading *reading, const char *const *argv, size_t *at,
		  struct error *err)
{
	struct parsing p = { reading, argv, *at, err };
	int r = 0;

	while (r == 0 && argv[p.at]) {
		const char *argument = argv[p.at];

		if (argument[0] != '-' || !argument[1]) { /* "-" is an operand: standard input */
			if (reading->stop_at_operand)
				break;
			strings_add(reading->operands, argument);
			p.at++;
		} else if (strcmp(argument, "--") == 0) {
			p.at++;
			if (reading->stop_at_operand)
				break;
			while (argv[p.at])
				strings_add(reading->operands, argv[p.at++]);
		} else {
			p.at++;
			r = argument[1] == '-' ? read_long(&p, argument + 2)
					       : read_letters(&p, argument + 1);
		}
	}
	*at = p.at;
	return r;
}

void options_init(const struct option_spec *specs, void *values)
{
	for (const struct option_spec *spec = specs; spec && spec->name; spec++) {
		if (spec->initial && !(spec->flags & OPTION_NO_EFFECT)) {
			int r = store_value(spec, values, spec->initial);

			assert(r == 0); /* the table is ours */
			(void)r;
		}
	}
}

void options_release(const struct option_spec *specs, void *values)
{
	for (const struct option_spec *spec = specs; spec && spec->name; spec++) {
		if (spec->kind == OPTION_LIST && !(spec->flags & OPTION_NO_EFFECT))
			strings_release((struct strings *)(void *)((char *)values + spec->offset));
	}
}
