/* SPDX-License-Identifier: Apache-2.0 */
/* RUN */
#include <errno.h>
#include <stdlib.h>

#include "builder/dockerfile/run_script.h"
#include "builder/plan/label.h"
#include "builder/plan/lint.h"
#include "builder/plan/lower/lower_internal.h"
#include "builder/plan/outline.h"
#include "builder/plan/scope/build_args.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"

/* ---- the command ---- */

/* The command behind the shell, or alone. */
static void make_argv(struct lowering *lowering, const char *script, struct strings *ret)
{
	const struct command_line *command = &lowering->instruction->run.command;
	const struct words *shell = &lowering->scope->shell;

	for (size_t i = 0; !command->exec_form && i < shell->count; i++)
		strings_add(ret, shell->items[i]);
	if (script) {
		strings_add(ret, script);
		return;
	}
	for (size_t i = 0; i < command->args.count; i++)
		strings_add(ret, command->args.items[i]);
	if (!command->exec_form && command->args.count == 0)
		strings_add(ret, "");
}

static int set_command(struct lowering *lowering, struct run_work *run)
{
	struct plan_memory *memory = lowering->planning->memory;
	cleanup_with(run_script_release) struct run_script script = { 0 };
	cleanup_with(strings_release) struct strings argv = { 0 };
	cleanup_free char *path = NULL;
	int r = run_script_make(&lowering->instruction->run.command, &script, lowering->err);

	if (r < 0)
		return r;
	if (script.kind == RUN_SCRIPT_FILE) {
		path = xasprintf(RUN_SCRIPT_DIRECTORY "/%s", script.name);
		run->script_path = plan_memory_string(memory, path);
		run->script = plan_memory_copy(memory, script.text, script.size);
		run->script_size = script.size;
	}
	make_argv(lowering, path ? path : script.text, &argv);
	if (argv.count == 0)
		return error_set(lowering->err, -EINVAL, "arguments are required");
	run->argv = plan_memory_strings(memory, &argv);
	return 0;
}

/* ---- mounts ---- */

static char *keep(struct plan_memory *memory, const char *s)
{
	return s ? plan_memory_string(memory, s) : NULL;
}

static struct run_mount keep_mount(struct plan_memory *memory, const struct run_mount *mount)
{
	struct run_mount kept = *mount;

	kept.from = keep(memory, mount->from);
	kept.source = keep(memory, mount->source);
	kept.target = keep(memory, mount->target);
	kept.id = keep(memory, mount->id);
	kept.env = keep(memory, mount->env);
	return kept;
}

static struct source source_of_mount(struct lowering *lowering, const struct run_mount *mount,
				     const struct origin_use *use)
{
	if (mount->type != RUN_MOUNT_BIND && mount->type != RUN_MOUNT_CACHE)
		return (struct source){ .kind = SOURCE_EMPTY };
	if (use->from)
		return lower_source(lowering, &use->origin);
	return (struct source){ .kind = mount->type == RUN_MOUNT_BIND ? SOURCE_CONTEXT
								      : SOURCE_EMPTY };
}

static void require(struct lowering *lowering, const struct run_mount *mount)
{
	struct plan *plan = lowering->planning->plan;
	bool secret = mount->type == RUN_MOUNT_SECRET;
	struct strings *list = secret ? &plan->required_secrets : &plan->required_ssh;
	struct outline_item note = { .kind = secret ? OUTLINE_SECRET : OUTLINE_SSH,
				     .name = mount->id,
				     .value = "",
				     .required = mount->required,
				     .where = lowering->instruction->statement->where };

	outline_note(lowering->planning, &note);
	if (mount->required && !strings_contain(list, mount->id))
		strings_add(list, mount->id);
}

static int set_mount(struct lowering *lowering, const struct run_mount *mount, const char *row,
		     struct run_work_mount *ret)
{
	struct planning *planning = lowering->planning;
	struct origin_use use = origin_use_of_row(planning->memory, row);
	int r = 0;

	if (use.from)
		r = origin_of_from(planning, lowering->work->stage->index, &use, lowering->err);
	if (r < 0)
		return r;
	ret->mount = keep_mount(planning->memory, mount);
	ret->source = source_of_mount(lowering, mount, &use);
	if (mount->type == RUN_MOUNT_CACHE)
		ret->mount.id = keep(planning->memory, planning_cache_id(planning, mount->id));
	else if (mount->type == RUN_MOUNT_SECRET || mount->type == RUN_MOUNT_SSH)
		require(lowering, &ret->mount);
	return 0;
}

/* Those with files first; of the others the order only matters among each other. */
static int rank(enum run_mount_type type)
{
	return type == RUN_MOUNT_SSH ? 2 : type == RUN_MOUNT_SECRET ? 1 : 0;
}

struct sorted_mount {
	struct run_work_mount mount;
	size_t row;
};

/* A mount comes behind those that it lies in, however they are written. */
static int compare_mounts(const void *a, const void *b)
{
	const struct sorted_mount *left = a, *right = b;
	int order = rank(left->mount.mount.type) - rank(right->mount.mount.type);

	if (order == 0 && rank(left->mount.mount.type) == 0)
		order = strcmp(left->mount.mount.target, right->mount.mount.target);
	if (order == 0)
		order = left->row < right->row ? -1 : left->row > right->row;
	return order;
}

