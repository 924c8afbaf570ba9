/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct planning;
struct stage_work;

/* Turn a needed stage into vertices; those it needs have been. */
int lower_stage(struct planning *planning, struct stage_work *work);

/* How many steps it counts: FROM, and each RUN, COPY, ADD and WORKDIR, triggers included. */
unsigned lower_count_steps(const struct stage_work *work);
