/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as JSON, by libyaml. Plain scalars are null, truth values and numbers as YAML 1.2 has them;
 * all others are strings. An alias is what its anchor stands for; "<<" fills in what a mapping does
 * not say itself.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/error.h"
#include "tools/bake/bake_internal.h"

#ifdef HAVE_YAML
#	include <yaml.h>

#	include "fs/base/parse.h"

#	define DEPTH_MAX   64
#	define ANCHORS_MAX 1024
/* Values that a document may come to, each alias counted as all that it stands for. */
#	define VALUES_MAX ((size_t)1 << 18)

struct level {
	json_t *value;
	char *key;     /* of a mapping, between it and its value; NULL */
	char *anchor;  /* its name; NULL */
	size_t before; /* how many values there were when it began */
};

struct reading {
	struct level levels[DEPTH_MAX];
	size_t depth;
	json_t *root;
	json_t *anchors; /* name -> value */
	json_t *weights; /* name -> how many values it comes to, once it has ended */
	size_t values;
	struct error *err;
	unsigned line;
};

static int fail(struct reading *reading, int code, const char *words)
{
	return error_set(reading->err, code, "line %u: %s", reading->line, words);
}

/* ---- scalars ---- */

static json_t *plain(const char *text)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL" };
	static const char *const yes[] = { "true", "True", "TRUE" };
	static const char *const no[] = { "false", "False", "FALSE" };
	int64_t number;

	for (size_t i = 0; i < 5; i++) {
		if (strcmp(text, nothing[i]) == 0)
			return json_null();
	}
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(text, yes[i]) == 0)
			return json_true();
		if (strcmp(text, no[i]) == 0)
			return json_false();
	}
	/* "010" and "1.10" are kept as they are written: here they are most often versions. */
	if ((text[0] != '0' || !text[1]) && parse_i64(text, &number) == 0)
		return json_integer(number);
	return json_string(text);
}

static json_t *scalar(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.plain_implicit)
		return plain(text);
	return json_stringn(text, event->data.scalar.length);
}

/* ---- where values go ---- */

static int count(struct reading *reading, size_t more)
{
	reading->values += more;
	return reading->values > VALUES_MAX ? fail(reading, -E2BIG, "too many values") : 0;
}

static void fill_in(json_t *mapping, const json_t *other)
{
	if (json_is_object(other))
		(void)json_object_update_missing(mapping, (json_t *)(uintptr_t)other);
}

static void put_member(struct level *level, json_t *value)
{
	json_t *item;
	size_t i;

	if (strcmp(level->key, "<<") != 0)
		(void)json_object_set(level->value, level->key, value);
	else if (json_is_array(value))
		json_array_foreach(value, i, item) fill_in(level->value, item);
	else
		fill_in(level->value, value);
	free(level->key);
	level->key = NULL;
}

/* Takes the reference. */
static int put(struct reading *reading, json_t *value)
{
	struct level *level = reading->depth ? &reading->levels[reading->depth - 1] : NULL;
	int r = 0;

	if (!value)
		return fail(reading, -EINVAL, "that is not UTF-8");
	if (!level) {
		json_decref(reading->root);
		reading->root = json_incref(value);
	} else if (json_is_array(level->value)) {
		(void)json_array_append(level->value, value);
	} else if (level->key) {
		put_member(level, value);
	} else {
		r = fail(reading, -EINVAL, "a key has to be a word");
	}
	json_decref(value);
	return r;
}

static int name_anchor(struct reading *reading, const yaml_char_t *anchor, json_t *value)
{
	if (!anchor || !value)
		return 0;
	if (json_object_size(reading->anchors) == ANCHORS_MAX)
		return fail(reading, -E2BIG, "too many anchors");
	(void)json_object_set(reading->anchors, (const char *)anchor, value);
	(void)json_object_set_new(reading->weights, (const char *)anchor, json_integer(1));
	return 0;
}

/* ---- events ---- */

static bool wants_key(const struct reading *reading)
{
	const struct level *level = &reading->levels[reading->depth ? reading->depth - 1 : 0];

	return reading->depth && json_is_object(level->value) && !level->key;
}

