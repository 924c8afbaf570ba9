/* SPDX-License-Identifier: Apache-2.0 */
/* Values in the place of variables, and targets in the place of matrices. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "builder/image/platform.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "tools/bake/bake.h"
#include "tools/bake/field.h"
#include "tools/bake/template.h"

/* ---- variables ---- */

/* What the user says a variable is; NULL: nothing. */
static const char *given(const struct strings *values, const char *name)
{
	const char *value = values ? strings_env_get(values, name) : NULL;

	return value ? value : getenv(name); /* NOLINT(concurrency-mt-unsafe) */
}

static json_t *built_in(void)
{
	struct platform host = platform_host();
	char text[PLATFORM_TEXT_MAX];
	json_t *known = json_object();

	platform_format(&host, text);
	(void)json_object_set_new(known, "BAKE_LOCAL_PLATFORM", json_string(text));
	(void)json_object_set_new(known, "BAKE_CMD_CONTEXT", json_string("cwd://"));
	return known;
}

/* One may be made of others: each round finds those that are made of what is known. */
static int evaluate_variables(const json_t *variables, const struct strings *values, json_t **ret,
			      struct error *err)
{
	json_t *known = built_in(), *value;
	size_t left, before = SIZE_MAX;
	const char *name;

	do {
		struct template_scope scope = { .outer = known };

		left = 0;
		json_object_foreach((json_t *)(uintptr_t)variables, name, value)
		{
			const char *text = given(values, name);
			json_t *result = NULL;
			int r = 0;

			if (json_object_get(known, name))
				continue;
			if (text)
				result = json_string(text);
			else if (json_is_null(value))
				result = json_string("");
			else
				r = template_expand_all(value, &scope, &result, err);
			left += r < 0;
			if (r == 0)
				(void)json_object_set_new(known, name, result);
			else if (r != -ENOENT || left == before) {
				json_decref(known);
				return error_prefix(err, r, "variable '%s'", name);
			}
		}
		/* A round that finds nothing new ends with an error above. */
		before = left;
	} while (left);
	*ret = known;
	return 0;
}

/* ---- targets ---- */

static bool name_is_good(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return false;
	}
	return *name != '\0';
}

static int add_target(struct bake *out, const char *name, const json_t *fields,
		      const struct template_scope *scope, struct error *err)
{
	json_t *target = json_object(), *value, *expanded = NULL, *normal = NULL;
	const char *key;
	int r = 0;

	if (json_object_get(out->targets, name))
		r = error_set(err, -EINVAL, "there are two of that name");
	if (r == 0 && json_object_size(out->targets) == BAKE_NAMES_MAX)
		r = error_set(err, -E2BIG, "more than %d targets", BAKE_NAMES_MAX);
	json_object_foreach((json_t *)(uintptr_t)fields, key, value)
	{
		const struct field *field = field_find(key);

		if (!field || r < 0)
			continue;
		r = template_expand_all(value, scope, &expanded, err);
		if (r < 0)
			continue;
		r = json_is_null(expanded) ? 1 : field_normalize(field, expanded, &normal, err);
		json_decref(expanded);
		if (r == 0)
			(void)json_object_set_new(target, key, normal);
		r = r > 0 ? 0 : r;
	}
	if (r == 0)
		(void)json_object_set_new(out->targets, name, target);
	else
		json_decref(target);
	return r < 0 ? error_prefix(err, r, "target '%s'", name) : 0;
}

/* ---- matrices ---- */

struct matrix {
	const char *target;
	const json_t *fields, *variables;
	json_t *axes; /* name -> list of values */
};

/* The values of one combination; false behind the last. */
static bool choose(const json_t *axes, size_t number, json_t *ret)
{
	json_t *values;
	const char *name;

	json_object_clear(ret);
	json_object_foreach((json_t *)(uintptr_t)axes, name, values)
	{
		size_t count = json_array_size(values);

		(void)json_object_set(ret, name, json_array_get(values, number % count));
		number /= count;
	}
	return number == 0;
}

static int check_axes(const struct matrix *matrix, struct error *err)
{
	const char *name;
	json_t *values;
	size_t total = 1;

	if (!json_is_object(matrix->axes) || !json_object_size(matrix->axes))
		return error_set(err, -EINVAL, "matrix is no object with lists");
	if (!json_is_string(json_object_get(matrix->fields, "name")))
		return error_set(err, -EINVAL,
				 "a matrix needs a 'name' that tells its targets "
				 "apart");
	json_object_foreach(matrix->axes, name, values)
	{
		if (!json_is_array(values) || !json_array_size(values))
			return error_set(err, -EINVAL, "matrix.%s is no list with values", name);
		total *= json_array_size(values);
		if (total > BAKE_NAMES_MAX)
			return error_set(err, -E2BIG, "more than %d targets", BAKE_NAMES_MAX);
	}
	return 0;
}

/* A target for each combination, and a group of them all under the matrix's own name. */
static int spread(const struct matrix *matrix, struct bake *out, struct error *err)
{
	const char *template = json_string_value(json_object_get(matrix->fields, "name"));
	json_t *values = json_object(), *group = json_array();
	struct template_scope scope = { values, matrix->variables };
	int r = 0;

	for (size_t i = 0; r == 0 && choose(matrix->axes, i, values); i++) {
		json_t *name = NULL;

		r = template_expand(template, &scope, &name, err);
		if (r == 0 && (!json_is_string(name) || !name_is_good(json_string_value(name))))
			r = error_set(err, -EINVAL,
				      "'%s' does not make a name of letters, digits, '_' and '-'",
				      template);
		if (r == 0)
			r = add_target(out, json_string_value(name), matrix->fields, &scope, err);
		if (r == 0)
			(void)json_array_append(group, name);
		json_decref(name);
	}
	json_decref(values);
	if (r == 0)
		(void)json_object_set_new(out->groups, matrix->target, group);
	else
		json_decref(group);
	return r;
}

static int spread_target(const char *name, const json_t *fields, const json_t *variables,
			 struct bake *out, struct error *err)
{
	struct template_scope scope = { .outer = variables };
	struct matrix matrix = { .target = name, .fields = fields, .variables = variables };
	const json_t *axes = json_object_get(fields, "matrix");
	int r;

	if (!axes)
		return add_target(out, name, fields, &scope, err);
	r = template_expand_all(axes, &scope, &matrix.axes, err);
	if (r == 0)
		r = check_axes(&matrix, err);
	if (r == 0)
		r = spread(&matrix, out, err);
	json_decref(matrix.axes);
	return r < 0 ? error_prefix(err, r, "target '%s'", name) : 0;
}

int bake_evaluate(struct bake *bake, const struct strings *values, struct error *err)
{
	struct template_scope scope = { 0 };
	json_t *variables = NULL, *fields, *groups = NULL;
	struct bake out = { 0 };
	const char *name;
	int r = evaluate_variables(bake->variables, values, &variables, err);

	if (r < 0)
		return r;
	scope.outer = variables;
	r = template_expand_all(bake->groups, &scope, &groups, err);
	out.targets = json_object();
	out.groups = groups ? json_incref(groups) : json_object();
	out.variables = json_incref(variables);
	json_object_foreach(bake->targets, name, fields)
	{
		if (r == 0)
			r = spread_target(name, fields, variables, &out, err);
	}
	json_decref(groups);
	json_decref(variables);
	if (r < 0) {
		bake_release(&out);
		return r;
	}
	bake_release(bake);
	*bake = out;
	return 0;
}
