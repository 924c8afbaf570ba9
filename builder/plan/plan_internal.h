/* SPDX-License-Identifier: Apache-2.0 */
/* Planning under way: shared by the files of this folder. */
#pragma once

#include "builder/plan/memory.h"
#include "builder/plan/plan.h"
#include "builder/plan/reach/contexts.h"
#include "builder/plan/reach/images.h"
#include "builder/plan/reach/origin.h"
#include "builder/plan/scope/scope.h"

/* An empty one, for one platform. */
struct plan *plan_new(void);

/* One stage of the Dockerfile, beside what the plan tells of it. */
struct stage_work {
	const struct stage *stage;
	struct plan_stage *plan; /* its entry in the plan */
	struct origin base;      /* what it is FROM; what stands for it, when `replaced` */
	bool replaced;           /* by a --build-context of its name */
	bool is_tree;            /* the target, or another stage is FROM it */
	bool platform_given;     /* with FROM --platform */
	bool no_cache;           /* its steps are done again in any case */
	struct image *image;     /* of ORIGIN_IMAGE, once the stage is known to be needed */
	/* What the base has for those who build on it: ONBUILD. */
	const struct instruction **triggers;
	size_t trigger_count;
	struct scope scope; /* of its last line, once it has been lowered */
};

struct planning {
	const struct recipe *recipe;
	const struct plan_options *options;
	struct diagnostic *diag;
	struct plan *plan; /* what comes out */
	struct plan_memory *memory;
	size_t vertex_capacity;
	struct scope globals; /* ARG in front of the first FROM */
	struct contexts contexts;
	struct images images;
	struct stage_work *stages;
	struct outline_item *notes; /* for the outline, lowest stage first */
	size_t note_count, note_capacity;
	struct lint *lint;           /* may be NULL */
	const char *cache_namespace; /* NULL: none */
	const char *hostname;        /* NULL: the usual one */
};

/* The id of a cache as the store knows it. */
const char *planning_cache_id(struct planning *planning, const char *id);

/* Record what `err` says for these lines. Returns `code`. */
int planning_refuse(struct planning *planning, int code, struct location where,
		    const struct error *err);
