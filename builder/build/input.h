/* SPDX-License-Identifier: Apache-2.0 */
/* What a build is made from: the Dockerfile, understood, and the files that come with it. */
#pragma once

#include "builder/build/place.h"
#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"

struct context;
struct error;
struct store;

/* Where the user says it is. */
struct input_place {
	/* A directory, a URL, a repository; "-": standard input, an archive or the Dockerfile. */
	const char *context;
	const char *file; /* NULL: "Dockerfile" in the context; "-": standard input */
	int stdin_fd;
};

/* All zero is empty. */
struct input {
	struct place place; /* its files; none at all with a Dockerfile from standard input */
	char *name;         /* of the Dockerfile, for messages */
	struct buf text;
	struct dockerfile *file;
	struct recipe *recipe;
};

/*
 * Read and understand it. For an error at a place in the Dockerfile, `diag` knows where; its words
 * are in `err` in any case.
 */
int input_read(const struct place_options *options, const struct input_place *place,
	       struct input *ret, struct diagnostic *diag, struct error *err);
void input_release(struct input *input);
DEFINE_CLEANUP_VALUE(struct input, input_release);

/* Open a directory as a context, with what its .dockerignore says. */
int input_open_directory(struct store *store, const char *path, struct context **ret,
			 struct error *err);
