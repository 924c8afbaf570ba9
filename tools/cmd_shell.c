/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "builder/build/limits.h"
#include "builder/build/secrets.h"
#include "builder/step/shell.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "tools/access.h"
#include "tools/environment.h"
#include "tools/output.h"
#include "tools/terminal.h"

static const char *const networks[] = { "default", "none", "host", NULL };

struct shell_options {
	struct strings allow, env, resources, secrets, ssh, ulimits;
	uint64_t shm_size;
	const char *network, *user, *workdir;
	bool no_tty;
};

#define FLAG(field) OPTION_AT(struct shell_options, field)

static const struct option_spec options[] = {
	{ .name = "allow",
	  .flags = OPTION_COMMAS,
	  FLAG(allow),
	  .value = "right",
	  .help = "Allow what the step had: security.insecure" },
	{ .name = "env",
	  .letter = 'e',
	  FLAG(env),
	  .value = "name[=value]",
	  .help = "A variable more; without a value, that of the environment" },
	{ .name = "network",
	  FLAG(network),
	  .choices = networks,
	  .value = "mode",
	  .help = "The network, in place of the step's" },
	{ .name = "no-tty",
	  .letter = 'T',
	  FLAG(no_tty),
	  .help = "Pipes, also where there is a terminal" },
	{ .name = "resource",
	  FLAG(resources),
	  .value = "name=value",
	  .help = "A limit of all its processes together, such as memory=2g or cpu-quota=150000" },
	{ .name = "secret",
	  FLAG(secrets),
	  .value = "id=…",
	  .help = "A secret that the step had mounted: id=ID[,src=FILE|,env=NAME]" },
	{ .name = "shm-size",
	  .flags = OPTION_BYTES,
	  FLAG(shm_size),
	  .help = "Size of /dev/shm (default 64m)" },
	{ .name = "ssh",
	  FLAG(ssh),
	  .value = "id[=socket]",
	  .help = "An ssh agent that the step had; 'default' is your own" },
	{ .name = "ulimit",
	  FLAG(ulimits),
	  .value = "name=n[:n]",
	  .help = "A limit of each process, such as nofile=1024" },
	{ .name = "user",
	  .letter = 'u',
	  FLAG(user),
	  .value = "user[:group]",
	  .help = "Whom to be, in place of the step's user" },
	{ .name = "workdir",
	  .letter = 'w',
	  FLAG(workdir),
	  .value = "path",
	  .help = "Where to begin, in place of the step's directory" },
	{ 0 },
};

/* What lives as long as the shell. */
struct calling {
	struct step_env env;
	struct secrets secrets;
	struct ssh_agents agents;
	struct group_limits limits;
	struct spec_ulimit *ulimits;
	struct strings argv, extra_env;
	struct step_note note;
	struct address address;
};

static void calling_release(struct calling *calling)
{
	step_env_release(&calling->env);
	secrets_release(&calling->secrets);
	ssh_agents_release(&calling->agents);
	group_limits_release(&calling->limits);
	free(calling->ulimits);
	strings_release(&calling->argv);
	strings_release(&calling->extra_env);
	step_note_release(&calling->note);
	address_release(&calling->address);
}
DEFINE_CLEANUP_VALUE(struct calling, calling_release);

static void warn(void *context, const char *text)
{
	(void)context;
	output_warn("%s", text);
}

static void fill_env(const struct shell_options *given, bool terminal, struct strings *ret)
{
	const char *term = environment_variable("TERM");

	if (terminal && term)
		strings_add_format(ret, "TERM=%s", term);
	for (size_t i = 0; i < given->env.count; i++) {
		const char *item = given->env.items[i], *value = NULL;

		if (!strchr(item, '='))
			value = environment_variable(item);
		if (value)
			strings_add_format(ret, "%s=%s", item, value);
		else if (strchr(item, '='))
			strings_add(ret, item);
	}
}

static int read_options(const struct invocation *call, struct calling *calling, struct shell *shell,
			struct error *err)
{
	const struct shell_options *given = call->options;
	struct step_env *env = &calling->env;
	int r = secrets_read(&given->secrets, &calling->secrets, err);

