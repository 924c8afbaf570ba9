/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/snapshot/cache.h"
#include "fs/snapshot/host_mount.h"
#include "tools/access.h"
#include "tools/change_list.h"
#include "tools/output.h"
#include "tools/table.h"

#define S_NS INT64_C(1000000000)

/* A version of a cache, as people name it: ID or ID@NUMBER. */
struct named {
	struct cache *cache;
	uint64_t number;                /* 0: it was not given */
	struct cache_version *versions; /* oldest first; at least one */
	size_t count, at;               /* the one that is meant */
};

static void named_release(struct named *named)
{
	cache_close(named->cache);
	free(named->versions);
}
DEFINE_CLEANUP_VALUE(struct named, named_release);

static int open_known(struct store *store, const char *id, struct named *ret, struct error *err)
{
	cleanup_with(strings_release) struct strings ids = { 0 };
	int r = cache_list(store, &ids, err);

	if (r < 0)
		return r;
	if (!strings_contain(&ids, id))
		return 0;
	r = cache_open(store, id, &ret->cache, err);
	return r < 0 ? r : 1;
}

/* An id may have an "@" in it, so the whole text is tried first. */
static int open_named(struct store *store, const char *text, struct named *ret, struct error *err)
{
	const char *at = strrchr(text, '@');
	int r = open_known(store, text, ret, err);

	if (r == 0 && at && parse_u64(at + 1, &ret->number) == 0 && ret->number) {
		cleanup_free char *id = xstrndup(text, (size_t)(at - text));

		r = open_known(store, id, ret, err);
	}
	if (r == 0)
		r = error_set(err, -ENOENT, "there is no cache '%s'; 'varve cache ls' lists them",
			      text);
	return r < 0 ? r : 0;
}

static int find_version(struct store *store, const char *text, struct named *ret, struct error *err)
{
	int r = open_named(store, text, ret, err);

	if (r == 0)
		r = cache_versions(ret->cache, &ret->versions, &ret->count, err);
	if (r < 0)
		return r;
	for (size_t i = ret->count; i > 0; i--) {
		if (ret->number && ret->versions[i - 1].number != ret->number)
			continue;
		ret->at = i - 1;
		return 0;
	}
	return error_set(err, -ENOENT, "there is no version '%s'; 'varve cache ls' lists them",
			 text);
}

/* ---- ls ---- */

struct list_options {
	const char *format;
};

#define FORMAT_OPTION(type)                                                             \
	{                                                                               \
		.name = "format", OPTION_AT(type, format), .initial = "table",          \
		.choices = output_formats, .value = "format", .help = "How to write it" \
	}

static const struct option_spec list_options[] = { FORMAT_OPTION(struct list_options), { 0 } };

static const struct table_column columns[] = {
	{ "CACHE", "id" },
	{ "VERSION", "version" },
	{ "MADE", "made" },
	{ "LAST USED", "used" },
	{ "STATE", "state" },
	{ "", "newest" },
	{ 0 },
};

static void add_version(struct table *table, const struct cache *cache,
			const struct cache_version *version, bool newest, int64_t now_ns)
{
	struct id_hex hex = object_id_hex(&version->snapshot);
	char short_id[13] = { 0 };

	memcpy(short_id, hex.text, sizeof short_id - 1);
	table_add_text(table, cache_id(cache));
	table_add_number(table, version->number);
	table_add_time(table, version->time_s * S_NS, now_ns);
	table_add_time(table, newest ? cache_used_s(cache) * S_NS : 0, now_ns);
	table_add_text_as(table, short_id, hex.text);
	table_add_bool(table, newest);
}

static int add_cache(struct table *table, struct store *store, const char *id, int64_t now_ns,
		     struct error *err)
{
	cleanup_with(cache_close) struct cache *cache = NULL;
	cleanup_free struct cache_version *versions = NULL;
	size_t count = 0;
	int r = cache_open(store, id, &cache, err);

	if (r == 0)
		r = cache_versions(cache, &versions, &count, err);
	for (size_t i = count; r >= 0 && i > 0; i--)
		add_version(table, cache, &versions[i - 1], i == count, now_ns);
	return r;
}

static int run_ls(const struct invocation *call, struct error *err)
{
	const struct list_options *given = call->options;
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(strings_release) struct strings ids = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	int64_t now_ns = clock_realtime_ns();
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = cache_list(store, &ids, err);
	for (size_t i = 0; i < ids.count && r >= 0; i++) {
		if (call->operand_count == 0 || strcmp(ids.items[i], call->operands[0]) == 0)
			r = add_cache(table, store, ids.items[i], now_ns, err);
	}
	return r < 0 ? r : table_print(table, output_format_of(given->format), err);
}

static const struct verb ls = {
	.name = "ls",
	.summary = "List caches and their versions, newest first",
	.operands = "[CACHE]",
	.options = list_options,
	.values_size = sizeof(struct list_options),
	.max_operands = 1,
	.run = run_ls,
};

/* ---- mount ---- */

