/* SPDX-License-Identifier: Apache-2.0 */
/* Which stages the target needs: those it is FROM and those it takes files from, and so on. */
#pragma once

struct planning;

/* Find the target. -EINVAL with the nearest name. */
int reach_target(struct planning *planning);

/* Mark what it needs, look up the images of that, and read the triggers that they bring along. */
int reach_stages(struct planning *planning);
