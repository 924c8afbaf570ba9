/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/refs.h"
#include "tools/access.h"

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	int r = access_store(call, 0, &store, err);

	for (size_t i = 0; i < call->operand_count && r == 0; i++) {
		cleanup_free char *ref = xasprintf("pin/%s", call->operands[i]);

		r = store_ref_delete(store, ref, err);
		if (r == 0)
			return error_set(err, -ENOENT,
					 "there is no pin '%s'; 'varve pin' lists them",
					 call->operands[i]);
		r = r > 0 ? 0 : r;
	}
	return r;
}

const struct verb verb_unpin = {
	.name = "unpin",
	.summary = "Let go of a state that was pinned",
	.operands = "PIN...",
	.group = "States",
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
