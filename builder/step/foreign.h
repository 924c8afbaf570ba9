/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for other kinds of machines: the kernel runs them where somebody has told it how. */
#pragma once

struct error;
struct strings;
struct tree;

/*
 * Look at the program that `argv` begins with, searched for with the PATH of `env`. 0: nothing is to
 * be said, as far as can be seen. 1: it is for another kind of machine, and whether there is a
 * handler is not shown in `handlers`, a directory as BINFMT_HANDLERS; *ret_hint is what to say
 * when it does not run, which the caller frees. -ENOEXEC: it cannot run, and why.
 */
int foreign_check(struct tree *tree, const struct strings *argv, const struct strings *env,
		  const char *handlers, char **ret_hint, struct error *err);
