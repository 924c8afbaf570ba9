/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that keeps objects alive: refs, steps, and what living processes hold. */
#pragma once

#include "fs/base/cleanup.h"
#include "fs/store/steps.h"

struct strings;

enum root_type { ROOT_REF, ROOT_STEP, ROOT_LEASE };

struct root {
	enum root_type type;
	struct object_id id;
	char *name;              /* of a ref, else NULL */
	struct step_record step; /* of a step */
};

/* All zero is an empty list. */
struct root_list {
	struct root *items;
	size_t count, capacity;
	size_t ref_count, step_count;
};

/* As they are now. A damaged ref is -EBADMSG, or a line in `problems` unless that is NULL. */
int roots_read(struct store *store, struct root_list *ret, struct strings *problems,
	       struct error *err);
void root_list_release(struct root_list *list);
DEFINE_CLEANUP_VALUE(struct root_list, root_list_release);

/* "the ref 'tag/x'" and the like, for messages; the caller frees. */
char *root_describe(const struct root *root);
