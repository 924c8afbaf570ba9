/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/plan_internal.h"
#include "fs/base/alloc.h"

const char *planning_cache_id(struct planning *planning, const char *id)
{
	cleanup_free char *whole = NULL;

	if (!planning->cache_namespace)
		return plan_memory_string(planning->memory, id);
	whole = xasprintf("%s/%s", planning->cache_namespace, id);
	return plan_memory_string(planning->memory, whole);
}

int planning_refuse(struct planning *planning, int code, struct location where,
		    const struct error *err)
{
	return diagnostic_set(planning->diag, code, where, "%s",
			      *err->text ? err->text : error_words(code));
}
