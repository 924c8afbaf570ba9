/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/host_mount.h"
#include "tools/verb.h"

static int run(const struct invocation *call, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < call->operand_count && r == 0; i++)
		r = host_unmount(call->operands[i], err);
	return r;
}

const struct verb verb_umount = {
	.name = "umount",
	.summary = "End what 'varve mount' began",
	.operands = "DIRECTORY...",
	.group = "States",
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.operand_completion = COMPLETE_DIRECTORY,
	.run = run,
};