static int set_mounts(struct lowering *lowering, const struct run_mounts *mounts,
		      struct run_work *run)
{
	const struct words *rows = &lowering->instruction->run.mounts;
	cleanup_free struct sorted_mount *sorted = xcalloc(mounts->count, sizeof *sorted);
	int r = 0;

	for (size_t i = 0; i < mounts->count && r == 0; i++) {
		sorted[i].row = i;
		r = set_mount(lowering, &mounts->items[i], rows->items[i], &sorted[i].mount);
	}
	if (r < 0)
		return r;
	qsort(sorted, mounts->count, sizeof *sorted, compare_mounts);
	run->mounts =
		plan_memory_array(lowering->planning->memory, mounts->count, sizeof *run->mounts);
	run->mount_count = mounts->count;
	for (size_t i = 0; i < mounts->count; i++)
		run->mounts[i] = sorted[i].mount;
	return 0;
}

/* ---- the rest of it ---- */

static const struct run_mount *first_agent(const struct run_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->items[i].type == RUN_MOUNT_SSH)
			return &mounts->items[i];
	}
	return NULL;
}

static void set_env(struct lowering *lowering, const struct run_mounts *mounts,
		    struct run_work *run)
{
	struct plan_memory *memory = lowering->planning->memory;
	const struct strings *env = scope_env(lowering->scope);
	const struct run_mount *agent = first_agent(mounts);
	cleanup_with(strings_release) struct strings proxies = { 0 };
	cleanup_with(strings_release) struct strings with_agent = { 0 };

	run->env = *env;
	if (agent && !variables_contain(&lowering->scope->env, "SSH_AUTH_SOCK")) {
		strings_add_all(&with_agent, env);
		strings_add_format(&with_agent, "SSH_AUTH_SOCK=%s", agent->target);
		run->env = plan_memory_strings(memory, &with_agent);
	}
	build_args_proxies(lowering->planning->options->build_args, &lowering->scope->args,
			   &proxies);
	if (proxies.count)
		run->hidden_env = plan_memory_strings(memory, &proxies);
}

static enum run_network network_of(const struct lowering *lowering)
{
	const struct plan_options *options = lowering->planning->options;

	if (lowering->instruction->run.network != RUN_NETWORK_DEFAULT)
		return lowering->instruction->run.network;
	if (options->network_none)
		return RUN_NETWORK_NONE;
	return options->network_host ? RUN_NETWORK_HOST : RUN_NETWORK_DEFAULT;
}

/* A device that is asked for but can be done without is done without. */
static int check_devices(struct lowering *lowering)
{
	const struct run_instruction *run = &lowering->instruction->run;

	for (size_t i = 0; i < run->device_count; i++) {
		const struct run_device *device = &run->devices[i];

		if (device->required)
			return error_set(lowering->err, -EOPNOTSUPP,
					 "device '%s' cannot be given to a step: devices of RUN "
					 "--device are not supported; leave out 'required' to do "
					 "without it",
					 device->name);
		lint_remark(lowering->planning->lint, lowering->instruction->statement->where,
			    "RUN --device=%s: devices are not supported, the step does without "
			    "it",
			    device->name);
	}
	return 0;
}

static int parse_mounts(struct lowering *lowering, struct run_mounts *ret)
{
	struct expander expander = { .escape = lowering->scope->escape,
				     .env = scope_expand_env(lowering->scope),
				     .missing = lowering->scope->missing };

	return run_mounts_parse(&lowering->instruction->run.mounts, &expander, lowering->scope->cwd,
				ret, lowering->err);
}

static void add_inputs(struct vertex *vertex, const struct run_work *run)
{
	for (size_t i = 0; i < run->mount_count; i++) {
		if (run->mounts[i].source.kind == SOURCE_VERTEX)
			lower_add_input(vertex, run->mounts[i].source.vertex);
	}
}

/* What it does is known: make a vertex of it. */
static void finish(struct lowering *lowering, const struct run_mounts *mounts,
		   const struct run_work *run)
{
	struct buf command = { 0 };
	struct vertex *vertex;
	struct config_record record = { .suffix = " # buildkit" };

	label_command(lowering, mounts, &command);
	vertex = lower_vertex(lowering, VERTEX_RUN, &command, run->mount_count);
	vertex->run = *run;
	vertex->no_cache = lowering->work->no_cache;
	add_inputs(vertex, run);
	record.created_by = scope_run_prefix(lowering->scope);
	record.argv = &vertex->run.argv;
	record.created = lowering->planning->plan->created;
	lower_advance(lowering, vertex, &record);
}

int lower_run(struct lowering *lowering)
{
	const struct scope *scope = lowering->scope;
	struct run_work run = { .cwd = scope->cwd,
				.user = scope->user,
				.network = network_of(lowering),
				.security = lowering->instruction->run.security,
				.hostname = lowering->planning->hostname };
	struct run_mounts mounts = { 0 };
	int r = check_devices(lowering);

	if (r == 0)
		r = set_command(lowering, &run);
	if (r == 0)
		r = parse_mounts(lowering, &mounts);
	if (r < 0)
		return r;
	r = set_mounts(lowering, &mounts, &run);
	if (r == 0) {
		set_env(lowering, &mounts, &run);
		finish(lowering, &mounts, &run);
	}
	run_mounts_release(&mounts);
	return r;
}
