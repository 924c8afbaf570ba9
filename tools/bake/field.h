/* SPDX-License-Identifier: Apache-2.0 */
/* What a target may say. */
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct error;

enum field_kind {
	FIELD_STRING,
	FIELD_BOOL,
	FIELD_LIST, /* of strings; an object in it is written "key=value,key=value" */
	FIELD_MAP,  /* of strings, or null */
};

enum field_flags {
	FIELD_MERGED = 1 << 0, /* a list that is added to what is inherited, not put in its place */
};

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
};

/* In the order in which they are shown; ends with an empty one. */
extern const struct field target_fields[];

/* NULL: there is none. "platform" and the like stand for "platforms". */
const struct field *field_find(const char *name);
/* Bring a value into the form of its field. -EINVAL names the field. */
int field_normalize(const struct field *field, const json_t *value, json_t **ret,
		    struct error *err);
/* All fields of `from` on top of those of `target`. */
void fields_merge(json_t *target, const json_t *from);
