/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions with the values of variables in place of their names. */
#pragma once

#include "builder/dockerfile/instruction.h"

struct error;
struct expander;

/*
 * A copy of `instruction` in which everything that an instruction of its kind expands is expanded:
 * of COPY and ADD sources, destination, owner, mode, checksum and the files whose names are not
 * quoted; keys and values of ENV and LABEL, all of them with the environment in front of the line;
 * USER, WORKDIR, STOPSIGNAL, VOLUME; EXPOSE, where one word may become several. Others are copied
 * as they are: what RUN mounts is for run_mounts_parse(), and ARG and FROM have rules of their own.
 *
 * New strings are laid down in `arena`; the rest still belongs to the recipe. On failure *ret is
 * untouched.
 */
int instruction_expand(const struct instruction *instruction, const struct expander *expander,
		       struct arena *arena, struct instruction *ret, struct error *err);

/* COPY --from names a stage or an image and is not expanded: -EINVAL if there is anything in it
 * that would be. `escape` is that of the file. */
int copy_check_from(const struct copy_instruction *copy, char escape, struct error *err);
