/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/dockerfile/lex/csv.h"
#include "builder/dockerfile/run_mount_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"

static void mount_release(struct run_mount *mount)
{
	free(mount->from);
	free(mount->source);
	free(mount->target);
	free(mount->id);
	free(mount->env);
}

static void reading_release(struct reading *reading)
{
	mount_release(&reading->mount);
}
DEFINE_CLEANUP_VALUE(struct reading, reading_release);

static bool is_empty(const char *s)
{
	return !s || !*s;
}

/* What must not stand together. */
static int check_keys(const struct reading *reading)
{
	const struct run_mount *mount = &reading->mount;
	static const char *const owner[] = { "mode", "uid", "gid" };
	struct error *err = reading->err;

	for (unsigned i = 0; i < RUN_MOUNT_COUNT(owner); i++) {
		if (mount->given & 1U << i &&
		    (mount->type == RUN_MOUNT_BIND || mount->type == RUN_MOUNT_TMPFS))
			return error_set(err, -EINVAL, "%s not allowed for \"%s\" type mounts",
					 owner[i], run_mount_type_name(mount->type));
	}
	if (mount->type == RUN_MOUNT_SECRET) {
		if (!is_empty(mount->from))
			return error_set(err, -EINVAL, "secret mount should not have a from");
		if (reading->sharing_given)
			return error_set(err, -EINVAL, "secret mount should not define sharing");
		if (is_empty(mount->source) && is_empty(mount->target) && is_empty(mount->id))
			return error_set(err, -EINVAL,
					 "invalid secret mount. one of source, target required");
		if (!is_empty(mount->source) && !is_empty(mount->id))
			return error_set(err, -EINVAL, "both source and id can't be set");
	}
	if (reading->sharing_given && mount->type != RUN_MOUNT_CACHE)
		return error_set(err, -EINVAL, "invalid cache sharing set for %s mount",
				 run_mount_type_name(mount->type));
	if (mount->type == RUN_MOUNT_SSH && !is_empty(mount->source))
		return error_set(err, -EINVAL, "ssh does not support source");
	return 0;
}

/* The last part of a path, trailing slashes ignored. */
static char *last_part(const char *path)
{
	cleanup_free char *clean = path_clean(path);

	return xstrdup(path_base(clean));
}

/* Empty strings mean the same as none here. */
static void drop_empty(char **at)
{
	if (*at && !**at) {
		free(*at);
		*at = NULL;
	}
}

/* Names and places that were not given. `agents` counts the ssh mounts in front of this one. */
static int fill_names(struct reading *reading, const char *workdir, size_t agents)
{
	struct run_mount *mount = &reading->mount;
	char *absolute;

	if (mount->type == RUN_MOUNT_SECRET) {
		if (!mount->id)
			mount->id =
				mount->source ? take_ptr(&mount->source) : last_part(mount->target);
		if (!mount->target && !mount->env) {
			cleanup_free char *name = last_part(mount->id);

			mount->target = xasprintf("/run/secrets/%s", name);
		}
	} else if (mount->type == RUN_MOUNT_SSH) {
		if (!mount->id)
			mount->id = xstrdup("default");
		if (!mount->target)
			mount->target = xasprintf("/run/buildkit/ssh_agent.%zu", agents);
	} else {
		/* Without a target it is the working directory that is mounted over. */
		if (!mount->target)
			mount->target = xstrdup(".");
		if (mount->type != RUN_MOUNT_CACHE)
			free(take_ptr(&mount->id));
		else if (!mount->id)
			mount->id = path_clean(mount->target);
	}
	if (mount->target) {
		cleanup_free char *rooted = path_join("/", workdir);

		absolute = path_join(rooted, mount->target);
		free(mount->target);
		mount->target = absolute;
		if (strcmp(absolute, "/") == 0)
			return error_set(reading->err, -EINVAL, "invalid mount target \"/\"");
	}
	return 0;
}

static void fill_defaults(struct reading *reading)
{
	struct run_mount *mount = &reading->mount;
	cleanup_free char *source = take_ptr(&mount->source);
	cleanup_free char *rooted = xasprintf("/%s", source ? source : "");

	mount->source = path_clean(rooted);
	if (!reading->access_given)
		mount->read_only = mount->type != RUN_MOUNT_CACHE && mount->type != RUN_MOUNT_TMPFS;
	if (mount->given & RUN_MOUNT_GIVEN_MODE)
		return;
	if (mount->type == RUN_MOUNT_CACHE)
		mount->mode = 0755;
	else if (mount->type == RUN_MOUNT_SECRET)
		mount->mode = 0400;
	else if (mount->type == RUN_MOUNT_SSH)
		mount->mode = 0600;
}

static int split_row(const char *row, struct strings *ret, struct error *err)
{
	int r = csv_fields(row, ret, err);

	return r < 0 ? error_prefix(err, r, "failed to parse csv mounts") : 0;
}

int run_mount_check(const char *row, struct error *err)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	int r = split_row(row, &fields, err);

	for (size_t i = 0; r == 0 && i < fields.count; i++) {
		cleanup_free char *key = run_mount_key(fields.items[i]);
		const char *dollar = strchr(fields.items[i] + strlen(key), '$');

		/* A dollar sign at the very end is one. */
		if (strcmp(key, "from") == 0 && dollar && dollar[1])
			r = error_set(err, -EINVAL,
				      "'from' doesn't support variable expansion, define alias "
				      "stage instead");
	}
	return r;
}

static int parse_row(const char *row, const struct expander *expander, const char *workdir,
		     size_t agents, struct run_mount *ret, struct error *err)
{
	cleanup_with(reading_release) struct reading reading = { .err = err };
	cleanup_with(strings_release) struct strings fields = { 0 };
	int r;

	r = run_mount_check(row, err);
	if (r < 0)
		return r;
	r = split_row(row, &fields, err);
	for (size_t i = 0; r == 0 && i < fields.count; i++)
		r = run_mount_read_field(&reading, fields.items[i], expander);
	if (r < 0)
		return r;
	r = check_keys(&reading);
	if (r < 0)
		return r;
	drop_empty(&reading.mount.from);
	drop_empty(&reading.mount.source);
	drop_empty(&reading.mount.target);
	drop_empty(&reading.mount.id);
	r = fill_names(&reading, workdir, agents);
	if (r < 0)
		return r;
	if (reading.mount.type != RUN_MOUNT_SECRET)
		free(take_ptr(&reading.mount.env));
	fill_defaults(&reading);
	*ret = reading.mount;
	reading.mount = (struct run_mount){ 0 };
	return 0;
}

int run_mounts_parse(const struct words *rows, const struct expander *expander, const char *workdir,
		     struct run_mounts *ret, struct error *err)
{
	struct run_mounts mounts = { .items = xcalloc(rows->count, sizeof *mounts.items) };
	size_t agents = 0;

	for (; mounts.count < rows->count; mounts.count++) {
		struct run_mount *mount = &mounts.items[mounts.count];
		int r = parse_row(rows->items[mounts.count], expander, workdir, agents, mount, err);

		if (r < 0) {
			run_mounts_release(&mounts);
			return r;
		}
		agents += mount->type == RUN_MOUNT_SSH;
	}
	*ret = mounts;
	return 0;
}

void run_mounts_release(struct run_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_release(&mounts->items[i]);
	free(mounts->items);
	*mounts = (struct run_mounts){ 0 };
}
