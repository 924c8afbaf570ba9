/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/call.h"

#include <errno.h>
#include <string.h>

#include "builder/dockerfile/lex/csv.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"

/* "lint" is what the others call it among themselves. */
static const struct {
	const char *name;
	enum call_what what;
} methods[] = { { "build", CALL_BUILD },
		{ "check", CALL_CHECK },
		{ "lint", CALL_CHECK },
		{ "outline", CALL_OUTLINE },
		{ "targets", CALL_TARGETS } };

static int set_method(const char *name, struct call *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(methods[i].name, name) == 0) {
			ret->what = methods[i].what;
			return 0;
		}
	}
	return error_set(err, -EINVAL,
			 "--call '%s': it is one of build, check, outline and targets", name);
}

static int set_option(const char *option, struct call *ret, struct error *err)
{
	int yes = 1;

	if (strcmp(option, "format=json") == 0) {
		ret->json = true;
		return 0;
	}
	if (strcmp(option, "format=text") == 0)
		return 0;
	if (strcmp(option, "ignorestatus") == 0 ||
	    (strncmp(option, "ignorestatus=", 13) == 0 && parse_bool(option + 13, &yes) == 0)) {
		ret->ignore_status = yes;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "--call: '%s' is neither format=text, format=json nor ignorestatus=BOOL",
			 option);
}

int call_parse(const char *text, struct call *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	struct call call = { 0 };
	int r = csv_fields(text, &fields, err);

	if (r < 0)
		return error_prefix(err, r, "--call '%s'", text);
	for (size_t i = 0; i < fields.count && r == 0; i++) {
		const char *field = fields.items[i];

		if (i == 0 && !strchr(field, '='))
			r = set_method(field, &call, err);
		else
			r = set_option(field, &call, err);
	}
	if (r == 0)
		*ret = call;
	return r;
}
