/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/snapshot_show.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/snapshot/keyed.h"
#include "tools/access.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/table.h"

struct show_options {
	const char *format;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct show_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

static int find(struct store *store, const char *key, struct keyed *ret, struct error *err)
{
	int r = keyed_find(store, key, ret, err);

	if (r == 0)
		r = error_set(err, -ENOENT,
			      "there is no snapshot '%s'; `varve snapshot ls` lists them", key);
	return r < 0 ? r : 0;
}

/* ---- ls and stat ---- */

static const struct table_column columns[] = {
	{ "KEY", "key" },  { "KIND", "kind" }, { "PARENT", "parent" },   { "CREATED", "created" },
	{ "", "updated" }, { "", "state" },    { "MOUNTED", "mounted" }, { 0 },
};

static void add_row(struct table *table, struct store *store, const struct keyed *keyed,
		    int64_t now_ns)
{
	cleanup_free char *mounted = NULL;

	if (keyed->kind == KEYED_ACTIVE)
		mounted = keyed_mounted_at(store, keyed->key);
	table_add_text(table, keyed->key);
	table_add_text(table, keyed_kind_name(keyed->kind));
	table_add_text(table, *keyed->parent ? keyed->parent : NULL);
	table_add_time(table, keyed->created_s * 1000000000, now_ns);
	table_add_time(table, keyed->updated_s * 1000000000, now_ns);
	table_add_text(table,
		       object_id_is_zero(&keyed->state) ? NULL : object_id_hex(&keyed->state).text);
	table_add_text(table, mounted && *mounted ? mounted : NULL);
}

static int run_ls(const struct invocation *call, struct error *err)
{
	const struct show_options *given = call->options;
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(keyed_list_release) struct keyed_list list = { 0 };
	cleanup_with(strings_release) struct strings problems = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	int64_t now_ns = clock_realtime_ns();
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = keyed_list(store, &list, &problems, err);
	for (size_t i = 0; i < problems.count; i++)
		output_warn("%s", problems.items[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.count; i++)
		add_row(table, store, &list.items[i], now_ns);
	return table_print(table, output_format_of(given->format), err);
}

const struct verb verb_snapshot_ls = {
	.name = "ls",
	.summary = "List all snapshots that have a key",
	.options = options,
	.values_size = sizeof(struct show_options),
	.run = run_ls,
};

static int run_stat(const struct invocation *call, struct error *err)
{
	const struct show_options *given = call->options;
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = find(store, call->operands[0], &keyed, err);
	if (r < 0)
		return r;
	add_row(table, store, &keyed, clock_realtime_ns());
	return table_print(table, output_format_of(given->format), err);
}

const struct verb verb_snapshot_stat = {
	.name = "stat",
	.summary = "Say what kind a snapshot is, and what it was made from",
	.operands = "KEY",
	.options = options,
	.values_size = sizeof(struct show_options),
	.min_operands = 1,
	.max_operands = 1,
	.run = run_stat,
};

/* ---- usage ---- */

static const struct table_column usage_columns[] = {
	{ "KEY", "key" },
	{ "SIZE", "size" },
	{ "INODES", "inodes" },
	{ 0 },
};

static int run_usage(const struct invocation *call, struct error *err)
{
	const struct show_options *given = call->options;
	cleanup_with(table_free) struct table *table = table_new(usage_columns);
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++) {
		cleanup_with(keyed_release) struct keyed keyed = { 0 };
		struct keyed_usage usage;

		r = find(store, call->operands[i], &keyed, err);
		if (r == 0)
			r = keyed_usage(store, &keyed, &usage, err);
		if (r < 0)
			return r;
		table_add_text(table, keyed.key);
		table_add_size(table, usage.bytes);
		table_add_number(table, usage.inodes);
	}
	return r < 0 ? r : table_print(table, output_format_of(given->format), err);
}

const struct verb verb_snapshot_usage = {
	.name = "usage",
	.summary = "Say what snapshots take besides what they were made from",
	.operands = "KEY...",
	.description =
		"Of an active one the disk that its changes take, and how many files and\n"
		"directories they touch; of a committed one what it has added to its parent.",
	.options = options,
	.values_size = sizeof(struct show_options),
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run_usage,
};

/* ---- mounts ---- */

/* For a shell, which takes everything between single quotes as it is. */
static void add_quoted(struct buf *text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:=@%+,";

	if (*word && strspn(word, plain) == strlen(word)) {
		buf_add_string(text, word);
		return;
	}
	buf_add_char(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add_string(text, "'\\''");
		else
			buf_add_char(text, *word);
	}
	buf_add_char(text, '\'');
}

static void add_command(struct buf *text, const char *store, const char *source, const char *target)
{
	buf_add_string(text, "varve --store ");
	add_quoted(text, store);
	buf_add_string(text, " mount ");
	add_quoted(text, source);
	buf_add_char(text, ' ');
	add_quoted(text, target);
	buf_add_char(text, '\n');
}

/* As containerd's API has a mount. */
static void add_json(struct buf *text, const char *store, const char *source, bool writable)
{
	cleanup_free char *option = xasprintf("store=%s", store);

	buf_add_char(text, '{');
	json_add_field(text, "type", "fuse.varve");
	json_add_field(text, "source", source);
	json_add_key(text, "options");
	buf_add_format(text, "[\"%s\",", writable ? "rw" : "ro");
	json_add_string(text, option, strlen(option));
	buf_add_string(text, "]}\n");
}

static int run_mounts(const struct invocation *call, struct error *err)
{
	const struct show_options *given = call->options;
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *source = NULL;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = find(store, call->operands[0], &keyed, err);
	if (r < 0)
		return r;
	if (keyed.kind == KEYED_COMMITTED)
		return error_set(
			err, -EINVAL,
			"the snapshot '%s' is committed: make a view of it first, or `varve "
			"mount` it",
			keyed.key);
	source = xasprintf("snapshot:%s", keyed.key);
	if (output_format_of(given->format) == OUTPUT_JSON)
		add_json(&text, store_path(store), source, keyed.kind == KEYED_ACTIVE);
	else
		add_command(&text, store_path(store), source,
			    call->operand_count > 1 ? call->operands[1] : "/mnt");
	return output_write(&text, err);
}

const struct verb verb_snapshot_mounts = {
	.name = "mounts",
	.summary = "Print how to mount a snapshot",
	.operands = "KEY [TARGET]",
	.description =
		"A command for a shell, so that eval \"$(varve snapshot mounts KEY TARGET)\"\n"
		"mounts it; as JSON what containerd's snapshotters return.",
	.options = options,
	.values_size = sizeof(struct show_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run_mounts,
};
