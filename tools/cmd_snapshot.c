/* SPDX-License-Identifier: Apache-2.0 */
/* Building layers by hand: the verbs of a containerd snapshotter. */
#include <errno.h>

#include "builder/image/image_store.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/snapshot/keyed.h"
#include "tools/access.h"
#include "tools/output.h"
#include "tools/snapshot_show.h"

/* ---- prepare and view ---- */

static int prepare(const struct invocation *call, enum keyed_kind kind, struct error *err)
{
	const char *parent = call->operand_count > 1 ? call->operands[1] : "";
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	struct object_id state = { 0 };
	int r = access_store(call, STORE_CREATE, &store, err);

	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	/* A committed snapshot is the parent in the first place, whatever else is called so. */
	if (r == 0 && *parent)
		r = keyed_find(store, parent, &keyed, err);
	if (r > 0 && keyed.kind == KEYED_COMMITTED) {
		state = keyed.state;
		r = 0;
	} else if (r >= 0 && *parent) {
		r = access_state(store, parent, &address, err);
		state = address.snapshot;
	}
	if (r == 0 && !object_id_is_zero(&state))
		r = store_lease_hold(lease, &state, err);
	if (r < 0)
		return r;
	return keyed_prepare(store, lease, call->operands[0], kind,
			     address.name ? address.name : parent, &state, err);
}

static int run_prepare(const struct invocation *call, struct error *err)
{
	return prepare(call, KEYED_ACTIVE, err);
}

static const struct verb verb_prepare = {
	.name = "prepare",
	.summary = "Make a snapshot that can be written to",
	.operands = "KEY [PARENT]",
	.description = "PARENT is the key of a committed snapshot or any state that 'varve mount'\n"
		       "takes; without it the snapshot begins empty. Mount it with\n"
		       "'varve mount snapshot:KEY DIRECTORY', as often as need be.",
	.min_operands = 1,
	.max_operands = 2,
	.run = run_prepare,
};

static int run_view(const struct invocation *call, struct error *err)
{
	return prepare(call, KEYED_VIEW, err);
}

static const struct verb verb_view = {
	.name = "view",
	.summary = "Make a snapshot to look into, and keep its parent meanwhile",
	.operands = "KEY PARENT",
	.min_operands = 2,
	.max_operands = 2,
	.run = run_view,
};

/* ---- commit ---- */

struct commit_options {
	const char *message;
	struct strings tags;
};

static const struct option_spec commit_options[] = {
	{ .name = "message",
	  .letter = 'm',
	  OPTION_AT(struct commit_options, message),
	  .value = "text",
	  .help = "What an image's history says of it" },
	{ .name = "tag",
	  .letter = 't',
	  OPTION_AT(struct commit_options, tags),
	  .value = "name",
	  .help = "Also make it the image of this name" },
	{ 0 },
};

/* An image of it is run as its parent is. */
static int make_config(struct store *store, const struct keyed *keyed, const char *name,
		       const char *message, struct buf *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(stored_image_release) struct stored_image parent = { 0 };
	struct platform platform = platform_host();
	struct config_history *history;
	int r = object_id_is_zero(&keyed->state) ? -EINVAL
						 : image_read(store, &keyed->state, &parent, err);

	if (r == 0)
		config_copy(&config, &parent.config);
	else if (r == -EINVAL)
		config_init_scratch(&config, &platform);
	else
		return r;
	free(config.created);
	config.created = config_time(clock_realtime_ns());
	history = config_add_history(&config);
	history->created = xstrdup(config.created);
	history->created_by = xasprintf("varve snapshot commit %s", name);
	history->comment = message ? xstrdup(message) : NULL;
	config_write(&config, ret);
	return 0;
}

static int check_tags(const struct strings *tags, struct error *err)
{
	for (size_t i = 0; i < tags->count; i++) {
		cleanup_free char *whole = NULL;
		int r = reference_normalize(tags->items[i], &whole, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int run_commit(const struct invocation *call, struct error *err)
{
	const struct commit_options *given = call->options;
	const char *name = call->operands[0], *key = call->operands[1];
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(keyed_release) struct keyed keyed = { 0 };
	cleanup_with(buf_release) struct buf config = { 0 }, text = { 0 };
	struct snapshot_result result;
	int r = check_tags(&given->tags, err);

	if (r == 0)
		r = access_store(call, 0, &store, err);
	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	if (r == 0)
		r = keyed_find(store, key, &keyed, err);
	if (r > 0)
		r = make_config(store, &keyed, name, given->message, &config, err);
	if (r == 0)
		r = keyed_commit(store, lease, key, name, &config, &result, err);
	for (size_t i = 0; i < given->tags.count && r == 0; i++)
		r = image_tag(store, lease, given->tags.items[i], &result.id, 1, 0, err);
	if (r < 0)
		return r;
	buf_add_format(&text, "%s\n", object_id_hex(&result.id).text);
	return output_write(&text, err);
}

static const struct verb verb_commit = {
	.name = "commit",
	.summary = "Make an active snapshot a state that others can begin with",
	.operands = "NAME KEY",
	.description =
		"KEY is gone then, and NAME the key of the committed snapshot: a state that\n"
		"mount, diff and others know. Its id is printed.",
	.options = commit_options,
	.values_size = sizeof(struct commit_options),
	.min_operands = 2,
	.max_operands = 2,
	.run = run_commit,
};

/* ---- rm ---- */

static int run_rm(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = keyed_remove(store, call->operands[i], err);
	return r;
}

static const struct verb verb_rm = {
	.name = "rm",
	.summary = "Remove snapshots and what was written in them",
	.operands = "KEY...",
	.description = "Not while it is mounted, nor while others were made from it.",
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run_rm,
};

static const struct verb *const children[] = { &verb_prepare,
					       &verb_view,
					       &verb_commit,
					       &verb_rm,
					       &verb_snapshot_ls,
					       &verb_snapshot_stat,
					       &verb_snapshot_usage,
					       &verb_snapshot_mounts,
					       NULL };

const struct verb verb_snapshot = {
	.name = "snapshot",
	.summary = "Build layers by hand: workspaces that are kept, and committed",
	.group = "States",
	.children = children,
};
