/* SPDX-License-Identifier: Apache-2.0 */
/* What every stage is FROM. */
#pragma once

struct planning;

/* Fill in `base`, `replaced` and the platform of all stages. -EINVAL for a FROM that says nothing
 * or nonsense, be its stage needed or not. */
int bases_resolve(struct planning *planning);
