/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/mounting.h"
#include "tools/output.h"
#include "tools/verb.h"

struct mount_options {
	bool all, writable;
	const char *options;
};

static const struct option_spec options[] = {
	{ .name = "all",
	  OPTION_AT(struct mount_options, all),
	  .help = "The whole history as one tree: DIRECTORY/BUILD/STAGE/STEP/, and images" },
	{ .name = "options",
	  .letter = 'o',
	  OPTION_AT(struct mount_options, options),
	  .value = "list",
	  .help = "More mount options, with commas between them: allow_other, suid" },
	{ .name = "rw",
	  OPTION_AT(struct mount_options, writable),
	  .help = "A throw-away copy that can be written to; what was written goes with it" },
	{ 0 },
};

static int run(const struct invocation *call, struct error *err)
{
	const struct mount_options *given = call->options;
	cleanup_with(buf_release) struct buf text = { 0 };
	struct mounting mounting = { .writable = given->writable, .options = given->options };
	cleanup_free char *directory = NULL;
	size_t states = given->all ? 0 : 1;
	int r;

	if (given->all && given->writable)
		return error_set(err, -EINVAL,
				 "the whole history cannot be written to: --rw is for "
				 "one state");
	if (call->operand_count > states + 1)
		return error_set(err, -EINVAL, "with --all, only a directory is given");
	if (!given->all)
		mounting.state = call->operands[0];
	if (call->operand_count > states)
		mounting.directory = call->operands[states];
	r = mounting_do(call, &mounting, &directory, err);
	if (r < 0 || mounting.directory)
		return r;
	buf_add_format(&text, "%s\n", directory);
	return output_write(&text, err);
}

const struct verb verb_mount = {
	.name = "mount",
	.summary = "Look into a state: mount it at a directory",
	.operands = "STATE [DIRECTORY] | --all DIRECTORY",
	.description =
		"STATE is the id of a state, the beginning of one, an image, or BUILD[@STAGE][:STEP]:\n"
		"BUILD an id or 'last' or 'last-failed', STAGE a name or 'stage-2' (without it the\n"
		"target), STEP a number, FROM being 1 (without it the end of the stage). It may also\n"
		"be snapshot:KEY, see 'varve snapshot'; an active one can be written to.\n"
		"\n"
		"The mount is for the user who made it, and read-only unless --rw is given. It stays\n"
		"until 'varve umount DIRECTORY'. Without DIRECTORY, one is made here and its name\n"
		"printed. 'mount -t fuse.varve STATE DIRECTORY' and lines of /etc/fstab do the same.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct mount_options),
	.min_operands = 1,
	.max_operands = 2,
	.operand_completion = COMPLETE_DIRECTORY,
	.run = run,
};
