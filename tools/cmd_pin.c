/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/store/refs.h"
#include "tools/access.h"
#include "tools/output.h"
#include "tools/table.h"

#define PREFIX "pin/"

struct pin_options {
	const char *format, *name;
};

static const struct option_spec options[] = {
	{ .name = "format",
	  OPTION_AT(struct pin_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to list pins" },
	{ .name = "name",
	  OPTION_AT(struct pin_options, name),
	  .value = "name",
	  .help = "What to call it, in place of how the state was named" },
	{ 0 },
};

static const struct table_column columns[] = {
	{ "PIN", "name" },
	{ "STATE", "state" },
	{ "SINCE", "since" },
	{ 0 },
};

static int list(struct store *store, const char *format, struct error *err)
{
	cleanup_with(table_free) struct table *table = table_new(columns);
	int64_t now_ns = clock_realtime_ns();
	struct ref_list refs = { 0 };
	int r = store_ref_list(store, PREFIX, &refs, err);

	for (size_t i = 0; i < refs.count && r == 0; i++) {
		table_add_text(table, refs.items[i].name + strlen(PREFIX));
		table_add_text(table, object_id_hex(&refs.items[i].id).text);
		table_add_time(table, refs.items[i].time_s * 1000000000, now_ns);
	}
	ref_list_release(&refs);
	return r < 0 ? r : table_print(table, output_format_of(format), err);
}

static int pin(struct store *store, const char *state, const char *given, struct error *err)
{
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *ref = NULL;
	int r = store_lease_begin(store, &lease, err);

	if (r == 0)
		r = access_state(store, state, &address, err);
	if (r == 0)
		r = store_lease_hold(lease, &address.snapshot, err);
	if (r == 0)
		r = store_txn_begin(store, lease, &txn, err);
	if (r < 0)
		return r;
	ref = xasprintf(PREFIX "%s", given ? given : address.name);
	r = store_txn_set_ref(txn, ref, &address.snapshot, err);
	if (r == 0)
		r = store_txn_commit(txn, err);
	if (r < 0)
		return r;
	buf_add_format(&text, "%s\n", ref + strlen(PREFIX));
	return output_write(&text, err);
}

static int run(const struct invocation *call, struct error *err)
{
	const struct pin_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	if (r < 0)
		return r;
	if (call->operand_count == 0)
		return list(store, given->format, err);
	return pin(store, call->operands[0], given->name, err);
}

const struct verb verb_pin = {
	.name = "pin",
	.summary = "Keep a state, whatever is pruned",
	.operands = "[STATE]",
	.description = "Prints the name of the pin, which names the state from now on. Without an\n"
		       "operand, the pins are listed.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct pin_options),
	.max_operands = 1,
	.run = run,
};
