/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/layering.h"

#include <errno.h>
#include <string.h>

#include "fs/base/error.h"
#include "fs/base/parse.h"

int layering_parse(const char *text, struct layering *ret, struct error *err)
{
	static const struct {
		const char *name;
		enum layering_kind kind;
	} words[] = { { "step", LAYERING_STEP },
		      { "stage", LAYERING_STAGE },
		      { "squash", LAYERING_SQUASH } };
	uint64_t most;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(text, words[i].name) == 0) {
			*ret = (struct layering){ .kind = words[i].kind };
			return 0;
		}
	}
	if (strncmp(text, "pack:", 5) == 0 && parse_u64(text + 5, &most) == 0 && most > 0) {
		*ret = (struct layering){ .kind = LAYERING_PACK, .most = most };
		return 0;
	}
	return error_set(err, -EINVAL,
			 "'%s': it is one of step, stage, squash and pack:N, where N is how "
			 "many there may be",
			 text);
}

/* Layers from `from` up to `to` in `groups` groups. */
static size_t divide(size_t from, size_t to, size_t groups, size_t *ret)
{
	size_t count = to - from;

	if (groups > count)
		groups = count;
	for (size_t i = 0; i < groups; i++)
		ret[i] = from + (i + 1) * count / groups - 1;
	return groups;
}

static size_t end_stages(const struct layer_origins *origins, size_t base, size_t count,
			 size_t *ret)
{
	size_t ends = 0;

	for (size_t i = 0; i < origins->stage_count; i++) {
		size_t stage = origins->stages[i];

		if (stage > base && stage < count && (ends == 0 || ret[ends - 1] + 1 < stage))
			ret[ends++] = stage - 1;
	}
	if (base < count)
		ret[ends++] = count - 1;
	return ends;
}

size_t layering_ends(const struct layering *layering, const struct layer_origins *origins,
		     size_t count, size_t *ret)
{
	size_t base = origins->base < count ? origins->base : count, ends = base;

	if (layering->kind == LAYERING_PACK && count > layering->most && base >= layering->most)
		return divide(0, count, layering->most, ret);
	for (size_t i = 0; i < base; i++)
		ret[i] = i;
	switch (layering->kind) {
	case LAYERING_STEP:
		ends += divide(base, count, count - base, ret + base);
		break;
	case LAYERING_STAGE:
		ends += end_stages(origins, base, count, ret + base);
		break;
	case LAYERING_SQUASH:
		ends += divide(base, count, 1, ret + base);
		break;
	case LAYERING_PACK:
		ends += divide(base, count, layering->most - base, ret + base);
		break;
	}
	return ends;
}
