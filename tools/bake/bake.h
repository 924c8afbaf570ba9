/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bake files: several builds described in one document, as `docker buildx bake` reads them in JSON,
 * and the builds of a compose file. What comes out is the list of builds with all their options.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "fs/base/strings.h"

struct error;

/* Targets, groups and variables that all files together may have, each. */
#define BAKE_NAMES_MAX 4096
/* Bytes of one file. */
#define BAKE_FILE_MAX ((size_t)8 << 20)

/* What was read: objects by name. All zero is nothing; see bake_init(). */
struct bake {
	json_t *variables; /* name -> its value as it stands there; null: none */
	json_t *groups;    /* name -> array of names of targets and groups */
	json_t *targets;   /* name -> fields, see field.h, and "inherits" */
};

void bake_init(struct bake *bake);
void bake_release(struct bake *bake);
DEFINE_CLEANUP_VALUE(struct bake, bake_release);

/*
 * Read files one on top of another; with none the usual ones in the working directory, and "-" is
 * standard input. `values` are those of variables ("NAME=value"), before the environment. -EINVAL
 * says where in which file; -EOPNOTSUPP for HCL.
 */
int bake_read(const struct strings *files, const struct strings *values, struct bake *ret,
	      struct error *err);

/* One file's text, of which `name` tells what it is; added to `bake`. It does no I/O. */
int bake_read_text(const char *name, const char *text, size_t size, struct bake *bake,
		   struct error *err);

/* Put values in the place of variables, and targets in the place of matrices. */
int bake_evaluate(struct bake *bake, const struct strings *values, struct error *err);

/*
 * What is to be built for `names` (none: "default"): {"group": {NAME: {"targets": [...]}}, "target":
 * {NAME: {...}}} as `docker buildx bake --print` shows it, with what is inherited filled in.
 * `overrides` are those of --set. Targets that others only take files from come in front, and their
 * names are added to `helpers`.
 */
int bake_resolve(const struct bake *bake, const struct strings *names,
		 const struct strings *overrides, struct strings *helpers, json_t **ret,
		 struct error *err);
