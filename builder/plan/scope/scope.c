/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/scope/scope.h"

#include <errno.h>
#include <string.h>

#include "builder/image/config.h"
#include "builder/plan/memory.h"
#include "builder/plan/plan.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/path.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* They tell a scanner what to look at, and are nothing that a command sees. */
static const char *const not_in_env[] = { "BUILDKIT_SBOM_SCAN_CONTEXT",
					  "BUILDKIT_SBOM_SCAN_STAGE" };

static int refuse_many(int code, struct error *err)
{
	return error_set(err, code, "more than %d variables", PLAN_VARIABLES_MAX);
}

static void forget_lists(struct scope *scope)
{
	scope->env_list = (struct strings){ 0 };
	scope->run_prefix = NULL;
}

/* ---- beginning ---- */

static void set_default_shell(struct scope *scope)
{
	static const char *const items[] = { "/bin/sh", "-c", NULL };

	scope->shell = (struct words){ .items = items, .count = 2 };
}

static void set_shell(struct scope *scope, const struct strings *list)
{
	struct strings copy = plan_memory_strings(scope->memory, list);

	scope->shell =
		(struct words){ .items = (const char *const *)copy.items, .count = copy.count };
	scope->shell_given = true;
}

/* A variable without "=" counts as empty. */
static int take_image_env(struct scope *scope, const struct strings *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchrnul(env->items[i], '=');
		cleanup_free char *name = xstrndup(env->items[i], (size_t)(equals - env->items[i]));
		int r = variables_put(&scope->image_env, scope->memory, name,
				      *equals ? equals + 1 : "");

		if (r < 0)
			return r;
	}
	return 0;
}

/* Things that hold for the first line of every stage. */
static int begin(struct scope *scope, struct error *err)
{
	int r = 0;

	scope->cmd_given = false;
	if (!variables_contain(&scope->image_env, "PATH"))
		r = variables_put(&scope->image_env, scope->memory, "PATH", DEFAULT_PATH);
	if (r == 0)
		r = variables_set_all(&scope->env, scope->memory, &scope->image_env);
	forget_lists(scope);
	return r < 0 ? refuse_many(r, err) : 0;
}

int scope_begin(struct scope *scope, struct plan_memory *memory, char escape,
		const struct config *config, struct error *err)
{
	int r;

	*scope = (struct scope){ .memory = memory, .escape = escape, .cwd = "/" };
	scope->user = config->user ? plan_memory_string(memory, config->user) : "";
	set_default_shell(scope);
	if (config->shell.count)
		set_shell(scope, &config->shell);
	if (config->working_dir && *config->working_dir)
		scope_change_dir(scope, config->working_dir);
	r = take_image_env(scope, &config->env);
	return r < 0 ? refuse_many(r, err) : begin(scope, err);
}

int scope_inherit(struct scope *scope, struct scope *base, struct error *err)
{
	*scope = *base;
	scope->env = variables_share(&base->env);
	scope->image_env = variables_share(&base->image_env);
	scope->args = variables_share(&base->args);
	return begin(scope, err);
}

/* ---- variables ---- */

static const char *get(void *context, const char *name)
{
	const struct scope *scope = context;

	return variables_get(&scope->env, name);
}

struct expand_env scope_expand_env(const struct scope *scope)
{
	/* get() does not write to it. */
	union {
		const struct scope *scope;
		void *context;
	} pointer = { .scope = scope };

	return (struct expand_env){ .get = get, .context = pointer.context };
}

int scope_expand(const struct scope *scope, const char *word, unsigned flags, const char **ret,
		 struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct expander expander = { .escape = flags & EXPAND_NO_QUOTES ? '\\' : scope->escape,
				     .flags = flags,
				     .env = scope_expand_env(scope),
				     .missing = scope->missing };
	int r = expand_word(&expander, word, &text, err);

	if (r < 0)
		return r;
	*ret = plan_memory_take(scope->memory, &text);
	if (plan_memory_full(scope->memory))
		return error_set(err, -E2BIG, "variables make more than %zu MiB of text",
				 PLAN_TEXT_MAX >> 20);
	return 0;
}

int scope_expand_all(const struct scope *scope, const struct words *words, struct words *ret,
		     struct error *err)
{
	const char **items = plan_memory_array(scope->memory, words->count + 1, sizeof *items);

	for (size_t i = 0; i < words->count; i++) {
		int r = scope_expand(scope, words->items[i], 0, &items[i], err);

		if (r < 0)
			return r;
	}
	*ret = (struct words){ .items = items, .count = words->count };
	return 0;
}

int scope_set_env(struct scope *scope, const char *name, const char *value, struct error *err)
{
	int r = variables_set(&scope->env, scope->memory, name, value);

	if (r == 0)
		r = variables_put(&scope->image_env, scope->memory, name, value);
	forget_lists(scope);
	return r < 0 ? refuse_many(r, err) : 0;
}

bool scope_is_hidden(const char *name)
{
	for (size_t i = 0; i < sizeof not_in_env / sizeof *not_in_env; i++) {
		if (strcmp(not_in_env[i], name) == 0)
			return true;
	}
	return false;
}

int scope_declare(struct scope *scope, const char *name, const char *value, struct error *err)
{
	int r = 0;

	if (value && !scope_is_hidden(name))
		r = variables_set(&scope->env, scope->memory, name, value);
	if (r == 0)
		r = variables_put(&scope->args, scope->memory, name, value);
	forget_lists(scope);
	return r < 0 ? refuse_many(r, err) : 0;
}

const struct strings *scope_env(struct scope *scope)
{
	struct strings *list = &scope->env_list;

	if (list->items)
		return list;
	list->items = plan_memory_array(scope->memory, scope->env.count + 1, sizeof *list->items);
	list->count = scope->env.count;
	for (size_t i = 0; i < scope->env.count; i++)
		list->items[i] = scope->env.items[i].pair;
	return list;
}

const char *scope_run_prefix(struct scope *scope)
{
	struct buf text = { 0 };

	if (scope->run_prefix)
		return scope->run_prefix;
	buf_add_string(&text, "RUN ");
	if (scope->args.count)
		buf_add_format(&text, "|%zu ", scope->args.count);
	for (size_t i = 0; i < scope->args.count; i++) {
		const struct variable *arg = &scope->args.items[i];
		cleanup_free char *name = xstrndup(arg->pair, arg->name_length);
		const char *value = variables_get(&scope->env, name);

		if (!value)
			value = variable_value(arg);
		buf_add_format(&text, "%s=", name);
		buf_add_string(&text, value ? value : "");
		buf_add_char(&text, ' ');
	}
	return scope->run_prefix = plan_memory_take(scope->memory, &text);
}

/* ---- directories ---- */

char *scope_path(const struct scope *scope, const char *path)
{
	return path_join(scope->cwd, path);
}

/* An absolute path is kept as it is written, as BuildKit does. */
void scope_change_dir(struct scope *scope, const char *path)
{
	cleanup_free char *clean = scope_path(scope, path);

	scope->cwd = plan_memory_string(scope->memory, clean);
	scope->working_dir = path[0] == '/' ? plan_memory_string(scope->memory, path) : scope->cwd;
}