static int take_scalar(struct reading *reading, const yaml_event_t *event)
{
	json_t *value;
	int r;

	if (wants_key(reading)) {
		struct level *level = &reading->levels[reading->depth - 1];

		level->key = strdup((const char *)event->data.scalar.value);
		return level->key ? 0 : -ENOMEM;
	}
	value = scalar(event);
	r = name_anchor(reading, event->data.scalar.anchor, value);
	if (r == 0)
		r = count(reading, 1);
	if (r == 0)
		return put(reading, value);
	json_decref(value);
	return r;
}

static int begin(struct reading *reading, json_t *value, const yaml_char_t *anchor)
{
	int r = name_anchor(reading, anchor, value);

	if (r == 0 && reading->depth == DEPTH_MAX)
		r = fail(reading, -E2BIG, "nested too deeply");
	if (r == 0 && wants_key(reading))
		r = fail(reading, -EINVAL, "a key has to be a word");
	if (r < 0) {
		json_decref(value);
		return r;
	}
	reading->levels[reading->depth++] =
		(struct level){ .value = value,
				.anchor = anchor ? strdup((const char *)anchor) : NULL,
				.before = reading->values };
	return count(reading, 1);
}

static int end(struct reading *reading)
{
	struct level *level = &reading->levels[--reading->depth];
	json_t *value = level->value;

	if (level->anchor)
		(void)json_object_set_new(
			reading->weights, level->anchor,
			json_integer((json_int_t)(reading->values - level->before)));
	free(level->anchor);
	*level = (struct level){ 0 };
	return put(reading, value);
}

static int take_alias(struct reading *reading, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	json_t *value = json_object_get(reading->anchors, name);
	json_int_t weight = json_integer_value(json_object_get(reading->weights, name));
	int r;

	if (!value)
		return fail(reading, -EINVAL, "an alias without its anchor");
	for (size_t i = 0; i < reading->depth; i++) {
		if (reading->levels[i].value == value)
			return fail(reading, -ELOOP, "an alias of what it stands in");
	}
	r = count(reading, (size_t)weight);
	/* Of its own at the top, as merge keys fill in what is there. */
	return r < 0 ? r : put(reading, json_copy(value));
}

static int take(struct reading *reading, const yaml_event_t *event)
{
	reading->line = (unsigned)event->start_mark.line + 1;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(reading, event);
	case YAML_SEQUENCE_START_EVENT:
		return begin(reading, json_array(), event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return begin(reading, json_object(), event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(reading);
	case YAML_ALIAS_EVENT:
		return take_alias(reading, event);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

static int read_document(yaml_parser_t *parser, struct reading *reading)
{
	for (;;) {
		yaml_event_t event;
		bool last;
		int r;

		if (!yaml_parser_parse(parser, &event))
			return error_set(reading->err, -EINVAL, "line %zu: %s",
					 parser->problem_mark.line + 1,
					 parser->problem ? parser->problem : "out of memory");
		r = take(reading, &event);
		last = event.type == YAML_DOCUMENT_END_EVENT || event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (r < 0 || last)
			return r;
	}
}

int yaml_read(const char *text, size_t size, json_t **ret, struct error *err)
{
	struct reading reading = { .anchors = json_object(), .weights = json_object(), .err = err };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser)) {
		json_decref(reading.anchors);
		json_decref(reading.weights);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	r = read_document(&parser, &reading);
	yaml_parser_delete(&parser);
	for (size_t i = 0; i < reading.depth; i++) {
		json_decref(reading.levels[i].value);
		free(reading.levels[i].key);
		free(reading.levels[i].anchor);
	}
	json_decref(reading.anchors);
	json_decref(reading.weights);
	if (r < 0)
		json_decref(reading.root);
	else
		*ret = reading.root ? reading.root : json_null();
	return r;
}

#else

int yaml_read(const char *text, size_t size, json_t **ret, struct error *err)
{
	(void)text;
	(void)size;
	(void)ret;
	return error_set(err, -EOPNOTSUPP,
			 "varve was compiled without libyaml, which reads YAML: 'docker compose "
			 "config --format json' writes the same as JSON");
}

#endif
