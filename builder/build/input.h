/* SPDX-License-Identifier: Apache-2.0 */
/* What a build is made from: the Dockerfile, understood, and the files that come with it. */
#pragma once

#include "builder/dockerfile/recipe.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"

struct context;
struct error;
struct news;
struct store;

/* Where the user says it is. */
struct input_place {
	const char
		*context; /* a directory; "-": standard input is the Dockerfile, or NULL likewise */
	const char *file; /* NULL: "Dockerfile" in the context; "-": standard input */
	int stdin_fd;
};

/* All zero is empty. */
struct input {
	struct context *context; /* NULL: there is none */
	char *name;              /* of the Dockerfile, for messages */
	struct buf text;
	struct dockerfile *file;
	struct recipe *recipe;
};

/*
 * Read and understand it. For an error at a place in the Dockerfile, `diag` knows where; its words
 * are in `err` in any case.
 */
int input_read(struct store *store, const struct input_place *place, struct news *news,
	       struct input *ret, struct diagnostic *diag, struct error *err);
void input_release(struct input *input);
DEFINE_CLEANUP_VALUE(struct input, input_release);

/* Open a directory as a context, with what its .dockerignore says. */
int input_open_directory(struct store *store, const char *path, struct context **ret,
			 struct error *err);
/* A place that is not on this host: a URL or the name of a repository. */
bool input_is_remote(const char *place);
