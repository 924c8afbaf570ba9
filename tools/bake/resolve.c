/* SPDX-License-Identifier: Apache-2.0 */
/* From names to the targets behind them, with all that they inherit. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "tools/bake/bake.h"
#include "tools/bake/bake_internal.h"
#include "tools/bake/field.h"
#include "tools/suggest.h"

/* Steps that following names may take: what goes on longer goes round in circles. */
#define STEPS_MAX 65536

static int no_target(const struct bake *bake, const char *name, struct error *err)
{
	struct suggestion best;
	const char *other;
	json_t *value;

	suggestion_begin(&best, name, strlen(name));
	json_object_foreach(bake->targets, other, value) suggestion_offer(&best, other);
	json_object_foreach(bake->groups, other, value) suggestion_offer(&best, other);
	if (best.word)
		return error_set(err, -EINVAL, "there is no target '%s'; did you mean '%s'?", name,
				 best.word);
	return error_set(err, -EINVAL, "there is no target '%s'", name);
}

/* ---- groups ---- */

static void add_once(struct strings *list, const char *name)
{
	if (!strings_contain(list, name))
		strings_add(list, name);
}

/* All targets that the pattern fits. */
static bool add_matching(const struct bake *bake, const char *pattern, struct strings *ret)
{
	bool found = false;
	const char *name;
	json_t *value;

	if (!strpbrk(pattern, "*?["))
		return false;
	json_object_foreach(bake->targets, name, value)
	{
		if (fnmatch(pattern, name, 0) == 0) {
			add_once(ret, name);
			found = true;
		}
	}
	return found;
}

/* The targets of a name, which may be that of a group of groups. */
static int expand_name(const struct bake *bake, const char *name, struct strings *ret,
		       struct error *err)
{
	cleanup_with(strings_release) struct strings stack = { 0 }, seen = { 0 };

	strings_add(&stack, name);
	while (stack.count) {
		cleanup_free char *top = xstrdup(stack.items[stack.count - 1]);
		json_t *group = json_object_get(bake->groups, top);

		strings_remove(&stack, stack.count - 1);
		/* A group may be called like a target of it. */
		if (group && !strings_contain(&seen, top)) {
			strings_add(&seen, top);
			for (size_t i = json_array_size(group); i-- > 0;)
				strings_add(&stack, json_string_value(json_array_get(group, i)));
		} else if (json_object_get(bake->targets, top)) {
			add_once(ret, top);
		} else if (!group && !add_matching(bake, top, ret)) {
			return no_target(bake, top, err);
		}
	}
	return 0;
}

static int expand_names(const struct bake *bake, const struct strings *names, struct strings *ret,
			struct error *err)
{
	int r = 0;

	if (names->count == 0 && !json_object_get(bake->groups, "default") &&
	    !json_object_get(bake->targets, "default"))
		return error_set(err, -EINVAL,
				 "there is no target and no group 'default': say "
				 "which ones are to be built");
	if (names->count == 0)
		return expand_name(bake, "default", ret, err);
	for (size_t i = 0; i < names->count && r == 0; i++)
		r = expand_name(bake, names->items[i], ret, err);
	return r;
}

/* ---- inheritance ---- */

/* Those that a target is made of in the order in which they are put on top of each other. */
static int list_ancestors(const struct bake *bake, const char *name, struct strings *ret,
			  struct error *err)
{
	cleanup_with(strings_release) struct strings path = { 0 };
	cleanup_free size_t *next = xcalloc(BAKE_NAMES_MAX + 1, sizeof *next);

	strings_add(&path, name);
	for (size_t steps = 0; path.count; steps++) {
		size_t depth = path.count - 1;
		const char *top = path.items[depth];
		json_t *fields = json_object_get(bake->targets, top);
		json_t *parent = json_array_get(json_object_get(fields, "inherits"), next[depth]);

		if (steps == STEPS_MAX)
			return error_set(err, -E2BIG, "target '%s' inherits from too many", name);
		if (!fields)
			return no_target(bake, top, err);
		if (!parent) {
			strings_add(ret, top);
			strings_remove(&path, depth);
			continue;
		}
		if (strings_contain(&path, json_string_value(parent)))
			return error_set(err, -ELOOP, "target '%s' inherits from itself",
					 json_string_value(parent));
		next[depth]++;
		next[path.count] = 0;
		strings_add(&path, json_string_value(parent));
	}
	return 0;
}

