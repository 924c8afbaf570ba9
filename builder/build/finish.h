/* SPDX-License-Identifier: Apache-2.0 */
/* From the last state of a build to an image. */
#pragma once

#include "builder/export/export.h"
#include "builder/plan/plan.h"
#include "builder/step/step.h"

struct error;
struct store;
struct store_lease;

/* All zero is none. */
struct finished {
	struct export_image image; /* with a layer for each step */
	struct layer_origins origins;
	size_t *stages; /* of the origins */
};

/*
 * The image that a target's last state is with its configuration. Times that the plan leaves
 * open become those at which the states were made: what was found again stays the same image.
 */
struct finish {
	struct store *store;
	struct store_lease *lease;
	const struct plan *plan;
	const struct step_result *results;
	bool with_steps; /* the image says what its layers came from, see config_steps.h */
};
int finish_image(const struct finish *finish, const struct plan_stage *target, struct finished *ret,
		 struct error *err);
void finished_release(struct finished *finished);
DEFINE_CLEANUP_VALUE(struct finished, finished_release);