struct mount_options {
	bool writable;
};

static const struct option_spec mount_options[] = {
	{ .name = "rw",
	  OPTION_AT(struct mount_options, writable),
	  .help = "A throw-away copy that can be written to" },
	{ 0 },
};

static int run_mount(const struct invocation *call, struct error *err)
{
	const struct mount_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(named_release) struct named named = { 0 };
	struct host_mount mount = { .directory = call->operands[1],
				    .label = call->operands[0],
				    .writable = given->writable };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = find_version(store, call->operands[0], &named, err);
	if (r < 0)
		return r;
	r = dir_make(AT_FDCWD, mount.directory, 0755);
	if (r < 0)
		return error_errno(err, r, "cannot make the directory '%s'", mount.directory);
	mount.store = store_path(store);
	mount.snapshot = named.versions[named.at].snapshot;
	r = host_mount(&mount, err);
	return r < 0 ? error_prefix(err, r, "cannot mount '%s'", call->operands[0]) : 0;
}

static const struct verb mount = {
	.name = "mount",
	.summary = "Look into a version of a cache: mount it at a directory",
	.operands = "CACHE[@VERSION] DIRECTORY",
	.description = "End it with 'varve umount DIRECTORY'.",
	.options = mount_options,
	.values_size = sizeof(struct mount_options),
	.min_operands = 2,
	.max_operands = 2,
	.operand_completion = COMPLETE_DIRECTORY,
	.run = run_mount,
};

/* ---- rm ---- */

static int run_rm(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++) {
		cleanup_with(named_release) struct named named = { 0 };

		r = open_named(store, call->operands[i], &named, err);
		if (r == 0)
			r = cache_remove(named.cache, named.number, err);
	}
	return r;
}

static const struct verb rm = {
	.name = "rm",
	.summary = "Remove caches, or single versions of them",
	.operands = "CACHE[@VERSION]...",
	.description =
		"One that a step is using stays, and is an error. Its room is freed by the next\n"
		"'varve gc' or 'varve prune'.",
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run_rm,
};

/* ---- diff ---- */

struct diff_options {
	const char *format;
};

static const struct option_spec diff_options[] = { FORMAT_OPTION(struct diff_options), { 0 } };

static int root_of(struct store *store, const struct named *named, size_t at, struct tree_root *ret,
		   struct error *err)
{
	struct snapshot_record record;
	int r = snapshot_load(store, &named->versions[at].snapshot, &record, err);

	if (r == 0)
		*ret = record.root;
	return r;
}

static int run_diff(const struct invocation *call, struct error *err)
{
	const struct diff_options *given = call->options;
	struct change_list how = { .format = output_format_of(given->format) };
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(named_release) struct named first = { 0 }, second = { 0 };
	struct tree_root before = tree_root_empty(), after = before;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = find_version(store, call->operands[0], &first, err);
	if (r == 0 && call->operand_count > 1) {
		r = find_version(store, call->operands[1], &second, err);
		if (r == 0)
			r = root_of(store, &first, first.at, &before, err);
		if (r == 0)
			r = root_of(store, &second, second.at, &after, err);
	} else if (r == 0) {
		/* The first version has begun with nothing. */
		r = first.at ? root_of(store, &first, first.at - 1, &before, err) : 0;
		if (r == 0)
			r = root_of(store, &first, first.at, &after, err);
	}
	return r < 0 ? r : change_list_print(store, &before, &after, &how, err);
}

static const struct verb diff = {
	.name = "diff",
	.summary = "List what differs between two versions, or from the one before",
	.operands = "CACHE[@VERSION] [CACHE[@VERSION]]",
	.options = diff_options,
	.values_size = sizeof(struct diff_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run_diff,
};

/* ---- rollback ---- */

static int run_rollback(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(named_release) struct named named = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct cache_version version;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	if (r == 0)
		r = find_version(store, call->operands[0], &named, err);
	if (r == 0 && !named.number && named.at == 0)
		r = error_set(err, -ENOENT, "cache '%s' has only one version", call->operands[0]);
	if (r < 0)
		return r;
	if (!named.number)
		named.at--;
	r = cache_roll_back(named.cache, lease, named.versions[named.at].number, &version, err);
	if (r < 0)
		return r;
	buf_add_format(&text, "version %ju is what version %ju was\n", (uintmax_t)version.number,
		       (uintmax_t)named.versions[named.at].number);
	return output_write(&text, err);
}

static const struct verb rollback = {
	.name = "rollback",
	.summary = "Make a cache what it was in an earlier version",
	.operands = "CACHE[@VERSION]",
	.description =
		"Without VERSION, in the one before the newest. It becomes a new version: this can\n"
		"be rolled back as well.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_rollback,
};

static const struct verb *const children[] = { &ls, &mount, &diff, &rollback, &rm, NULL };

const struct verb verb_cache = {
	.name = "cache",
	.summary = "See to the caches of RUN --mount=type=cache",
	.group = "Store",
	.children = children,
};
