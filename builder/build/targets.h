/* SPDX-License-Identifier: Apache-2.0 */
/* A build of more than one target: what of the options it can have, and what became of each. */
#pragma once

struct building;
struct error;

/* -EINVAL when several were chosen, and something was asked for that makes sense for one alone. */
int targets_check(const struct building *building, struct error *err);
/* What became of them, or of all stages, into the result. */
void targets_tell(struct building *building);
/* What failed, with the lines of the Dockerfile, into the result; `err` sums it up. Returns `r`. */
int targets_fail(struct building *building, int r, struct error *err);
