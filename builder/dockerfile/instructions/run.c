/* SPDX-License-Identifier: Apache-2.0 */
/* RUN */
#include <errno.h>

#include "builder/dockerfile/instructions/flags.h"
#include "builder/dockerfile/instructions/instructions_internal.h"
#include "builder/dockerfile/lex/csv.h"
#include "builder/dockerfile/lex/suggest.h"
#include "builder/dockerfile/run_mount.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"
#include "fs/base/strings.h"

#define QUOTED_MAX 200

/* The value of a field whose name (in small letters) is `name`: 1 and *ret, which is NULL without
 * "="; else 0. */
static int field_is(const char *field, const char *name, const char **ret)
{
	size_t length = strcspn(field, "=");

	for (size_t i = 0; i < length; i++) {
		char c = field[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != name[i])
			return 0;
	}
	if (name[length])
		return 0;
	*ret = field[length] ? field + length + 1 : NULL;
	return 1;
}

static int set_device_name(const struct understanding *u, struct run_device *device,
			   const char *name, struct error *err)
{
	if (device->name && *device->name)
		return error_set(err, -EINVAL, "device name already set to %s", device->name);
	device->name = arena_string(u->arena, name);
	return 0;
}

/* A name has '=' in it more often than not, so the first field that is nothing else is one. */
static int read_device_field(const struct understanding *u, const char *field,
			     struct run_device *device, struct error *err)
{
	static const char *const names[] = { "name", "required" };
	char hint[SUGGESTION_SIZE];
	const char *value;
	char *key;
	int yes = 1;

	if (field_is(field, "required", &value)) {
		if (value && parse_bool(value, &yes) < 0)
			return error_set(err, -EINVAL, "invalid value for required: %s", value);
		device->required = yes;
		return 0;
	}
	if (field_is(field, "name", &value) && value)
		return set_device_name(u, device, value, err);
	if (!device->name || !*device->name)
		return set_device_name(u, device, field, err);
	if (!strchr(field, '='))
		return error_set(err, -EINVAL, "invalid field '%s' must be a key=value pair",
				 field);
	key = arena_copy(u->arena, field, strcspn(field, "="));
	for (char *c = key; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return error_set(err, -EINVAL, "unexpected key '%s' in '%s'%s", key, field,
			 suggestion(key, names, 2, hint));
}

static int parse_device(const struct understanding *u, const char *row, struct run_device *device,
			struct error *err)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	int r = csv_fields(row, &fields, err);

	if (r < 0)
		return error_prefix(err, r, "failed to parse csv devices");
	for (size_t i = 0; r == 0 && i < fields.count; i++)
		r = read_device_field(u, fields.items[i], device, err);
	if (r == 0 && !device->name)
		device->name = "";
	return r;
}

/* The flag that the `index`th value of a list came from. */
static const struct statement_flag *nth_flag(const struct understanding *u, const char *name,
					     size_t index)
{
	const struct statement *statement = u->statement;
	size_t length = strlen(name), found = 0;

	for (size_t i = 0; i < statement->flag_count; i++) {
		const char *text = statement->flags[i].text + 2;

		if (strncmp(text, name, length) == 0 && text[length] == '=' && found++ == index)
			return &statement->flags[i];
	}
	return &statement->flags[0];
}

static int parse_devices(const struct understanding *u, struct run_instruction *ret)
{
	struct words rows = flags_values(u, "device");
	struct run_device *devices;

	if (rows.count == 0)
		return 0;
	devices = arena_array(u->arena, rows.count, sizeof *devices);
	for (size_t i = 0; i < rows.count; i++) {
		struct error err;

		if (parse_device(u, rows.items[i], &devices[i], &err) < 0)
			return refuse_flag(u, nth_flag(u, "device", i), "%s", err.text);
	}
	ret->devices = devices;
	ret->device_count = rows.count;
	return 0;
}

static int check_mounts(const struct understanding *u, struct run_instruction *ret)
{
	ret->mounts = flags_values(u, "mount");
	for (size_t i = 0; i < ret->mounts.count; i++) {
		struct error err;

		if (run_mount_check(ret->mounts.items[i], &err) < 0)
			return refuse_flag(u, nth_flag(u, "mount", i), "%s", err.text);
	}
	return 0;
}

static int parse_network(const struct understanding *u, const struct flag *flag,
			 struct run_instruction *ret)
{
	cleanup_free char *quoted = NULL;

	if (!flag->value || strcmp(flag->value, "default") == 0)
		return 0;
	if (strcmp(flag->value, "none") == 0) {
		ret->network = RUN_NETWORK_NONE;
		return 0;
	}
	if (strcmp(flag->value, "host") == 0) {
		ret->network = RUN_NETWORK_HOST;
		return 0;
	}
	quoted = quote_string(flag->value, QUOTED_MAX);
	return refuse_flag(u, flag->given, "invalid network mode %s", quoted);
}

static int parse_security(const struct understanding *u, const struct flag *flag,
			  struct run_instruction *ret)
{
	cleanup_free char *quoted = NULL;

	if (!flag->value || strcmp(flag->value, "sandbox") == 0)
		return 0;
	if (strcmp(flag->value, "insecure") == 0) {
		ret->security = RUN_SECURITY_INSECURE;
		return 0;
	}
	quoted = quote_string(flag->value, QUOTED_MAX);
	return refuse_flag(u, flag->given, "security %s is not valid", quoted);
}

int run_parse(const struct understanding *u, struct run_instruction *ret)
{
	const struct statement *statement = u->statement;
	struct flag flags[] = {
		{ .name = "mount", .type = FLAG_LIST },
		{ .name = "network", .type = FLAG_STRING },
		{ .name = "security", .type = FLAG_STRING },
		{ .name = "device", .type = FLAG_LIST },
	};
	int r = flags_parse(u, flags, sizeof flags / sizeof flags[0]);

	if (r < 0)
		return r;
	ret->command = (struct command_line){
		.args = statement->args,
		.exec_form = statement->json,
		.heredocs = statement->heredocs,
		.heredoc_count = statement->heredoc_count,
	};
	r = parse_devices(u, ret);
	if (r == 0)
		r = check_mounts(u, ret);
	if (r == 0)
		r = parse_network(u, &flags[1], ret);
	return r < 0 ? r : parse_security(u, &flags[2], ret);
}
