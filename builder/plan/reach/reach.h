/* SPDX-License-Identifier: Apache-2.0 */
/* Which stages the targets need: those they are FROM and those they take files from, and so on. */
#pragma once

struct planning;

/* Mark what they need, look up the images of that, and read the triggers that they bring along. */
int reach_stages(struct planning *planning);
