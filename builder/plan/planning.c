/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

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

void planning_warn(struct planning *planning, struct location where, const char *format, ...)
{
	struct plan *plan = planning->plan;
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	array_reserve_one(plan->warnings, plan->warning_count, planning->warning_capacity);
	plan->warnings[plan->warning_count++] =
		(struct plan_warning){ .text = plan_memory_string(planning->memory, text),
				       .where = where };
}

int planning_refuse(struct planning *planning, int code, struct location where,
		    const struct error *err)
{
	return diagnostic_set(planning->diag, code, where, "%s",
			      *err->text ? err->text : error_words(code));
}
