/* SPDX-License-Identifier: Apache-2.0 */
/* How steps are called: "[build 2/5] RUN make". */
#pragma once

struct buf;
struct instruction;
struct lowering;
struct run_mounts;

/*
 * The instruction on one line, variables that are set in the place of their names, and the first
 * line of a heredoc that stands alone. Names of secrets in `mounts` (NULL: none) show as "****".
 */
void label_command(const struct lowering *lowering, const struct run_mounts *mounts,
		   struct buf *ret);

/* "[linux/arm64 build 2/5] ": the stage and the step where it is now. */
void label_prefix(const struct lowering *lowering, struct buf *ret);