	if (r == 0)
		r = ssh_agents_find(&given->ssh, &calling->agents, err);
	if (r == 0)
		r = resources_parse(&given->resources, &calling->limits, err);
	if (r == 0)
		r = ulimits_parse(&given->ulimits, &calling->ulimits, &env->ulimit_count, err);
	if (r < 0)
		return r;
	env->secrets = calling->secrets.items;
	env->secret_count = calling->secrets.count;
	env->agents = calling->agents.items;
	env->agent_count = calling->agents.count;
	env->limits = &calling->limits;
	env->ulimits = calling->ulimits;
	env->shm_size = given->shm_size;
	env->allow_insecure = strings_contain(&given->allow, "security.insecure");
	env->allow_host_network = true; /* only --network asks for it here */
	env->open_files = fd_limit_raise();
	env->build_label = "a shell";
	env->warn = warn;
	shell->env = env;
	shell->user = given->user;
	shell->cwd = given->workdir;
	shell->network_given = given->network != NULL;
	if (given->network)
		shell->network = strcmp(given->network, "none") == 0   ? RUN_NETWORK_NONE
				 : strcmp(given->network, "host") == 0 ? RUN_NETWORK_HOST
								       : RUN_NETWORK_DEFAULT;
	for (size_t i = 1; i < call->operand_count; i++)
		strings_add(&calling->argv, call->operands[i]);
	shell->argv = &calling->argv;
	fill_env(given, shell->terminal, &calling->extra_env);
	shell->extra_env = &calling->extra_env;
	return 0;
}

static int find_state(struct store *store, const char *name, struct calling *calling,
		      struct shell *shell, struct error *err)
{
	struct error why = { 0 };
	int r = access_state(store, name, &calling->address, err);

	if (r < 0)
		return r;
	shell->state = calling->address.snapshot;
	if (calling->address.untouched)
		output_warn("'%s' failed before anything ran in it: this is the state before",
			    name);
	r = step_note_read(store, &shell->state, &calling->note, &why);
	if (r < 0)
		output_warn("%s; the mounts of the step are left out", why.text);
	shell->note = r > 0 ? &calling->note : NULL;
	return 0;
}

static int run_shell(const struct invocation *call, struct shell *shell, struct error *err)
{
	cleanup_with(strings_release) struct strings failures = { 0 };
	int r, status = 0;

	shell->failures = &failures;
	if (shell->terminal && call->operand_count == 1)
		(void)dprintf(shell->err_fd,
			      "A throw-away copy of '%s'; what is written goes with it.\n",
			      call->operands[0]);
	r = shell->terminal ? terminal_make_raw(shell->in_fd, err) : 0;
	if (r == 0)
		r = shell_run(shell, &status, err);
	terminal_restore();
	for (size_t i = 0; i < failures.count; i++)
		output_warn("%s", failures.items[i]);
	return r < 0 ? r : status;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct shell_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	cleanup_with(calling_release) struct calling calling = { 0 };
	struct shell shell = { .in_fd = STDIN_FILENO,
			       .out_fd = STDOUT_FILENO,
			       .err_fd = STDERR_FILENO };
	int r;

	step_env_init(&calling.env);
	shell.terminal = !given->no_tty && isatty(shell.in_fd) && isatty(shell.out_fd);
	r = access_store(call, 0, &store, err);
	if (r == 0)
		r = store_lease_begin(store, &lease, err);
	calling.env.store = store;
	calling.env.lease = lease;
	if (r == 0)
		r = find_state(store, call->operands[0], &calling, &shell, err);
	if (r == 0)
		r = terminal_catch_signals(&shell.signal_fd, &calling.env.cancel_fd, err);
	if (r == 0)
		r = read_options(call, &calling, &shell, err);
	return r < 0 ? r : run_shell(call, &shell, err);
}

const struct verb verb_shell = {
	.name = "shell",
	.summary = "Work in a state as the step that left it did",
	.operands = "STATE [COMMAND [ARGUMENT...]]",
	.description =
		"On a throw-away copy of the state, as the step's user, with its environment, its\n"
		"directory, and of a RUN its mounts: 'varve shell last-failed'. Without a command, the\n"
		"shell of the state. Put '--' before a command that has options.\n"
		"\n"
		"Exits as the command does, or with 128 and the number of the signal that ended it.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct shell_options),
	.min_operands = 1,
	.max_operands = VERB_ANY_COUNT,
	.run = run,
};
