/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/check_options.h"

#include <errno.h>

#include "builder/dockerfile/directive.h"
#include "builder/dockerfile/parser.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX  200
#define OPTIONS_MAX 3

static struct span until(struct span *rest, char separator)
{
	const char *stop = memchr(rest->at, separator, rest->length);
	struct span part = span_first(*rest, stop ? (size_t)(stop - rest->at) : rest->length);

	*rest = span_from(*rest, part.length + (stop ? 1 : 0));
	return part;
}

static int refuse(struct span what, struct error *err)
{
	cleanup_free char *text = xstrndup(what.at, what.length);
	cleanup_free char *quoted = quote_string(text, QUOTED_MAX);

	return error_set(err, -EINVAL, "invalid check option %s", quoted);
}

static void parse_rules(struct span rest, bool *ret_all, struct strings *ret)
{
	rest = span_trim(rest);
	if (span_is(rest, "all")) {
		*ret_all = true;
		return;
	}
	while (rest.length) {
		struct span rule = span_trim(until(&rest, ','));

		if (rule.length)
			strings_add_range(ret, rule.at, rule.length);
	}
}

static int parse_error(struct span option, struct span value, bool *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	int yes;

	value = span_trim(value);
	text = xstrndup(value.at, value.length);
	if (parse_bool(text, &yes) < 0)
		return refuse(option, err);
	*ret = yes;
	return 0;
}

static int parse_option(struct span option, struct check_options *options, struct error *err)
{
	struct span value = option, key;

	key = until(&value, '=');
	if (key.length == option.length)
		return refuse(option, err);
	key = span_trim(key);
	if (span_is(key, "skip"))
		parse_rules(value, &options->skip_all, &options->skip);
	else if (span_is(key, "experimental"))
		parse_rules(value, &options->experimental_all, &options->experimental);
	else if (span_is(key, "error"))
		return parse_error(option, value, &options->error, err);
	else
		return refuse(key, err);
	return 0;
}

int check_options_parse(const char *text, struct check_options *ret, struct error *err)
{
	cleanup_with(check_options_release) struct check_options options = { 0 };
	struct span rest = span_trim(span_of(text));
	bool more = rest.length > 0;

	for (int i = 1; more; i++) {
		/* There are three; what else stands behind them makes the last one bad. */
		struct span option = rest;
		int r;

		more = i < OPTIONS_MAX && memchr(rest.at, ';', rest.length);
		if (more)
			option = until(&rest, ';');
		r = parse_option(option, &options, err);
		if (r < 0)
			return r;
	}
	*ret = options;
	options = (struct check_options){ 0 };
	return 0;
}

int check_options_of(const struct statement *statement, struct check_options *ret)
{
	for (size_t i = 0; i < statement->comments.count; i++) {
		struct span value, comment = span_of(statement->comments.items[i]);
		cleanup_free char *text = NULL;

		if (directive_of_line(comment, "", &value) != DIRECTIVE_CHECK)
			continue;
		value = until(&value, ' ');
		text = xstrndup(value.at, value.length);
		return check_options_parse(text, ret, NULL) < 0 ? 0 : 1;
	}
	return 0;
}

void check_options_release(struct check_options *options)
{
	strings_release(&options->skip);
	strings_release(&options->experimental);
}
