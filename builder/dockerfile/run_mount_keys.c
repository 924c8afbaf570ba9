/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of --mount, one at a time. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/lex/suggest.h"
#include "builder/dockerfile/run_mount_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

static const char *const type_names[] = {
	[RUN_MOUNT_BIND] = "bind",     [RUN_MOUNT_CACHE] = "cache", [RUN_MOUNT_TMPFS] = "tmpfs",
	[RUN_MOUNT_SECRET] = "secret", [RUN_MOUNT_SSH] = "ssh",
};

static const char *const sharing_names[] = {
	[RUN_MOUNT_SHARED] = "shared",
	[RUN_MOUNT_PRIVATE] = "private",
	[RUN_MOUNT_LOCKED] = "locked",
};

const char *run_mount_type_name(enum run_mount_type type)
{
	return type_names[type];
}

const char *run_mount_sharing_name(enum run_mount_sharing sharing)
{
	return sharing_names[sharing];
}

enum key {
	KEY_TYPE,
	KEY_FROM,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READ_ONLY,
	KEY_ID,
	KEY_SHARING,
	KEY_REQUIRED,
	KEY_SIZE,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_READ_WRITE,
	KEY_ENV,
};

/* In the order in which suggestions are looked for. */
static const char *const key_names[] = { "type", "from",    "source",    "target", "readonly",
					 "id",   "sharing", "required",  "size",   "mode",
					 "uid",  "gid",     "src",       "dst",    "destination",
					 "ro",   "rw",      "readwrite", "env" };
static const enum key keys[] = { KEY_TYPE,       KEY_FROM,       KEY_SOURCE,  KEY_TARGET,
				 KEY_READ_ONLY,  KEY_ID,         KEY_SHARING, KEY_REQUIRED,
				 KEY_SIZE,       KEY_MODE,       KEY_UID,     KEY_GID,
				 KEY_SOURCE,     KEY_TARGET,     KEY_TARGET,  KEY_READ_ONLY,
				 KEY_READ_WRITE, KEY_READ_WRITE, KEY_ENV };

static void replace(char **at, const char *value)
{
	free(*at);
	*at = xstrdup(value);
}

static int key_not_for_type(struct reading *reading, const char *key)
{
	return error_set(reading->err, -EINVAL, "unexpected key '%s' for mount type '%s'", key,
			 run_mount_type_name(reading->mount.type));
}

static int bad_value(struct reading *reading, const char *key, const char *value)
{
	return error_set(reading->err, -EINVAL, "invalid value for %s: %s", key, value);
}

static bool may_be_required(const struct reading *reading)
{
	return reading->mount.type == RUN_MOUNT_SECRET || reading->mount.type == RUN_MOUNT_SSH;
}

/* Index of `value`, in letters of either case, among `names`; or -EINVAL. */
static int choose(struct reading *reading, const char *what, const char *value,
		  const char *const *names, size_t count)
{
	cleanup_free char *quoted = NULL;
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(names[i], value) == 0)
			return (int)i;
	}
	quoted = quote_string(value, QUOTED_MAX);
	return error_set(reading->err, -EINVAL, "unsupported %s %s%s", what, quoted,
			 suggestion(value, names, count, hint));
}

static int set_access(struct reading *reading, bool writable, const char *key, const char *value)
{
	int yes;

	if (parse_bool(value, &yes) < 0)
		return bad_value(reading, key, value);
	reading->mount.read_only = writable ? !yes : yes;
	reading->access_given = true;
	return 0;
}

static int set_required(struct reading *reading, const char *key, const char *value)
{
	int yes;

	if (!may_be_required(reading))
		return key_not_for_type(reading, key);
	if (parse_bool(value, &yes) < 0)
		return bad_value(reading, key, value);
	reading->mount.required = yes;
	return 0;
}

static int set_size(struct reading *reading, const char *key, const char *value)
{
	if (reading->mount.type != RUN_MOUNT_TMPFS)
		return key_not_for_type(reading, key);
	if (parse_size(value, &reading->mount.size_limit) < 0)
		return bad_value(reading, key, value);
	return 0;
}

