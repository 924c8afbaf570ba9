/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents of others, read strictly, and our own, written compactly. What is wrong is told
 * with the name of the document and the path in it: "config of x: .config.Env[3] is not a
 * string". It knows nothing of what the documents mean.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct error;
struct json_t;
struct string_map;

/* No document of an image is larger; Docker and containerd draw the line lower. */
#define JSON_DOCUMENT_MAX ((size_t)16 << 20)

/* A value and the way that led to it, which lives as long as those above it. */
struct json_value {
	const struct json_value *parent; /* NULL: the document itself */
	const char *key;                 /* in an object, else NULL; the name of a document */
	size_t index;                    /* in an array */
	struct json_t *json;
};

/* All zero is no document. `root.key` is the caller's string, kept by reference. */
struct json_document {
	struct json_value root;
};

/* `name` is what messages call it. -EINVAL with line and column when it is no JSON object or
 * array, has a key twice, or bytes behind its end; -E2BIG past JSON_DOCUMENT_MAX. */
int json_document_parse(const void *data, size_t size, const char *name, struct json_document *ret,
			struct error *err);
void json_document_release(struct json_document *document);
DEFINE_CLEANUP_VALUE(struct json_document, json_document_release);

/* Say that a value is not as it should be: -EINVAL and "NAME: PATH is WORDS". */
int json_complain(const struct json_value *value, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "NAME: PATH" in front of what is recorded. Returns `code`. */
int json_prefix(const struct json_value *value, int code, struct error *err);

/*
 * Members of an object. 1 and *ret, 0 when it is absent or null; -EINVAL when it is of another
 * type, or `object` is not an object. Strings are good as long as the document.
 */
int json_get_string(const struct json_value *object, const char *key, const char **ret,
		    struct error *err);
int json_get_i64(const struct json_value *object, const char *key, int64_t *ret, struct error *err);
int json_get_bool(const struct json_value *object, const char *key, bool *ret, struct error *err);
int json_get_object(const struct json_value *object, const char *key, struct json_value *ret,
		    struct error *err);
int json_get_array(const struct json_value *object, const char *key, struct json_value *ret,
		   struct error *err);
/* An array of strings; the keys of an object; an object of strings. Added to what is there. */
int json_get_strings(const struct json_value *object, const char *key, struct strings *ret,
		     struct error *err);
int json_get_keys(const struct json_value *object, const char *key, struct strings *ret,
		  struct error *err);
int json_get_map(const struct json_value *object, const char *key, struct string_map *ret,
		 struct error *err);

/* The same, but absence is -EINVAL as well; 0 and *ret. */
int json_need_string(const struct json_value *object, const char *key, const char **ret,
		     struct error *err);
/* A number that is not below zero. */
int json_need_u64(const struct json_value *object, const char *key, uint64_t *ret,
		  struct error *err);
int json_need_object(const struct json_value *object, const char *key, struct json_value *ret,
		     struct error *err);
int json_need_array(const struct json_value *object, const char *key, struct json_value *ret,
		    struct error *err);

size_t json_array_length(const struct json_value *array);
/* `index` is below the length. */
void json_array_item(const struct json_value *array, size_t index, struct json_value *ret);
/* The value itself. */
int json_string_of(const struct json_value *value, const char **ret, struct error *err);
/* A number that is not below zero. */
int json_u64_of(const struct json_value *value, uint64_t *ret, struct error *err);

/* An object with the members of `object` that are not in `known` (ended by NULL), for its owner
 * to release; NULL when there are none. */
struct json_t *json_others(const struct json_value *object, const char *const *known);
void json_others_release(struct json_t *others);
struct json_t *json_others_ref(struct json_t *others);
/* Others, which are given up (NULL: none), with one member more: what `text`, of our own, says. */
struct json_t *json_others_with(struct json_t *others, const char *key, const struct buf *text);

/*
 * Writing: no blanks, members in the order of the calls, strings escaped as Go does it (also
 * "<", ">" and "&"), bytes that are not UTF-8 as U+FFFD.
 */
struct json_writer {
	struct buf *out;
	bool comma; /* the next member or item needs one in front */
};

void json_begin(struct json_writer *writer, const char *key, char bracket);
void json_end(struct json_writer *writer, char bracket);
/* `key` NULL inside an array. */
void json_put_string(struct json_writer *writer, const char *key, const char *value);
void json_put_i64(struct json_writer *writer, const char *key, int64_t value);
void json_put_true(struct json_writer *writer, const char *key);
void json_put_strings(struct json_writer *writer, const char *key, const struct strings *list);
/* {"a":{},"b":{}}, sorted. */
void json_put_keys(struct json_writer *writer, const char *key, const struct strings *list);
void json_put_map(struct json_writer *writer, const char *key, const struct string_map *map);
/* One member of what json_others() returned. */
void json_put_other(struct json_writer *writer, const char *key, struct json_t *value);
/* Every one of them, in their order. */
void json_put_others(struct json_writer *writer, struct json_t *others);
struct json_t *json_others_get(struct json_t *others, const char *key);
/* Step through them: the next key behind `key` (NULL: the first), NULL at the end. */
const char *json_others_next(struct json_t *others, const char *key, struct json_t **ret);
