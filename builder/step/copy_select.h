/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a source of COPY names. */
#pragma once

#include "builder/step/copy_files.h"
#include "fs/base/cleanup.h"

struct selected {
	struct node *node;
	char *name; /* the last part of its path */
};

/* All zero is an empty selection. */
struct selection {
	struct selected *items;
	size_t count, capacity;
};

/*
 * What `text` stands for: one thing (-ENOENT when it is not there), or with wildcards any number,
 * sorted, perhaps none. Symlinks on the way, and the thing itself, are followed inside the source.
 */
int select_sources(const struct copy_source *source, const char *text, struct selection *ret,
		   struct error *err);
void selection_release(struct selection *selection);
DEFINE_CLEANUP_VALUE(struct selection, selection_release);

/* One path without wildcards; `name` of the result is not set. */
int select_path(const struct copy_source *source, const char *path, struct selected *ret,
		struct error *err);
/* -ENOENT when `pattern` has no wildcards and is not there below `top`. */
int select_required(const struct copy_source *source, const char *top, const char *pattern,
		    struct error *err);
