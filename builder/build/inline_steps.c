/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/inline_steps.h"

#include "builder/build/finish.h"
#include "builder/image/config_steps.h"
#include "builder/image/layer/chain.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/parse.h"
#include "fs/store/steps.h"

bool inline_steps_asked(const struct strings *build_args)
{
	const char *given = build_args_get(build_args, "BUILDKIT_INLINE_CACHE");
	int yes;

	return given && parse_bool(given, &yes) == 0 && yes;
}

/* 1, or 0 when others are not to know of it. */
static int describe(struct store *store, const struct step_result *result, size_t layers,
		    struct config_step *ret, struct error *err)
{
	struct step_record record;
	int r = store_step_find(store, &result->key, &record, err);

	if (r <= 0 || record.flags & (STEP_FAILED | STEP_SECRET | STEP_TRACE))
		return r < 0 ? r : 0;
	*ret = (struct config_step){ .layers = layers, .keys = { result->key }, .key_count = 1 };
	if (!object_id_is_zero(&result->content))
		ret->keys[ret->key_count++] = result->content;
	return 1;
}

static void reverse(struct config_steps *steps)
{
	for (size_t i = 0; i < steps->count / 2; i++) {
		struct config_step other = steps->items[i];

		steps->items[i] = steps->items[steps->count - 1 - i];
		steps->items[steps->count - 1 - i] = other;
	}
}

int inline_steps_read(const struct finish *finish, const struct plan_stage *target,
		      const struct object_id *state, struct config_steps *ret, struct error *err)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	int r = image_chain_read(finish->store, state, &chain, err);
	/* Each step is a layer, but for those at the bottom that leave nothing there. */
	size_t layers = chain.count;

	for (const struct vertex *v = target->last; r >= 0 && v && v->kind != VERTEX_BASE && layers;
	     v = v->parent, layers--) {
		struct config_step step;

		r = describe(finish->store, &finish->results[v->index], layers, &step, err);
		if (r > 0)
			config_steps_add(ret, &step);
	}
	reverse(ret);
	return r < 0 ? r : 0;
}
