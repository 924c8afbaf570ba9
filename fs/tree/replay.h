/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing again in one tree what was done to another: all that differs between `before` and `after`
 * is made to differ in the same way. What is taken over is what `after` holds, owners, modes and
 * times included; a time that was not changed stays the other tree's own.
 */
#pragma once

#include "fs/tree/tree.h"

struct error;

/*
 * `tree` belongs to the same store and has nothing staged. -ESTALE, and nothing has been done:
 * something that was changed is other there than it was before, and what would come of it is not
 * known.
 */
int tree_replay(struct tree *tree, const struct tree_root *before, const struct tree_root *after,
		struct error *err);
