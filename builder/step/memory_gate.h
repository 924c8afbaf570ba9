/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where steps wait that would be one too many for the memory there is. One of all builds
 * that share a pool is let through in any case, so that they come to their end.
 */
#pragma once

struct error;
struct step_env;
struct step_task;

/* Wait until there is memory, saying so; to be left again. -ECANCELED. */
int memory_gate_enter(struct step_task *task, struct error *err);
void memory_gate_leave(struct step_env *env);
