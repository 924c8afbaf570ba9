/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings with "${NAME}" in them, as the JSON form of bake files has them. "$${" stands for "${".
 * A value's own fields are "${NAME.field}". Operators, conditions and functions are not understood.
 */
#pragma once

#include <jansson.h>

struct error;
struct strings;

/* Scopes are objects; a name is looked up in `inner` first. Either may be NULL. */
struct template_scope {
	const json_t *inner, *outer;
};

/*
 * The value that `text` stands for: a string, or when it is one "${NAME}" alone, whatever that is.
 * -ENOENT for a name that is not known, -EOPNOTSUPP for more than a name.
 */
int template_expand(const char *text, const struct template_scope *scope, json_t **ret,
		    struct error *err);
/* The same for all strings in a value, wherever they stand; keys stay. */
int template_expand_all(const json_t *value, const struct template_scope *scope, json_t **ret,
			struct error *err);
