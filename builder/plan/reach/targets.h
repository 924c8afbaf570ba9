/* SPDX-License-Identifier: Apache-2.0 */
/* Which stages are asked for. */
#pragma once

struct planning;

/* The stages that the options name, in the order of the Dockerfile; the last one without a name.
 * -EINVAL with the nearest name. */
int targets_find(struct planning *planning);

/* What TARGETSTAGE stands for: the target as it was named; empty for several, and for one that has no
 * name. */
const char *targets_name(const struct planning *planning);
