/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/snapshot/keyed.h"
#include "fs/store/fsck.h"
#include "tools/access.h"
#include "tools/human.h"
#include "tools/output.h"

struct fsck_verb_options {
	bool fast, repair;
};

static const struct option_spec options[] = {
	{ .name = "fast",
	  OPTION_AT(struct fsck_verb_options, fast),
	  .help = "Compare check sums only, do not hash every object" },
	{ .name = "repair",
	  OPTION_AT(struct fsck_verb_options, repair),
	  .help = "Put damaged objects aside, and forget the steps and names that need them" },
	{ 0 },
};

static void write_report(const struct fsck_report *report, struct buf *text)
{
	char read[HUMAN_SIZE_MAX];

	for (size_t i = 0; i < report->problems.count; i++)
		buf_add_format(text, "problem: %s\n", report->problems.items[i]);
	for (size_t i = 0; i < report->leftovers.count; i++)
		buf_add_format(text, "left over: %s\n", report->leftovers.items[i]);
	buf_add_format(text, "%ju objects in %ju packs, %ju names, %ju steps; %s read: %s\n",
		       (uintmax_t)report->objects, (uintmax_t)report->packs,
		       (uintmax_t)report->refs, (uintmax_t)report->steps,
		       human_size(report->bytes, read),
		       report->problems.count ? "damaged" : "all is well");
}

static int run(const struct invocation *call, struct error *err)
{
	const struct fsck_verb_options *given = call->options;
	struct fsck_options fsck = { .fast = given->fast, .repair = given->repair };
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct fsck_report report = { 0 };
	bool damaged;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = store_fsck(store, &fsck, &report, err);
	if (r == 0)
		r = keyed_check(store, given->repair, &report.problems, &report.leftovers, err);
	if (r < 0)
		return r;
	write_report(&report, &text);
	damaged = report.problems.count;
	fsck_report_release(&report);
	r = output_write(&text, err);
	if (r == 0 && damaged && !given->repair)
		output_warn("'varve fsck --repair' puts damaged objects aside; what was made with "
			    "them is then built again");
	return r < 0 ? r : damaged ? EXIT_BUILD_FAILED : EXIT_OK;
}

const struct verb verb_fsck = {
	.name = "fsck",
	.summary = "Check everything in the store",
	.description = "Exits with 1 when something is damaged.",
	.group = "Store",
	.options = options,
	.values_size = sizeof(struct fsck_verb_options),
	.run = run,
};
