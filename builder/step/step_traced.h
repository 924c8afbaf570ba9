/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a RUN again by what it looked at. Its traces are kept in a snapshot of their own, whose
 * parent is the state that the step has led to, and whose configuration are the traces; it is
 * recorded under the trace key, which is made of all that the operation is made of but for what
 * mounts show, and of what has been found out from the parent's files before the step began: its
 * user, and where mounts are. Some of them are kept for each key, the oldest go first.
 */
#pragma once

#include "builder/step/step.h"

struct error;
struct surroundings;

/* The trace key, see above. */
int trace_key(struct step_task *task, struct object_id *ret, struct error *err);

/*
 * The step has succeeded and `snapshot` has been committed, `flags` as in struct step_record: keep
 * what it looked at. What hinders becomes a warning.
 */
void step_traced_keep(struct step_task *task, const struct surroundings *around,
		      const struct object_id *snapshot, unsigned flags, uint64_t cost_ms);
