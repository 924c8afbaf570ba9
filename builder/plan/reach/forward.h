/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that take files from themselves, from later ones, or in circles. */
#pragma once

#include <stddef.h>

struct error;
struct origin_use;
struct planning;

/*
 * Look at every --from of the Dockerfile, needed or not: -EINVAL for one that can mean nothing, and
 * for stages that wait for each other. A later stage alone is no error yet.
 */
int forward_check(struct planning *planning);

/* The error for `use`, of a later stage, in stage `number`, which is needed. */
int forward_refuse(const struct planning *planning, size_t number, const struct origin_use *use,
		   struct error *err);