static int set_number(struct reading *reading, enum key key, const char *value)
{
	struct run_mount *mount = &reading->mount;
	static const char *const names[] = { "mode", "uid", "gid" };
	uint32_t *const fields[] = { &mount->mode, &mount->uid, &mount->gid };
	unsigned index = (unsigned)(key - KEY_MODE);
	int r = key == KEY_MODE ? parse_octal(value, UINT32_MAX, fields[index])
				: parse_u32(value, fields[index]);

	if (r < 0)
		return error_set(reading->err, -EINVAL, "invalid value %s for %s", value,
				 names[index]);
	mount->given |= 1U << index;
	return 0;
}

static int set_choice(struct reading *reading, enum key key, const char *value)
{
	int chosen;

	if (key == KEY_TYPE) {
		chosen = choose(reading, "mount type", value, type_names,
				RUN_MOUNT_COUNT(type_names));
		if (chosen >= 0)
			reading->mount.type = (enum run_mount_type)chosen;
	} else {
		chosen = choose(reading, "sharing value", value, sharing_names,
				RUN_MOUNT_COUNT(sharing_names));
		if (chosen >= 0)
			reading->mount.sharing = (enum run_mount_sharing)chosen;
		reading->sharing_given = true;
	}
	return chosen < 0 ? chosen : 0;
}

static int set_key(struct reading *reading, enum key key, const char *name, const char *value)
{
	switch (key) {
	case KEY_TYPE:
	case KEY_SHARING:
		return set_choice(reading, key, value);
	case KEY_FROM:
		replace(&reading->mount.from, value);
		return 0;
	case KEY_SOURCE:
		replace(&reading->mount.source, value);
		return 0;
	case KEY_TARGET:
		replace(&reading->mount.target, value);
		return 0;
	case KEY_ID:
		replace(&reading->mount.id, value);
		return 0;
	case KEY_ENV:
		replace(&reading->mount.env, value);
		return 0;
	case KEY_READ_ONLY:
		return set_access(reading, false, name, value);
	case KEY_READ_WRITE:
		return set_access(reading, true, name, value);
	case KEY_REQUIRED:
		return set_required(reading, name, value);
	case KEY_SIZE:
		return set_size(reading, name, value);
	case KEY_MODE:
	case KEY_UID:
	case KEY_GID:
		return set_number(reading, key, value);
	}
	return 0;
}

/* Index into keys[], or -EINVAL. `name` is in small letters. */
static int find_key(struct reading *reading, const char *name, const char *field)
{
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < RUN_MOUNT_COUNT(key_names); i++) {
		if (strcmp(key_names[i], name) == 0)
			return (int)i;
	}
	return error_set(reading->err, -EINVAL, "unexpected key '%s' in '%s'%s", name, field,
			 suggestion(name, key_names, RUN_MOUNT_COUNT(key_names), hint));
}

/* A field without "=". */
static int set_word(struct reading *reading, const char *name, const char *field)
{
	static const char *const words[] = { "readonly", "ro", "readwrite", "rw", "required" };

	for (size_t i = 0; i < RUN_MOUNT_COUNT(words); i++) {
		if (strcmp(words[i], name) == 0)
			return set_key(reading, keys[find_key(reading, name, field)], name, "true");
	}
	return error_set(reading->err, -EINVAL, "invalid field '%s' must be a key=value pair",
			 field);
}

char *run_mount_key(const char *field)
{
	char *name = xstrndup(field, strcspn(field, "="));

	for (char *c = name; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return name;
}

int run_mount_read_field(struct reading *reading, const char *field,
			 const struct expander *expander)
{
	cleanup_with(buf_release) struct buf value = { 0 };
	const char *equals = strchr(field, '=');
	cleanup_free char *name = run_mount_key(field);
	int r;

	if (!equals)
		return set_word(reading, name, field);
	r = expand_word(expander, equals + 1, &value, reading->err);
	if (r < 0)
		return r;
	r = find_key(reading, name, field);
	if (r < 0)
		return r;
	return set_key(reading, keys[r], name, buf_string(&value));
}
