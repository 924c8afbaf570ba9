/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image_store.h"
#include "fs/base/error.h"
#include "tools/access.h"

static int run(const struct invocation *call, struct error *err)
{
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(address_release) struct address address = { 0 };
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	if (r == 0)
		r = access_state(store, call->operands[0], &address, err);
	if (r == 0)
		r = store_lease_hold(lease, &address.snapshot, err);
	for (size_t i = 1; i < call->operand_count && r == 0; i++)
		r = image_tag(store, lease, call->operands[i], &address.snapshot, 1, 0, err);
	return r;
}

const struct verb verb_tag = {
	.name = "tag",
	.summary = "Give an image or a state another name",
	.operands = "IMAGE|STATE NAME[:TAG]...",
	.description =
		"A state of a build becomes an image by that, with the configuration as of it.",
	.group = "Images",
	.min_operands = 2,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