static void set_default(json_t *target, const char *key, const char *value)
{
	const char *have = json_string_value(json_object_get(target, key));

	if (!have || !*have)
		(void)json_object_set_new(target, key, json_string(value));
}

/* In the order of the table, without what was only of use on the way. */
static json_t *in_order(const json_t *target)
{
	json_t *ret = json_object();

	for (const struct field *field = target_fields; field->name; field++) {
		json_t *value = json_object_get(target, field->name);

		if (value && strcmp(field->name, "inherits") != 0)
			(void)json_object_set(ret, field->name, value);
	}
	return ret;
}

static int resolve_target(const struct bake *bake, const char *name,
			  const struct strings *overrides, json_t **ret, struct error *err)
{
	cleanup_with(strings_release) struct strings parts = { 0 };
	json_t *target = json_object();
	int r = list_ancestors(bake, name, &parts, err);

	for (size_t i = 0; i < parts.count && r == 0; i++) {
		fields_merge(target, json_object_get(bake->targets, parts.items[i]));
		r = overrides_apply(overrides, parts.items[i], target, err);
	}
	set_default(target, "context", ".");
	set_default(target, "dockerfile", "Dockerfile");
	if (r == 0)
		*ret = in_order(target);
	json_decref(target);
	return r;
}

/* ---- what takes files from what ---- */

/* "target:NAME" among its contexts that is not in `done`: the first. */
static const char *first_helper(const json_t *target, const json_t *done)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(target, "contexts"), key, value)
	{
		const char *text = json_string_value(value);

		if (text && strncmp(text, "target:", 7) == 0 && !json_object_get(done, text + 7))
			return text + 7;
	}
	return NULL;
}

/* Put a target behind those that it needs. */
static int add_target(const struct bake *bake, const char *name, const struct strings *overrides,
		      json_t *done, struct error *err)
{
	cleanup_with(strings_release) struct strings path = { 0 };
	int r = 0;

	strings_add(&path, name);
	while (path.count && r == 0) {
		const char *top = path.items[path.count - 1], *helper;
		json_t *target = NULL;

		r = resolve_target(bake, top, overrides, &target, err);
		if (r < 0)
			break;
		helper = first_helper(target, done);
		if (!helper)
			(void)json_object_set(done, top, target);
		if (helper && strings_contain(&path, helper))
			r = error_set(err, -ELOOP, "target '%s' needs itself", helper);
		else if (helper)
			strings_add(&path, helper);
		else
			strings_remove(&path, path.count - 1);
		json_decref(target);
	}
	return r;
}

static json_t *groups_of(const struct strings *names, const struct strings *targets,
			 const struct bake *bake)
{
	json_t *groups = json_object(), *list = json_array();

	for (size_t i = 0; i < targets->count; i++)
		(void)json_array_append_new(list, json_string(targets->items[i]));
	for (size_t i = 0; i < names->count; i++) {
		json_t *group = json_object_get(bake->groups, names->items[i]);

		if (group)
			(void)json_object_set_new(groups, names->items[i],
						  json_pack("{sO}", "targets", group));
	}
	(void)json_object_set_new(groups, "default", json_pack("{so}", "targets", list));
	return groups;
}

int bake_resolve(const struct bake *bake, const struct strings *names,
		 const struct strings *overrides, struct strings *helpers, json_t **ret,
		 struct error *err)
{
	cleanup_with(strings_release) struct strings targets = { 0 };
	json_t *done = json_object(), *value;
	const char *name;
	int r = overrides_check(overrides, bake->targets, err);

	if (r == 0)
		r = expand_names(bake, names, &targets, err);
	for (size_t i = 0; i < targets.count && r == 0; i++) {
		if (!json_object_get(done, targets.items[i]))
			r = add_target(bake, targets.items[i], overrides, done, err);
	}
	if (r < 0) {
		json_decref(done);
		return r;
	}
	json_object_foreach(done, name, value)
	{
		if (!strings_contain(&targets, name))
			strings_add(helpers, name);
	}
	*ret = json_pack("{so,so}", "group", groups_of(names, &targets, bake), "target", done);
	return 0;
}
