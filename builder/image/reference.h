/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images as Docker reads them: "debian:12" is docker.io/library/debian:12. The grammar,
 * and what is added to short names, are those of the distribution project.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;

#define REFERENCE_NAME_MAX 255 /* domain and path */
#define REFERENCE_TAG_MAX  128

/* All zero is none. */
struct reference {
	char *domain; /* "docker.io", "localhost:5000" */
	char *path;   /* "library/debian" */
	char *tag;    /* NULL: none was given */
	bool has_digest;
	struct object_id digest;
};

/* -EINVAL says what is wrong with `text`; -EOPNOTSUPP for a digest of another kind than sha256. */
int reference_parse(const char *text, struct reference *ret, struct error *err);
/* Give it the tag "latest" when it has neither tag nor digest. */
void reference_complete(struct reference *reference);
/* "docker.io/library/debian:12@sha256:…"; the caller frees. */
char *reference_string(const struct reference *reference);
/* What people write: "debian:12"; the caller frees. */
char *reference_familiar(const struct reference *reference);
/* A tag alone. */
bool reference_tag_valid(const char *tag);
/* reference_parse(), reference_complete() and reference_string() in one. */
int reference_normalize(const char *text, char **ret, struct error *err);
void reference_release(struct reference *reference);
DEFINE_CLEANUP_VALUE(struct reference, reference_release);
