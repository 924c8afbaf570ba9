/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>

#include "builder/history/output_log.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/gc.h"
#include "tools/access.h"
#include "tools/human.h"
#include "tools/output.h"

struct gc_verb_options {
	bool dry_run;
};

static const struct option_spec options[] = {
	{ .name = "dry-run",
	  OPTION_AT(struct gc_verb_options, dry_run),
	  .help = "Only say what would be deleted" },
	{ 0 },
};

static int run(const struct invocation *call, struct error *err)
{
	const struct gc_verb_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct gc_options gc = { .dry_run = given->dry_run };
	char deleted[HUMAN_SIZE_MAX], kept[HUMAN_SIZE_MAX];
	struct gc_stats stats = { 0 };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = store_gc(store, &gc, &stats, err);
	if (r == 0 && !given->dry_run)
		r = output_log_sweep(store, &stats.bytes_deleted, err);
	if (r < 0)
		return r;
	buf_add_format(&text, "%s %ju objects, %s; kept %ju objects, %s\n",
		       given->dry_run ? "would delete" : "deleted",
		       (uintmax_t)stats.objects_deleted, human_size(stats.bytes_deleted, deleted),
		       (uintmax_t)stats.objects_kept, human_size(stats.bytes_kept, kept));
	return output_write(&text, err);
}

const struct verb verb_gc = {
	.name = "gc",
	.summary = "Delete what nothing refers to any more",
	.description = "Builds may run meanwhile; they lose nothing.",
	.group = "Store",
	.options = options,
	.values_size = sizeof(struct gc_verb_options),
	.run = run,
};
