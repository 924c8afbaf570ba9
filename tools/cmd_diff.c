/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/error.h"
#include "tools/access.h"
#include "tools/change_list.h"

struct diff_options {
	const char *format;
	bool directories;
};

static const struct option_spec options[] = {
	{ .name = "directories",
	  OPTION_AT(struct diff_options, directories),
	  .help = "Also directories of which nothing but the times has changed" },
	{ .name = "format",
	  OPTION_AT(struct diff_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

/* With one operand: what that state's step has changed. */
static int parent_root(struct store *store, const struct snapshot_record *of, struct tree_root *ret,
		       struct error *err)
{
	struct snapshot_record parent;
	int r;

	*ret = tree_root_empty();
	if (object_id_is_zero(&of->parent))
		return 0;
	r = snapshot_load(store, &of->parent, &parent, err);
	if (r == 0)
		*ret = parent.root;
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct diff_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(address_release) struct address first = { 0 }, second = { 0 };
	struct change_list how = { .format = output_format_of(given->format),
				   .directories = given->directories };
	struct snapshot_record before, after;
	struct tree_root from;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = access_snapshot(store, call->operands[0], &first, &before, err);
	if (r == 0 && call->operand_count > 1) {
		from = before.root;
		r = access_snapshot(store, call->operands[1], &second, &after, err);
	} else if (r == 0) {
		after = before;
		r = parent_root(store, &before, &from, err);
	}
	return r < 0 ? r : change_list_print(store, &from, &after.root, &how, err);
}

const struct verb verb_diff = {
	.name = "diff",
	.summary = "List what differs between two states, or what a step has changed",
	.operands = "STATE [STATE]",
	.description =
		"Each line has a letter and a path: A added, M modified, D deleted, T another\n"
		"type of file. With one STATE, it is compared with the one it was made from.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct diff_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
