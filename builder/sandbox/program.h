/* SPDX-License-Identifier: Apache-2.0 */
/* Small programs of the host: found, run, heard. */
#pragma once

struct error;
struct strings;

/* The path of `name` in $PATH or where systems keep such things; the caller frees. NULL: none. */
char *program_find(const char *name);

/* Run it and wait; -EIO with the first line it said on standard error unless it exits with 0. */
int program_run(const struct strings *argv, struct error *err);
